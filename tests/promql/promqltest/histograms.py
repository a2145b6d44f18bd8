"""Native histograms in PromQL test scripts: ``{{schema:1 count:4 sum:5 buckets:[1 2 1]}}``, read, added up and compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fusewatch.promql.kernels.native.pool import (
    BIAS,
    BOUND,
    BOUND_STOP,
    COUNT,
    FIRST,
    HINT,
    SCHEMA,
    STOP,
    SUM,
    THRESHOLD,
    ZERO,
    Pool,
)
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram, ResetHint, Span
from fusewatch.telemetry.labels import METRIC_NAME, Labels

_FIELD = re.compile(r"([a-z_]+):(\[[^\]]*\]|\S+)")
_HINTS = {"unknown": ResetHint.UNKNOWN, "reset": ResetHint.YES, "not_reset": ResetHint.NO, "gauge": ResetHint.GAUGE}


@dataclass(frozen=True)
class Written:
    """A histogram as a script has it: buckets by index; ``hinted`` when it names a reset hint, which is then compared."""

    histogram: Histogram
    hinted: bool


def parse_histogram(text: str) -> Written:
    """The histogram in double braces."""
    fields = dict(_FIELD.findall(text.strip("{}")))
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
    """``one`` plus or minus ``other``, which is as fine or finer and has the same zero bucket and bounds."""
    assert (one.zero_threshold, one.custom_values) == (other.zero_threshold, other.custom_values)
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


def flat(expected: Histogram) -> dict[str, float]:
    """Everything that is compared, by name."""
    found = {
        "schema": float(expected.schema),
        "count": expected.count,
        "sum": expected.sum,
        "zero threshold": expected.zero_threshold,
        "zero count": expected.zero_count,
    }
    found.update({f"+{index}": count for index, count in indexed(expected.positive_spans, expected.positive_buckets).items()})
    found.update({f"-{index}": count for index, count in indexed(expected.negative_spans, expected.negative_buckets).items()})
    found.update({f"bound {place}": bound for place, bound in enumerate(expected.custom_values)})
    return found


def flat_of(pool: Pool, k: int) -> tuple[dict[str, float], int]:
    """The same of a result, and its reset hint."""
    kinds, numbers = pool.kinds[k], pool.numbers[k]
    found = {
        "schema": float(kinds[SCHEMA]),
        "count": float(numbers[COUNT]),
        "sum": float(numbers[SUM]),
        "zero threshold": float(numbers[THRESHOLD]),
        "zero count": float(numbers[ZERO]),
    }
    for key, count in zip(pool.keys[kinds[FIRST] : kinds[STOP]].tolist(), pool.counts[kinds[FIRST] : kinds[STOP]].tolist(), strict=True):
        found[f"{'+' if key > 0 else '-'}{abs(key) - BIAS}"] = count
    for place, bound in enumerate(pool.bounds[kinds[BOUND] : kinds[BOUND_STOP]].tolist()):
        found[f"bound {place}"] = bound
    return found, int(kinds[HINT])


def native_series(series: Mapping[Labels, list[tuple[int, float]]]) -> dict[Labels, list[tuple[int, Histogram]]]:
    """Classic histograms as native ones with custom buckets, as ``load_with_nhcb`` adds them."""
    parts: dict[Labels, dict[int, dict[float | str, float]]] = defaultdict(lambda: defaultdict(dict))
    for labels, points in series.items():
        name = labels.get(METRIC_NAME, "")
        suffix = next((suffix for suffix in ("_bucket", "_count", "_sum") if name.endswith(suffix)), "")
        if not suffix:
            continue
        try:
            key = float(labels["le"]) if suffix == "_bucket" else suffix
        except ValueError:
            continue
        base = labels.without(("le",)).replace({METRIC_NAME: name.removesuffix(suffix)})
        for time, value in points:
            parts[base][time].setdefault(key, value)
    return {labels: [(time, _native(by_time[time])) for time in sorted(by_time)] for labels, by_time in parts.items()}


def _native(found: dict[float | str, float]) -> Histogram:
    bounds = sorted(key for key in found if isinstance(key, float) and not np.isinf(key))
    count = found.get("_count", found.get(np.inf, found[bounds[-1]] if bounds else 0.0))
    cumulative = [*(found[bound] for bound in bounds), count]
    counts = tuple(np.diff([0.0, *cumulative]).tolist())
    return Histogram(
        schema=CUSTOM_SCHEMA,
        count=count,
        sum=found.get("_sum", 0.0),
        positive_spans=(Span(0, len(counts)),),
        positive_buckets=counts,
        custom_values=tuple(bounds),
        is_float=True,
    )
