"""What a function of PromQL is, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fusewatch.promql import ast
from fusewatch.promql.annotations import Annotations
from fusewatch.promql.ast import ValueType
from fusewatch.promql.matrix import Grid, Matrix, RangeVector, Value
from fusewatch.telemetry.samples import Float64s


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call: its place in the query, its evaluated arguments, where to leave warnings, and what ends it when it is cancelled.

    ``query`` is the grid of the whole query, ``grid`` the one of this call (another one within a subquery).
    """

    node: ast.Call
    args: Sequence[Value]
    grid: Grid
    query: Grid
    notes: Annotations
    check: Callable[[], None]

    def vector(self, index: int) -> Matrix:
        """An argument that is an instant vector."""
        value = self.args[index]
        assert isinstance(value, Matrix)  # noqa: S101 - the parser checked the types
        return value

    def range(self, index: int) -> RangeVector:
        """An argument that is a range vector."""
        value = self.args[index]
        assert isinstance(value, RangeVector)  # noqa: S101 - the parser checked the types
        return value

    def scalar(self, index: int) -> Float64s:
        """An argument that is a scalar (steps) float64."""
        value = self.args[index]
        assert not isinstance(value, Matrix | RangeVector | str)  # noqa: S101 - the parser checked the types
        return value

    def string(self, index: int) -> str:
        """An argument that is a string."""
        value = self.args[index]
        assert isinstance(value, str)  # noqa: S101 - the parser checked the types
        return value


#: A function that makes an instant vector.
VectorImplementation: TypeAlias = Callable[[CallContext], Matrix]
Implementation: TypeAlias = Callable[[CallContext], Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: the types of its arguments and of its result, and what it does.

    ``at_least`` arguments are needed (all, unless told otherwise), ``at_most`` may be given (-1: the last type any number of times).
    """

    name: str
    args: tuple[ValueType, ...]
    returns: ValueType
    apply: Implementation
    required: int | None = None
    at_most: int | None = None

    @property
    def at_least(self) -> int:
        """How many arguments are needed."""
        return len(self.args) if self.required is None else self.required
