"""The receivers' compiled code, loaded (or compiled, at the first start of all) before anybody has to wait for it."""

from __future__ import annotations

import asyncio
import struct
import tempfile
from pathlib import Path
from typing import Final

import cramjam

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.storage.book import SeriesBook
from fusewatch.storage.door_warming import warm_door

_EXEMPLAR_VALUE: Final = b"\x11" + struct.pack("<d", 1.0) + b"\x18\x01"
_SAMPLE: Final = b"\x09" + struct.pack("<d", 1.0) + b"\x10\x02\x18\x01"
_HISTOGRAM: Final = b"\x78\x02\x88\x01\x01"
_OTLP: Final = b"""{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "x", "sum": {"aggregationTemporality": 1, "dataPoints": [
    {"timeUnixNano": "1", "asInt": "1", "exemplars": [{"asDouble": 1, "traceId": "01"}]}]}}]}]}]}"""


def warm() -> None:
    """Takes a request of each version of remote write that has everything in it through a door. Blocks; some seconds the first time."""
    label = _field(1, _field(1, b"__name__") + _field(2, b"a"))
    first = _field(1, label + _field(2, _SAMPLE) + _field(3, label + _EXEMPLAR_VALUE) + _field(4, _HISTOGRAM))
    symbols = b"".join(_field(4, text) for text in (b"", b"__name__", b"a"))
    refs = _field(1, b"\x01\x02")
    second = _field(5, refs + _field(2, _SAMPLE) + _field(3, _HISTOGRAM) + _field(4, refs + _EXEMPLAR_VALUE) + _field(5, b"\x08\x01"))
    with tempfile.TemporaryDirectory() as folder:
        door = warm_door(Path(folder))
        asyncio.run(_write(RemoteWrites(door, zero_samples=True), _packed(first), _packed(symbols + second)))
        door.close()


def warm_otlp() -> None:
    """The same for OTLP. Blocks; some 20 s the first time."""
    OtlpMetricsDecoder(SeriesBook(), OtlpSettings(), DeltaState()).decode(_OTLP, json=True)


async def _write(writes: RemoteWrites, first: bytes, second: bytes) -> None:
    # Unknown at first, known the second time.
    for _ in range(2):
        await writes.write_remote(first)
        await writes.write_remote_v2(second)


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data


def _packed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
