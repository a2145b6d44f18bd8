"""A tiny encoder for remote write 2.0."""

from __future__ import annotations

from collections.abc import Iterable

from tests.telemetry.wire import double, field, histogram, integer, packed, text, varint

from fusewatch.telemetry.histograms import Histogram


class Request:
    """A Request that grows; strings become symbols on the way."""

    def __init__(self) -> None:
        self.symbols: dict[bytes, int] = {b"": 0}
        self._series: list[bytes] = []

    def ref(self, symbol: str | bytes) -> int:
        return self.symbols.setdefault(text(symbol), len(self.symbols))

    def refs(self, labels: Iterable[tuple[str | bytes, str | bytes]], number: int = 1) -> bytes:
        return packed(number, (varint(self.ref(part)) for pair in labels for part in pair))

    def sample(self, timestamp: int, value: float, start: int = 0) -> bytes:
        return field(2, double(1, value) + integer(2, timestamp) + (integer(3, start) if start else b""))

    def histogram(self, value: Histogram, timestamp: int, start: int = 0) -> bytes:
        return field(3, histogram(value, timestamp, start))

    def exemplar(self, labels: Iterable[tuple[str, str]], value: float, timestamp: int) -> bytes:
        return field(4, self.refs(labels) + double(2, value) + integer(3, timestamp))

    def metadata(self, kind: int, about: str = "", unit: str = "") -> bytes:
        return field(5, integer(1, kind) + integer(3, self.ref(about)) + integer(4, self.ref(unit)))

    def series(self, labels: Iterable[tuple[str | bytes, str | bytes]], *parts: bytes) -> Request:
        """Adds a TimeSeries of labels and encoded parts."""
        return self.raw(self.refs(labels) + b"".join(parts))

    def raw(self, series: bytes) -> Request:
        """Adds an encoded TimeSeries."""
        self._series.append(field(5, series))
        return self

    def encode(self) -> bytes:
        return b"".join(field(4, symbol) for symbol in self.symbols) + b"".join(self._series)
