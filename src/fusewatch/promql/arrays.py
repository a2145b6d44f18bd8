"""Array types beside those of :mod:`fusewatch.telemetry.samples`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
