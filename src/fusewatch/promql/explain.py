"""A query explained node by node, and why something is empty."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.promql import ast
from fusewatch.promql.fetch import Fetched
from fusewatch.promql.matching import braced, signature
from fusewatch.promql.matrix import Matrix, RangeVector
from fusewatch.promql.numbers import go_general
from fusewatch.promql.trace import Step
from fusewatch.telemetry.durations import format_duration
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import SeriesReader

#: Names and values that a reason lists.
_LISTED: Final = 5
#: Names and values among which one that was mistyped is looked for.
_LOOKED_AT: Final = 100_000
_TWO_SAMPLES: Final = frozenset({"rate", "increase", "delta", "irate", "idelta", "deriv", "predict_linear"})


@dataclass(frozen=True, slots=True)
class Explained:
    """A node of the query: its text, the series it found, seconds with and without the nodes below, and what there is to say of it."""

    text: str
    series: int
    seconds: float
    own_seconds: float
    reason: str
    parts: Sequence[Explained]


class Explainer:
    """Explains what a trace found. Blocks: it looks up names and values that might have been meant; ``check`` may stop it."""

    def __init__(self, query: str, reader: SeriesReader, reads: Sequence[Fetched], check: Callable[[], None]) -> None:
        self._query = query
        self._reader = reader
        self._check = check
        self._windows = {read.fetch.matchers: (read.fetch.start, read.fetch.end) for read in reads}
        self._reading: dict[tuple[Matcher, ...], float] = {}
        for read in reads:
            self._reading[read.fetch.matchers] = self._reading.get(read.fetch.matchers, 0.0) + read.seconds

    def explained(self, step: Step) -> Explained:
        """A step and all below it; constants are left out. The first selector of what is read once for several has the time of that."""
        parts = [self.explained(part) for part in step.steps if not isinstance(part.node, ast.Number | ast.String)]
        if isinstance(step.node, ast.Invariant) and len(parts) == 1:
            return parts[0]
        own = max(step.seconds - sum(part.seconds for part in step.steps), 0.0) + self._seconds_read(step.node)
        span, seconds = step.node.span, own + sum(part.seconds for part in parts)
        return Explained(self._query[span.start : span.end], step.series, seconds, own, self._reason(step), parts)

    def _seconds_read(self, node: ast.Expr) -> float:
        selector = node.selector if isinstance(node, ast.RangeSelector) else node
        return self._reading.pop(selector.matchers, 0.0) if isinstance(selector, ast.Selector) else 0.0

    def _reason(self, step: Step) -> str:
        self._check()
        node = step.node
        if isinstance(node, ast.Aggregate) and not node.without:
            return _ungrouped(node, step)
        if step.series or step.value is None or any(not part.series for part in step.steps):
            return ""
        match node:
            case ast.Selector():
                return self._nothing_selected(node)
            case ast.RangeSelector():
                return self._nothing_selected(node.selector)
            case ast.Binary():
                return _nothing_matched(node, step)
            case ast.Call():
                return _nothing_computed(node, step)
            case _:
                return ""

    def _nothing_selected(self, selector: ast.Selector) -> str:
        start, end = self._windows.get(selector.matchers, (0, 0))
        by_name = [matcher for matcher in selector.matchers if matcher.name == METRIC_NAME]
        name = next((matcher.value for matcher in by_name if matcher.op is MatchOp.EQUAL), "")
        if by_name and not self._values(METRIC_NAME, by_name, start, end):
            return self._no_metric(name, by_name, start, end)
        what = f"no series of {name}" if name else "no series"
        for matcher in selector.matchers:
            if matcher.name == METRIC_NAME or matcher.matches(""):
                continue
            found = self._values(matcher.name, by_name, start, end)
            if not found:
                return f"{what} has the label {matcher.name}{self._meant(matcher.name, self._names(by_name, start, end))}"
            if not any(matcher.matches(value) for value in found):
                return f"{what} has {matcher.name}{matcher.op}{_quoted(matcher.value)}{_instead(matcher, found)}"
        return f"{what} fits all of this at once"

    def _no_metric(self, name: str, by_name: Sequence[Matcher], start: int, end: int) -> str:
        if self._values(METRIC_NAME, by_name, 0, end):
            return f"{name or 'such a metric'} has no sample as new as this"
        if not name:
            return "no metric has such a name"
        return f"there is no metric {name}{self._meant(name, self._values(METRIC_NAME, (), start, end))}"

    def _values(self, label: str, matchers: Sequence[Matcher], start: int, end: int) -> list[str]:
        return self._reader.label_values(label, [matchers] if matchers else [], start, end, _LOOKED_AT)

    def _names(self, matchers: Sequence[Matcher], start: int, end: int) -> list[str]:
        return self._reader.label_names([matchers] if matchers else [], start, end, _LOOKED_AT)

    @staticmethod
    def _meant(name: str, known: Iterable[str]) -> str:
        close = similar(name, known)
        return f"; did you mean {_or(close)}?" if close else ""


def similar(name: str, known: Iterable[str]) -> list[str]:
    """The names that are most like ``name``: mistyped, or with it as a part."""
    known = list(known)
    inside = sorted((other for other in known if name in other or other in name), key=len)[:_LISTED]
    return list(dict.fromkeys([*difflib.get_close_matches(name, known, 3, 0.75), *inside]))[:3]


def _or(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _instead(matcher: Matcher, found: Sequence[str]) -> str:
    close = difflib.get_close_matches(matcher.value, found, 1, 0.75)
    if close:
        return f"; did you mean {_quoted(close[0])}?"
    shown = ", ".join(_quoted(value) for value in found[:_LISTED])
    return f"; there is {shown}" + (f" and {len(found) - _LISTED} more" if len(found) > _LISTED else "")


def _vector(step: Step, index: int) -> Matrix | None:
    """The vector that a node was given."""
    value = step.steps[index].value if index < len(step.steps) else None
    return value if isinstance(value, Matrix) else None


def _ungrouped(node: ast.Aggregate, step: Step) -> str:
    """Labels to group by that no series has."""
    vector = _vector(step, len(step.steps) - 1)
    if vector is None or not len(vector):
        return ""
    known = {name for labels in vector.labels for name in labels}
    missing = [name for name in node.grouping if name not in known]
    if not missing:
        return ""
    close = similar(missing[0], known - {METRIC_NAME})
    return f"no series has the label {missing[0]}" + (f"; did you mean {_or(close)}?" if close else "")


def _nothing_matched(node: ast.Binary, step: Step) -> str:
    left, right = _vector(step, 0), _vector(step, len(step.steps) - 1)
    if node.matching is None or len(step.steps) != 2:
        vector = left or right
        return "" if vector is None else _nothing_holds(node, vector)
    if left is None or right is None:
        return ""
    ours, theirs = (signature(vector.labels[0], node.matching) for vector in (left, right))
    if {signature(row, node.matching) for row in left.labels} & {signature(row, node.matching) for row in right.labels}:
        return _nothing_holds(node, left)
    text = f"no series of the left side fits one of the right: there it is {braced(ours)}, here {braced(theirs)}"
    only = sorted(set(ours) ^ set(theirs))
    return text + (f"; ignoring ({', '.join(only)}) would leave those labels out" if only and not node.matching.on else "")


def _nothing_holds(node: ast.Binary, vector: Matrix) -> str:
    values = vector.values[vector.floats.present]
    if node.op not in ast.COMPARISONS or not len(values):
        return ""
    low, high = np.nanmin(values), np.nanmax(values)
    return f"the comparison holds nowhere: values go from {go_general(float(low))} to {go_general(float(high))}"


def _nothing_computed(node: ast.Call, step: Step) -> str:
    vector = step.steps[0].value if step.steps else None
    if node.function in _TWO_SAMPLES and isinstance(vector, RangeVector):
        times = vector.series.timestamps
        apart = np.diff(times)[np.diff(times) > 0]
        far = f"; they are about {format_duration(int(np.median(apart)))} apart" if len(apart) else ""
        return f"{node.function} needs two samples in a window of {format_duration(vector.range_ms)}{far}"
    if node.function in ("histogram_quantile", "histogram_fraction"):
        return "no series has the label le, and none is a native histogram"
    if node.function.startswith("histogram_"):
        return "none of the series is a native histogram"
    return ""
