"""Native histograms in test files: ``{{schema:1 count:4 sum:5 buckets:[1 2 1]}}``, read and added up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from fusewatch.promql.notation.errors import NotationError
from fusewatch.telemetry.histograms import Histogram, HistogramError, ResetHint, Span

_FIELD: Final = re.compile(r"([a-z_]+):(\[[^\]]*\]|\S+)")
_HINTS: Final = {"unknown": ResetHint.UNKNOWN, "reset": ResetHint.YES, "not_reset": ResetHint.NO, "gauge": ResetHint.GAUGE}

_FIELDS: Final = frozenset(
    {
        "schema",
        "count",
        "sum",
        "z_bucket",
        "z_bucket_w",
        "buckets",
        "offset",
        "n_buckets",
        "n_offset",
        "custom_values",
        "counter_reset_hint",
    }
)


@dataclass(frozen=True, slots=True)
class Written:
    """A histogram as a file has it; ``hinted`` when it names a reset hint, which is then compared."""

    histogram: Histogram
    hinted: bool


def parse_histogram(text: str) -> Written:
    """The histogram in double braces.

    Raises:
        NotationError: it is none.
    """
    fields = dict(_FIELD.findall(text.strip("{}")))
    if unknown := fields.keys() - _FIELDS:
        raise NotationError(f"a histogram has no {min(unknown)}: {text}")
    try:
        return _written(fields)
    except (ValueError, KeyError, HistogramError) as error:
        raise NotationError(f"not a histogram: {text}") from error


def _written(fields: dict[str, str]) -> Written:
    number = {name: float(fields.get(name, 0)) for name in ("schema", "count", "sum", "z_bucket", "z_bucket_w", "offset", "n_offset")}
    buckets, negative = _numbers(fields.get("buckets", "[]")), _numbers(fields.get("n_buckets", "[]"))
    found = Histogram(
        schema=int(number["schema"]),
        count=number["count"],
        sum=number["sum"],
        zero_threshold=number["z_bucket_w"],
        zero_count=number["z_bucket"],
        positive_spans=_spans(buckets, int(number["offset"])),
        positive_buckets=buckets,
        negative_spans=_spans(negative, int(number["n_offset"])),
        negative_buckets=negative,
        custom_values=_numbers(fields.get("custom_values", "[]")),
        is_float=True,
        reset_hint=_HINTS[fields.get("counter_reset_hint", "unknown")],
    )
    return Written(found, "counter_reset_hint" in fields)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.strip("[]").replace(",", " ").split())


def _spans(buckets: tuple[float, ...], offset: int) -> tuple[Span, ...]:
    return (Span(offset, len(buckets)),) if buckets else ()


def indexed(spans: Iterable[Span], buckets: Iterable[float]) -> dict[int, float]:
    """Filled buckets by their index."""
    found, at, counts = {}, 0, iter(buckets)
    for span in spans:
        at += span.offset
        for index in range(at, at + span.length):
            found[index] = next(counts)
        at += span.length
    return {index: count for index, count in found.items() if count}


def _side(one: dict[int, float], other: dict[int, float], steps: int, sign: int) -> tuple[tuple[Span, ...], tuple[float, ...]]:
    total: dict[int, float] = defaultdict(float, one)
    for index, count in other.items():
        total[((index - 1) >> steps) + 1 if steps else index] += sign * count
    spans, last = [], 0
    for index in sorted(total):
        spans.append(Span(index - last, 1))
        last = index + 1
    return tuple(spans), tuple(total[index] for index in sorted(total))


def combined(one: Histogram, other: Histogram, sign: int) -> Histogram:
    """``one`` plus or minus ``other``, which is as fine or finer and has the same zero bucket and bounds.

    Raises:
        NotationError: they differ in what must be the same.
    """
    if (one.zero_threshold, one.custom_values) != (other.zero_threshold, other.custom_values):
        raise NotationError("histograms with different zero buckets or bounds can't be added up")
    steps = other.schema - one.schema
    positive = _side(indexed(one.positive_spans, one.positive_buckets), indexed(other.positive_spans, other.positive_buckets), steps, sign)
    negative = _side(indexed(one.negative_spans, one.negative_buckets), indexed(other.negative_spans, other.negative_buckets), steps, sign)
    hints = {one.reset_hint, other.reset_hint}
    hint = hints.pop() if len(hints) == 1 else ResetHint.GAUGE if ResetHint.GAUGE in hints else ResetHint.UNKNOWN
    return replace(
        one,
        count=one.count + sign * other.count,
        sum=one.sum + sign * other.sum,
        zero_count=one.zero_count + sign * other.zero_count,
        positive_spans=positive[0],
        positive_buckets=positive[1],
        negative_spans=negative[0],
        negative_buckets=negative[1],
        reset_hint=hint,
    )
