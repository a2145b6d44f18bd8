from __future__ import annotations

import numpy as np

from fusewatch.telemetry.samples import STALE_NAN, is_stale


def test_only_the_marker_itself_is_stale():
    values = np.array([STALE_NAN, np.nan, 1.0, np.inf])
    assert is_stale(values).tolist() == [True, False, False, False]
