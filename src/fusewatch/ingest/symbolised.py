"""What a remote-write 2.0 request says by reference to its symbols, read exactly and slowly: for what is new, and for what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from fusewatch.ingest.refusals import checked_labels, show_labels
from fusewatch.telemetry.hashing import Bytes
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.protobuf import fields, read_varint
from fusewatch.telemetry.remote_write import METRIC_TYPES
from fusewatch.telemetry.remote_write_v2 import HELP, NAME, TYPE, UNIT
from fusewatch.telemetry.samples import Int64s

#: What the names of a family's series end with, where its own name does not.
_SUFFIXES: Final = {
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum"),
}
_METADATA_REFS: Final = {3: "help_ref", 4: "unit_ref"}
_UINT32: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class SymbolTable:
    """The symbols of a request: their ``places`` (n, 2) in ``buffer``."""

    buffer: Bytes
    places: Int64s

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def _read(self) -> dict[int, str]:
        return {}

    def text(self, ref: int) -> str:
        """A symbol; what is not UTF-8 in it is replaced, which makes it no valid name or value."""
        if ref not in self._read:
            start, end = self.places[ref]
            self._read[ref] = self.buffer[start:end].tobytes().decode(errors="replace")
        return self._read[ref]

    def is_text(self, ref: int) -> bool:
        """Whether the symbol is UTF-8."""
        start, end = self.places[ref]
        return self.text(ref).encode() == self.buffer[start:end].tobytes()


def read_series(data: bytes, symbols: SymbolTable) -> Labels:
    """The labels of a TimeSeries, in Prometheus' words where it can't be stored.

    Raises:
        SamplesRejectedError: references that lead nowhere, no valid label set, or nothing to store.
    """
    refs, metadata, samples = _parts(data)
    shown = f"series [{' '.join(map(str, refs))[:500]}]"
    pairs = _pairs(refs, symbols, f"parsing labels for {shown}")
    for name, ref in metadata.items():
        if ref >= len(symbols):
            raise SamplesRejectedError(
                f"parsing metadata for {shown}: metadata {name} {ref} outside of symbols table (size {len(symbols)})", 1
            )
    if not all(map(symbols.is_text, refs)):
        raise SamplesRejectedError(f"invalid metric name or labels, got {show_labels(pairs)}", 1)
    labels = checked_labels(pairs)
    if not samples:
        raise SamplesRejectedError(f"TimeSeries must contain at least one sample or histogram for series {show_labels(pairs)}", 0)
    return labels


def exemplar_problem(series: bytes, exemplar: bytes, symbols: SymbolTable) -> SamplesRejectedError | None:
    """What is wrong with the references of an exemplar; None when they are right."""
    shown = show_labels(_pairs(_parts(series)[0], symbols, ""))
    try:
        _pairs(_parts(exemplar)[0], symbols, f"parsing exemplar for series {shown}")
    except SamplesRejectedError as error:
        return error
    return None


def read_metadata(entries: Int64s, symbols: SymbolTable) -> list[MetricMetadata]:
    """Metadata by family; ``entries`` (n, METADATA_COLUMNS) are by series."""
    found: dict[MetricMetadata, None] = {}
    for row in entries.tolist():
        kind = METRIC_TYPES[row[TYPE]] if row[TYPE] < len(METRIC_TYPES) else "unknown"
        name = symbols.text(row[NAME])
        suffix = next((suffix for suffix in _SUFFIXES.get(kind, ()) if name.endswith(suffix)), "")
        family = name.removesuffix(suffix)
        found[MetricMetadata(metric=family, type=kind, help=symbols.text(row[HELP]), unit=symbols.text(row[UNIT]))] = None
    return list(found)


def _parts(data: bytes) -> tuple[list[int], dict[str, int], int]:
    """References of labels, those of the metadata, and how many samples and histograms there are."""
    refs: list[int] = []
    metadata: dict[str, int] = {}
    samples, at = 0, 0
    for field, number, start, end in fields(data):
        wire, at = data[at] & 7, end
        if field == 1:
            refs += _packed(data, start, end) if wire == 2 else [number & _UINT32]
        elif field == 5 and wire == 2:
            metadata |= {_METADATA_REFS[place]: ref & _UINT32 for place, ref, _, _ in fields(data, start, end) if place in _METADATA_REFS}
        samples += field in {2, 3}
    return refs, metadata, samples


def _packed(data: bytes, start: int, end: int) -> list[int]:
    refs = []
    while start < end:
        ref, start = read_varint(data, start)
        refs.append(ref & _UINT32)
    return refs


def _pairs(refs: Sequence[int], symbols: SymbolTable, about: str) -> list[tuple[str, str]]:
    """Names and values.

    Raises:
        SamplesRejectedError: an odd number of references, or one beyond the symbols.
    """
    if len(refs) % 2:
        raise SamplesRejectedError(f"{about}: invalid labelRefs length {len(refs)}", 1)
    pairs = list(zip(refs[::2], refs[1::2], strict=True))
    for name, value in pairs:
        if max(name, value) >= len(symbols):
            raise SamplesRejectedError(
                f"{about}: labelRefs {name} (name) = {value} (value) outside of symbols table (size {len(symbols)})", 1
            )
    return [(symbols.text(name), symbols.text(value)) for name, value in pairs]
