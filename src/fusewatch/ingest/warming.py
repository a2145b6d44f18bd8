"""The decoders' compiled code, loaded (or compiled, at the first start of all) before anybody has to wait for it."""

from __future__ import annotations

import struct
from typing import Final

import cramjam
import numpy as np

from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.ingest.remote_write_v2 import RemoteWriteV2Decoder
from fusewatch.telemetry.hashing import Bytes, draw_key
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Int64s, UInt64s

_EXEMPLAR_VALUE: Final = b"\x11" + struct.pack("<d", 1.0) + b"\x18\x01"
_SAMPLE: Final = b"\x09" + struct.pack("<d", 1.0) + b"\x10\x02\x18\x01"
_HISTOGRAM: Final = b"\x78\x02\x88\x01\x01"


def warm() -> None:
    """Decodes a request of each kind that has everything in it."""
    series = _ForgottenSeries()
    label = _field(1, _field(1, b"__name__") + _field(2, b"a"))
    first = _field(1, label + _field(2, _SAMPLE) + _field(3, label + _EXEMPLAR_VALUE) + _field(4, _HISTOGRAM))
    RemoteWriteDecoder(series).decode(_packed(first))
    symbols = b"".join(_field(4, text) for text in (b"", b"__name__", b"a"))
    refs = _field(1, b"\x01\x02")
    second = _field(5, refs + _field(2, _SAMPLE) + _field(3, _HISTOGRAM) + _field(4, refs + _EXEMPLAR_VALUE) + _field(5, b"\x08\x01"))
    RemoteWriteV2Decoder(series, zero_samples=True).decode(_packed(symbols + second))


class _ForgottenSeries:
    """Takes any series and remembers none."""

    def __init__(self) -> None:
        self.epoch = 0
        self.key = draw_key()
        self.fingerprints: tuple[UInt64s, UInt32s] = (np.zeros((2, 2), np.uint64), np.zeros(2, np.uint32))

    def learn(self, _labels: Labels) -> int:
        return 1

    def learn_many(self, _blob: Bytes, offsets: Int64s) -> tuple[UInt32s, None]:
        return np.ones(len(offsets) - 1, np.uint32), None

    def remember(self, low: np.uint64, high: np.uint64, ref: int) -> None:
        pass

    def remember_many(self, lows: UInt64s, highs: UInt64s, refs: UInt32s) -> None:
        pass


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data


def _packed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
