"""The two versions of remote write, as a target needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fusewatch.forward.arranging import Arranged
from fusewatch.forward.config import V2
from fusewatch.forward.label_book import LabelBook
from fusewatch.forward.labels import FieldEncoder, Renamer
from fusewatch.forward.rows import Rows
from fusewatch.forward.symbols import Symbols
from fusewatch.forward.wire_v1 import FieldRequests
from fusewatch.forward.wire_v2 import SymbolRequests
from fusewatch.telemetry.metadata import MetricMetadata


class Wire(Protocol):
    """From rows to requests. One thread at a time."""

    headers: Mapping[str, str]
    custom_buckets: bool
    book: LabelBook

    def encode(self, rows: Rows, arranged: Arranged, first: int, last: int) -> bytes:
        """The body of one request, compressed: the rows at places ``first`` to ``last``."""
        ...

    def describe(self, entries: Sequence[MetricMetadata]) -> None:
        """Learns what metrics are, where that goes out beside their samples."""
        ...

    def trim(self) -> None:
        """To be called between loads: bounds the memory; all series may be unknown afterwards."""
        ...


def make_wire(message: str, renamer: Renamer, *, limit: int) -> Wire:
    """The wire format of that message; its labels take at most ``limit`` bytes, or twice what is in use."""
    if message == V2:
        symbols = Symbols(renamer)
        return SymbolRequests(LabelBook(symbols, limit=limit), symbols, limit=limit)
    return FieldRequests(LabelBook(FieldEncoder(renamer), limit=limit))
