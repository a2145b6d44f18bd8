"""What each part of a query did: how many series it found, in what time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fusewatch.promql import ast
from fusewatch.promql.matrix import Matrix, RangeVector, Value


@dataclass(slots=True)
class Step:
    """A node as it was evaluated, the nodes below it, and what came of it: how many series (1 for a scalar); ``seconds`` with those below.

    ``value`` is kept only where a reason may be found in it.
    """

    node: ast.Expr
    steps: list[Step] = field(default_factory=list)
    value: Value | None = None
    series: int = 0
    seconds: float = 0.0


def _series(value: Value | None) -> int:
    match value:
        case Matrix():
            return int(value.present.any(axis=1).sum())
        case RangeVector(series=series):
            return len(series)
        case None:
            return 0
        case _:
            return 1


def _may_have_a_reason(step: Step) -> bool:
    """Whether what a node was given may say why it found nothing, or grouped by nothing."""
    return not step.series or (isinstance(step.node, ast.Aggregate) and bool(step.node.grouping))


class Trace:
    """Notes every node that is evaluated below another."""

    def __init__(self) -> None:
        self.root: Step | None = None
        self._open: list[Step] = []

    @contextmanager
    def step(self, node: ast.Expr) -> Iterator[Step]:
        """A node that is evaluated now; what it finds is left in the step."""
        found, begun = Step(node), time.perf_counter()
        if self._open:
            self._open[-1].steps.append(found)
        else:
            self.root = found
        self._open.append(found)
        try:
            yield found
        finally:
            found.seconds = time.perf_counter() - begun
            found.series = _series(found.value)
            self._open.pop()
            if not _may_have_a_reason(found):
                for below in found.steps:
                    below.value = below.value if not below.series else None
