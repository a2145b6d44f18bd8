"""Native histograms: what one sample of them is, and its one binary form in log, store and memory.

The model is Prometheus' (https://prometheus.io/docs/specs/native_histograms/), with one difference: bucket counts are absolute here, also
those of integer histograms, so that a kernel can read any bucket without adding up those before it.

The binary form is little-endian, every part a multiple of eight bytes long::

    0   uint8   1: counts are float64, 0: they are int64
    1   uint8   reset hint
    2   int8    schema
    3   uint8   0
    4   uint32  number of custom bounds
    8   uint16  number of positive spans     10  uint16  number of negative spans
    12  uint16  number of positive buckets   14  uint16  number of negative buckets
    16  float64 sum
    24  float64 zero threshold
    32  int64 or float64  count              40  int64 or float64  zero count
    48  spans: int32 offset, uint32 length each, the positive ones first
        buckets: int64 or float64 each, the positive ones first
        custom bounds: float64 each
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

#: The schema of histograms with custom buckets, whose bounds they list.
CUSTOM_SCHEMA: Final = -53
#: Exponential schemas: growth by a factor of 2**(2**-schema) from bucket to bucket.
LEAST_SCHEMA: Final = -4
MOST_SCHEMA: Final = 8
#: Spans or buckets of one sign in one sample.
MOST_PARTS: Final = 65_535
_HEAD: Final = struct.Struct("<BBbBIHHHHdd8s8s")
HEAD_BYTES: Final = _HEAD.size


class ResetHint(IntEnum):
    """What the sender says about a counter reset between the sample before and this one."""

    UNKNOWN = 0
    YES = 1
    NO = 2
    GAUGE = 3


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` consecutive buckets, ``offset`` after the end of the span before (the first: after bucket 0)."""

    offset: int
    length: int


class HistogramError(ValueError):
    """Not a valid histogram; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One sample of a native histogram.

    ``positive_buckets`` and ``negative_buckets`` are absolute counts in the order of their spans. ``is_float`` says how counts are kept:
    as floats (they may be fractions) or as integers.
    """

    schema: int
    count: float
    sum: float
    zero_threshold: float = 0.0
    zero_count: float = 0
    positive_spans: Sequence[Span] = ()
    positive_buckets: Sequence[float] = ()
    negative_spans: Sequence[Span] = ()
    negative_buckets: Sequence[float] = ()
    custom_values: Sequence[float] = ()
    is_float: bool = False
    reset_hint: ResetHint = ResetHint.UNKNOWN

    def check(self) -> None:
        """Raises HistogramError where spans, buckets, bounds and counts do not fit each other."""
        custom = self.schema == CUSTOM_SCHEMA
        if not custom and not LEAST_SCHEMA <= self.schema <= MOST_SCHEMA:
            raise HistogramError(f"histogram has an invalid schema {self.schema}")
        if custom and (self.zero_count or self.zero_threshold or self.negative_spans or self.negative_buckets):
            raise HistogramError("custom buckets: must not have a zero bucket or negative buckets")
        if not custom and self.custom_values:
            raise HistogramError("histogram with exponential schema must not have custom bounds")
        if any(low >= high for low, high in zip(self.custom_values, self.custom_values[1:], strict=False)):
            raise HistogramError("custom buckets: bounds must be in ascending order, each once")
        for sign, spans, buckets in (
            ("positive", self.positive_spans, self.positive_buckets),
            ("negative", self.negative_spans, self.negative_buckets),
        ):
            _check_side(sign, spans, buckets)
        if not self.is_float and self.count < self.zero_count + sum(self.positive_buckets) + sum(self.negative_buckets):
            raise HistogramError("histogram's observation count is smaller than that of its buckets")

    def encode(self) -> bytes:
        """The binary form."""
        number = "d" if self.is_float else "q"
        spans = [part for span in (*self.positive_spans, *self.negative_spans) for part in (span.offset, span.length)]
        buckets = [*self.positive_buckets, *self.negative_buckets]
        head = _HEAD.pack(
            self.is_float,
            self.reset_hint,
            self.schema,
            0,
            len(self.custom_values),
            len(self.positive_spans),
            len(self.negative_spans),
            len(self.positive_buckets),
            len(self.negative_buckets),
            self.sum,
            self.zero_threshold,
            _number(number, self.count),
            _number(number, self.zero_count),
        )
        return b"".join(
            (
                head,
                struct.pack("<" + "iI" * (len(spans) // 2), *spans),
                struct.pack(f"<{len(buckets)}{number}", *(_plain(number, count) for count in buckets)),
                struct.pack(f"<{len(self.custom_values)}d", *self.custom_values),
            )
        )

    @classmethod
    def decode(cls, body: bytes | memoryview) -> Histogram:
        """The inverse of :meth:`encode`.

        Raises:
            HistogramError: not such a body.
        """
        try:
            return cls._decode(body)
        except (struct.error, ValueError) as error:
            raise HistogramError(f"not a histogram's binary form: {error}") from error

    @classmethod
    def _decode(cls, body: bytes | memoryview) -> Histogram:
        is_float, hint, schema, _, bounds, pos_spans, neg_spans, pos, neg, total, threshold, count, zero = _HEAD.unpack_from(body)
        number, at = "d" if is_float else "q", HEAD_BYTES
        parts = struct.unpack_from("<" + "iI" * (pos_spans + neg_spans), body, at)
        spans = [Span(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        at += 8 * len(spans)
        buckets = struct.unpack_from(f"<{pos + neg}{number}", body, at)
        at += 8 * len(buckets)
        return cls(
            schema=schema,
            count=struct.unpack("<" + number, count)[0],
            sum=total,
            zero_threshold=threshold,
            zero_count=struct.unpack("<" + number, zero)[0],
            positive_spans=tuple(spans[:pos_spans]),
            negative_spans=tuple(spans[pos_spans:]),
            positive_buckets=buckets[:pos],
            negative_buckets=buckets[pos:],
            custom_values=struct.unpack_from(f"<{bounds}d", body, at),
            is_float=bool(is_float),
            reset_hint=ResetHint(hint),
        )


def _check_side(sign: str, spans: Sequence[Span], buckets: Sequence[float]) -> None:
    if max(len(spans), len(buckets)) > MOST_PARTS:
        raise HistogramError(f"histogram has more than {MOST_PARTS} {sign} spans or buckets")
    if any(span.offset < 0 for span in spans[1:]):
        raise HistogramError(f"{sign} side: a span other than the first has a negative offset")
    if sum(span.length for span in spans) != len(buckets):
        raise HistogramError(f"{sign} side: spans need {sum(span.length for span in spans)} buckets, have {len(buckets)} buckets")
    if any(count < 0 for count in buckets):
        raise HistogramError(f"{sign} side: a bucket has a negative observation count")


def _number(kind: str, value: float) -> bytes:
    return struct.pack("<" + kind, _plain(kind, value))


def _plain(kind: str, value: float) -> float | int:
    return int(value) if kind == "q" else float(value)
