"""Blocks made by the real promtool, for tests to read."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def create_blocks(folder: Path, openmetrics: str) -> list[Path]:
    """The blocks of a TSDB directory that ``promtool tsdb create-blocks-from openmetrics`` makes, the oldest first."""
    program = shutil.which("promtool") or pytest.skip("promtool is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    source = folder.with_name(folder.name + ".om")
    source.write_text(openmetrics)
    subprocess.run([program, "tsdb", "create-blocks-from", "openmetrics", str(source), str(folder)], check=True, capture_output=True)
    return sorted(path.parent for path in folder.glob("*/meta.json"))
