"""The series of a protobuf page, named exactly and slowly: for those that are new."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final

from fusewatch.telemetry.exposition import slots
from fusewatch.telemetry.exposition.errors import MalformedMessageError
from fusewatch.telemetry.exposition.families import BUCKET, CONVERTED, COUNT, QUANTILE, SUM
from fusewatch.telemetry.exposition.family_rows import BOUND, FAMILY_END, FAMILY_START, LABELS_END, METRIC_START, PART
from fusewatch.telemetry.exposition.lines import About, MetadataLine
from fusewatch.telemetry.labels import METRIC_NAME, quote
from fusewatch.telemetry.protobuf import ProtobufError, fields
from fusewatch.telemetry.remote_write import parse_labels

_SUFFIXES: Final = {COUNT: "_count", SUM: "_sum", BUCKET: "_bucket"}
_BOUND_LABELS: Final = {BUCKET: "le", QUANTILE: "quantile"}
_ROLES: Final = {COUNT: slots.COUNT, SUM: slots.SUM, BUCKET: slots.BUCKET}
_TYPES: Final = ("counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram")


class FamilyNames:
    """Names of what is unknown on a page; rows are those that the walk left unread."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def metadata(self, row: Sequence[int]) -> list[MetadataLine]:
        """What a family says of itself."""
        name, about, kind, unit = self._family(row)
        lines = [MetadataLine(name, About.TYPE, _TYPES[kind])]
        lines += [MetadataLine(name, About.HELP, about)] if about else []
        return lines + ([MetadataLine(name, About.UNIT, unit)] if unit else [])

    def labels(self, row: Sequence[int]) -> dict[str, str]:
        """The labels of a sample.

        Raises:
            MalformedMessageError: no name, a label twice, or text that is not UTF-8.
        """
        name, part = self._family(row)[0], row[PART] % CONVERTED
        try:
            pairs = parse_labels(self._body[row[METRIC_START] : row[LABELS_END]])
        except ProtobufError as error:
            raise MalformedMessageError(f"metric {quote(name)}: {error}") from error
        if part in _BOUND_LABELS:
            pairs.append((_BOUND_LABELS[part], show_bound(_bound(row))))
        labels = {METRIC_NAME: name + _SUFFIXES.get(part, ""), **dict(pairs)}
        if len(labels) <= len(pairs):
            twice = next(label for k, (label, _) in enumerate(pairs) if label in {METRIC_NAME, *(other for other, _ in pairs[:k])})
            raise MalformedMessageError(f"metric {quote(name)}: label name {quote(twice)} is not unique: invalid sample")
        if "" in labels:
            raise MalformedMessageError(f"metric {quote(name)}: invalid label name: ")
        return labels

    def member(self, row: Sequence[int]) -> tuple[str, int, float]:
        """Of a part of a histogram that is converted: the histogram's name, which part it is, and its upper bound."""
        return self._family(row)[0], _ROLES[row[PART] - CONVERTED], _bound(row)

    def name_at(self, start: int) -> str:
        """The name of the family that begins at ``start``, for a message of what is wrong with it."""
        for field, _, first, last in fields(self._body, start):
            if field == 1:
                return self._body[first:last].decode(errors="replace")
        return ""

    def _family(self, row: Sequence[int]) -> tuple[str, str, int, str]:
        """Name, help, type and unit."""
        start = row[FAMILY_START]
        if start not in self._read:
            texts, kind = {1: "", 2: "", 5: ""}, 0
            for field, number, first, last in fields(self._body, start, row[FAMILY_END]):
                if field in texts:
                    texts[field] = self._text(first, last)
                elif field == 3:
                    kind = number
            if not texts[1]:
                raise MalformedMessageError("invalid metric name: ")
            self._read[start] = (texts[1], texts[2], kind, texts[5])
        return self._read[start]

    @cached_property
    def _read(self) -> dict[int, tuple[str, str, int, str]]:
        return {}

    def _text(self, start: int, end: int) -> str:
        try:
            return self._body[start:end].decode()
        except UnicodeDecodeError as error:
            raise MalformedMessageError(f"invalid UTF-8 in name, help or unit of a metric family: {self._body[start:end]!r}") from error


def _bound(row: Sequence[int]) -> float:
    bound: float = struct.unpack("<d", struct.pack("<q", row[BOUND]))[0]
    return bound


def show_bound(value: float) -> str:
    """A bucket's bound or a quantile as OpenMetrics writes it and Go's %g: 0.5, 1.0, 1e+06, +Inf."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    if value == 0:
        return "0.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) + int(exponent) - 1
    minus = "-" if sign else ""
    if not -4 <= power < 6:
        return f"{minus}{text[0]}{'.' + text[1:] if len(text) > 1 else ''}e{power:+03d}"
    if power < 0:
        return f"{minus}0.{'0' * (-power - 1)}{text}"
    whole = text[: power + 1].ljust(power + 1, "0")
    return f"{minus}{whole}.{text[power + 1 :] or '0'}"
