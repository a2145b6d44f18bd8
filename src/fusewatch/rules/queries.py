"""Asks the engine what rules want to know, each question once a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from fusewatch.promql.engine import Engine, Prepared
from fusewatch.promql.errors import QueryError
from fusewatch.promql.presence import presence
from fusewatch.rules.errors import EvaluationError
from fusewatch.rules.expansion import Sample
from fusewatch.rules.model import AtTimes
from fusewatch.rules.vector import Vector
from fusewatch.telemetry.time_intervals import TimeInterval, contains_any
from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.values import StringMap

#: More rules than that are read again at each evaluation.
_PREPARED: Final = 50_000


@lru_cache(maxsize=_PREPARED)
def prepared(text: str) -> Prepared:
    """The query, read once."""
    return Prepared.of(text)


@lru_cache(maxsize=_PREPARED)
def _presence(text: str) -> Prepared | None:
    expr = presence(prepared(text).expr)
    return None if expr is None else Prepared(text, expr)


class Moment:
    """What one rule asks at one moment: of data at ``time_ms``, judged at ``now_ms`` (ms UTC). Blocks.

    ``series`` counts what was read.
    """

    def __init__(self, engine: Engine, *, time_ms: int, now_ms: int, intervals: Mapping[str, Sequence[TimeInterval]]) -> None:
        self._engine = engine
        self._time_ms = time_ms
        self._now_ms = now_ms
        self._intervals = intervals
        self.series = 0

    def result(self, expr: str) -> Vector:
        """See :class:`fusewatch.rules.alerting.Conditions`."""
        try:
            question = prepared(expr)
        except QueryError as error:
            raise EvaluationError(str(error)) from error
        vector = self._asked(question)
        self.series += vector.series
        return vector

    def judged(self, expr: str) -> Vector | None:
        """See :class:`fusewatch.rules.alerting.Conditions`."""
        question = _presence(expr)
        return None if question is None else self._asked(question)

    def active_times(self, choices: Sequence[AtTimes]) -> AtTimes | None:
        """See :class:`fusewatch.rules.alerting.Conditions`."""
        for choice in choices:
            try:
                if contains_any(self._intervals, choice.time_intervals, self._now_ms):
                    return choice
            except KeyError as error:
                raise EvaluationError(f"there is no time interval {error.args[0]!r}") from error
        return None

    def samples(self, text: str) -> Sequence[Sample]:
        """What ``query`` in a template answers with."""
        try:
            vector = self._asked(prepared(text))
        except (EvaluationError, QueryError) as error:
            raise TemplateRunError(str(error)) from error
        return [Sample(StringMap(labels.as_dict()), value) for labels, value in vector]

    def _asked(self, question: Prepared) -> Vector:
        try:
            return Vector.of(self._engine.instant(question, self._time_ms))
        except QueryError as error:
            raise EvaluationError(str(error)) from error
