"""Blocks made by the real promtool, for tests to read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from fusewatch.telemetry.labels import METRIC_NAME, Labels


def openmetrics(source: Mapping[Labels, Iterable[tuple[int, float]]]) -> str:
    """The text of some series, each with its samples (ms, value)."""
    lines = []
    for labels, rows in source.items():
        inside = ",".join(f"{name}={_quoted(value)}" for name, value in labels.items() if name != METRIC_NAME)
        name = f"{labels.metric}{{{inside}}}" if inside else labels.metric
        lines += [f"{name} {value!r} {time // 1000}.{time % 1000:03}\n" for time, value in rows]
    return "".join(lines) + "# EOF\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def create_blocks(folder: Path, openmetrics: str) -> list[Path]:
    """The blocks of a TSDB directory that ``promtool tsdb create-blocks-from openmetrics`` makes, the oldest first."""
    program = shutil.which("promtool") or pytest.skip("promtool is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    source = folder.with_name(folder.name + ".om")
    source.write_text(openmetrics)
    subprocess.run([program, "tsdb", "create-blocks-from", "openmetrics", str(source), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return sorted(path.parent for path in folder.glob("*/meta.json"))
