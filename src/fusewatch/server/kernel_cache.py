"""Where compiled kernels are kept."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

import fusewatch


def choose_kernel_cache(data_dir: Path, environ: MutableMapping[str, str]) -> None:
    """Leaves them beside the package where that can be written (numba's own choice), else puts them into the data folder.

    So a service without a home keeps them too. Must be called before numba is imported.
    """
    package = Path(fusewatch.__file__).parent
    if "NUMBA_CACHE_DIR" not in environ and not os.access(package, os.W_OK):
        environ["NUMBA_CACHE_DIR"] = str(data_dir / "kernels")
