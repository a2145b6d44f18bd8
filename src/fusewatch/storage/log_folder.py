"""Where the write-ahead log lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_NAME: Final = "wal"


def log_folder(data_dir: Path) -> Path:
    """The folder of the log's segments in a data folder."""
    return data_dir / _NAME
