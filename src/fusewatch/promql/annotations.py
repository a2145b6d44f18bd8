"""Warnings and infos beside an answer, in Prometheus' words.

https://github.com/prometheus/prometheus/blob/main/util/annotations/annotations.go
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from fusewatch.promql.ast import Span
from fusewatch.promql.lexer import position
from fusewatch.promql.numbers import go_general
from fusewatch.telemetry.labels import quote

_MONOTONICITY: Final = (
    "input to histogram_quantile needed to be fixed for monotonicity"
    " (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


@dataclass(slots=True)
class Correction:
    """How histogram_quantile had to change the buckets of one metric: in which buckets, by how much, when (ms), how often."""

    min_bucket: float
    max_bucket: float
    max_difference: float
    first: int
    last: int
    count: int

    def include(self, other: Correction) -> None:
        """Widens this to cover ``other``, too."""
        self.min_bucket = min(self.min_bucket, other.min_bucket)
        self.max_bucket = max(self.max_bucket, other.max_bucket)
        self.max_difference = max(self.max_difference, other.max_difference)
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.count += other.count

    def __str__(self) -> str:
        first, last = (datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for ms in (self.first, self.last))
        return (
            f", from buckets {go_general(self.min_bucket)} to {go_general(self.max_bucket)},"
            f" with a max diff of {self.max_difference:.2g}, over {self.count} samples from {first} to {last}"
        )


@dataclass(slots=True)
class Annotations:
    """What one query collects, each text once."""

    query: str
    _warnings: dict[str, None] = field(default_factory=dict)
    _infos: dict[str, None] = field(default_factory=dict)
    _corrections: dict[tuple[str, Span], Correction] = field(default_factory=dict)

    def warn(self, text: str, span: Span) -> None:
        """Something is probably wrong with the answer."""
        self._warnings[f"PromQL warning: {text}{self._place(span)}"] = None

    def info(self, text: str, span: Span) -> None:
        """Something may be worth a look."""
        self._infos[f"PromQL info: {text}{self._place(span)}"] = None

    def collision(self, during: str, span: Span) -> None:
        """Of two counter histograms one began anew and the other did not."""
        self.warn(f"conflicting counter resets during histogram {during}", span)

    def reconciled(self, during: str, span: Span) -> None:
        """Histograms had custom buckets that differ."""
        self.info(f"mismatched custom buckets were reconciled during {during}", span)

    def mixed_schemas(self, metric: str, span: Span) -> None:
        """Exponential and custom buckets do not go together."""
        self.warn(f"vector contains a mix of histograms with exponential and custom buckets schemas for metric name {quote(metric)}", span)

    def ignored(self, metric: str, span: Span) -> None:
        """A function of numbers met histograms beside them."""
        text = f"ignored histograms in a range containing both floats and histograms for metric name {quote(metric)}"
        self.info(text, span)

    def mixed_types(self, metric: str, span: Span) -> None:
        """A range of numbers and histograms has no result."""
        self.warn(f"encountered a mix of histograms and floats for metric name {quote(metric)}", span)

    def corrected(self, metric: str, span: Span, correction: Correction) -> None:
        """histogram_quantile had to make buckets monotonic; corrections of one metric become one info."""
        known = self._corrections.setdefault((metric, span), correction)
        if known is not correction:
            known.include(correction)

    def warnings(self) -> tuple[str, ...]:
        """All warnings, in the order they arose."""
        return tuple(self._warnings)

    def infos(self) -> tuple[str, ...]:
        """All infos, in the order they arose."""
        fixed = (
            f"PromQL info: {_MONOTONICITY}{for_metric(metric)}{correction}{self._place(span)}"
            for (metric, span), correction in self._corrections.items()
        )
        return (*self._infos, *fixed)

    def _place(self, span: Span) -> str:
        line, column = position(self.query, span.start)
        return f" ({line}:{column})"


def for_metric(name: str) -> str:
    """`` for metric name "x"``, nothing for series without a name."""
    return f" for metric name {quote(name)}" if name else ""
