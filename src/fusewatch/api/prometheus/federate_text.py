"""The latest samples of series in Prometheus' text format, and series as it writes them.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from fusewatch.promql.numbers import go_general
from fusewatch.telemetry.histograms import CUSTOM_SCHEMA, Histogram
from fusewatch.telemetry.labels import EMPTY, METRIC_NAME, Labels, is_legacy_label, is_legacy_metric

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

#: Timestamp (ms) and value.
Sample = tuple[int, float | Histogram]


def exposition(samples: Mapping[Labels, Sample], external: Labels, *, quoted: bool) -> Iterable[str]:
    """The text, metric by metric in order of their names; ``quoted`` clients read UTF-8 names, for others they are escaped.

    Histograms with exponential buckets have no place in it and are left out.
    """
    told = ("", "")
    for labels, added, (timestamp, value) in in_families(samples, external):
        if isinstance(value, Histogram) and value.schema != CUSTOM_SCHEMA:
            continue
        kind = "histogram" if isinstance(value, Histogram) else "untyped"
        if told != (labels.metric, kind):
            told = (labels.metric, kind)
            yield f"# TYPE {family_text(labels.metric, quoted=quoted)} {kind}\n"
        for suffix, bound, number in _lines(value):
            named = labels.replace({METRIC_NAME: labels.metric + suffix}) if suffix else labels
            yield f"{series_text(named, {**added, **bound}, quoted=quoted)} {go_general(number)} {timestamp}\n"


def in_families(samples: Mapping[Labels, Sample], external: Labels) -> Iterator[tuple[Labels, Mapping[str, str], Sample]]:
    """The samples of series with a name, in its order, and which labels are added to each.

    External labels are added where a series has none of that name. An empty ``instance`` keeps the scraper from adding its own.
    """
    added = dict(sorted({"instance": "", **external}.items()))
    for labels in sorted(samples, key=lambda labels: (labels.metric, isinstance(samples[labels][1], Histogram), labels.pairs)):
        if labels.metric:
            missing = added if added.keys().isdisjoint(labels) else {key: text for key, text in added.items() if key not in labels}
            yield labels, missing, samples[labels]


def cumulative(histogram: Histogram) -> Iterator[tuple[float, float]]:
    """Upper bound and count of what lies below it, of a histogram with custom buckets; without +Inf, whose count is that of all."""
    counts, place, buckets = [0.0] * (len(histogram.custom_values) + 1), 0, iter(histogram.positive_buckets)
    for span in histogram.positive_spans:
        place += span.offset
        for _ in range(span.length):
            counts[place] = next(buckets)
            place += 1
    below = 0.0
    for bound, count in zip(histogram.custom_values, counts, strict=False):
        below += count
        yield bound, below


def _lines(value: float | Histogram) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """What a line's name has beside the metric's, its bound, and its number."""
    if not isinstance(value, Histogram):
        yield "", EMPTY, value
        return
    for bound, count in (*cumulative(value), (math.inf, value.count)):
        yield "_bucket", {"le": go_general(bound)}, count
    yield "_sum", EMPTY, value.sum
    yield "_count", EMPTY, value.count


def series_text(labels: Labels, added: Mapping[str, str], *, quoted: bool) -> str:
    """Name and labels as an exposition writes them, with ``added`` behind the others; ``quoted``: UTF-8 names in quotes, else escaped."""
    inside = [f'{_label_text(key, quoted=quoted)}="{_escaped(text)}"' for key, text in labels.pairs if key != METRIC_NAME]
    inside += [f'{_label_text(key, quoted=quoted)}="{_escaped(text)}"' for key, text in added.items()]
    family = family_text(labels.metric, quoted=quoted)
    if family.startswith('"'):
        return "{" + ",".join([family, *inside]) + "}"
    return family + "{" + ",".join(inside) + "}"


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES) if "\\" in value or '"' in value or "\n" in value else value


@lru_cache(maxsize=4096)
def family_text(name: str, *, quoted: bool) -> str:
    """A metric's name as the text has it; ``quoted``: UTF-8 names in quotes, else escaped."""
    return _quotes(family_name(name, quoted=quoted), legacy=is_legacy_metric(name) or not quoted)


@lru_cache(maxsize=4096)
def _label_text(name: str, *, quoted: bool) -> str:
    return _quotes(label_name(name, quoted=quoted), legacy=is_legacy_label(name) or not quoted)


def family_name(name: str, *, quoted: bool) -> str:
    """A metric's name, with underscores for what old clients can't read."""
    return name if quoted or is_legacy_metric(name) else _underscored(name)


def label_name(name: str, *, quoted: bool) -> str:
    """A label's name, likewise."""
    return name if quoted or is_legacy_label(name) else _underscored(name)


def _quotes(name: str, *, legacy: bool) -> str:
    return name if legacy else f'"{_escaped(name)}"'


def _underscored(name: str) -> str:
    """The name with underscores for everything that the old format can't hold."""
    return re.sub(r"^(?=[0-9])|[^a-zA-Z0-9_:]", "_", name)
