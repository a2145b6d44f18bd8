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
    """A node as it was evaluated, the nodes below it, and what came of it; ``seconds`` with those below."""

    node: ast.Expr
    steps: list[Step] = field(default_factory=list)
    value: Value | None = None
    seconds: float = 0.0

    @property
    def series(self) -> int:
        """How many series it found, 1 for a scalar."""
        match self.value:
            case Matrix():
                return int(self.value.present.any(axis=1).sum())
            case RangeVector(series=series):
                return len(series)
            case None:
                return 0
            case _:
                return 1


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
            self._open.pop()
