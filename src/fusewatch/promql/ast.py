"""The query as a tree of immutable, typed nodes.

Parentheses leave no node. Every node carries the ``span`` of the text it came from, so that warnings can point there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fusewatch.telemetry.matchers import Matcher


class ValueType(StrEnum):
    """What an expression evaluates to, as Prometheus' error messages call it."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of the query text."""

    start: int
    end: int


class AtAnchor(StrEnum):
    """``@ start()`` and ``@ end()``: the first and the last step of the whole query."""

    START = "start"
    END = "end"


class Extended(StrEnum):
    """Selectors that look beyond their window: at the last sample before it, or at those on both sides of its ends."""

    ANCHORED = "anchored"
    SMOOTHED = "smoothed"


#: The ``@`` modifier: milliseconds UTC, an anchor, or none.
At = int | AtAnchor | None


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class String:
    """A literal string."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Selector:
    """An instant vector selector; the metric's name is one of the matchers.

    ``counts_only``: no one looks at the buckets of its native histograms; the plan finds that out.
    """

    matchers: tuple[Matcher, ...]
    offset_ms: int
    at: At
    span: Span
    counts_only: bool = False
    extended: Extended | None = None


@dataclass(frozen=True, slots=True)
class RangeSelector:
    """``selector[range]``; offset and @ stand in the selector."""

    selector: Selector
    range_ms: int
    span: Span


@dataclass(frozen=True, slots=True)
class Subquery:
    """``expr[range:step]``; without a step the engine's default applies."""

    expr: Expr
    range_ms: int
    step_ms: int | None
    offset_ms: int
    at: At
    span: Span


@dataclass(frozen=True, slots=True)
class Negation:
    """``-expr``."""

    expr: Expr
    span: Span


class Cardinality(StrEnum):
    """How many series of each side may match one of the other; written from left to right."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class Matching:
    """``on``/``ignoring``, ``group_left``/``group_right`` and ``fill`` between two vectors."""

    cardinality: Cardinality
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right``; ``matching`` only between two instant vectors."""

    op: str
    left: Expr
    right: Expr
    matching: Matching | None
    return_bool: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``op by|without (grouping) (param, expr)``."""

    op: str
    expr: Expr
    param: Expr | None
    grouping: tuple[str, ...]
    without: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """``function(args…)``."""

    function: str
    args: tuple[Expr, ...]
    returns: ValueType
    span: Span


@dataclass(frozen=True, slots=True)
class Invariant:
    """An expression with the same result at every step; the plan puts it in, it is evaluated once."""

    expr: Expr
    span: Span


Expr = Number | String | Selector | RangeSelector | Subquery | Negation | Binary | Aggregate | Call | Invariant

SET_OPERATORS: Final = frozenset({"and", "or", "unless"})
#: They cut a native histogram's observations off below or above a number.
TRIMS: Final = frozenset({"</", ">/"})
COMPARISONS: Final = frozenset({"==", "!=", "<", ">", "<=", ">="})


def value_type(node: Expr) -> ValueType:
    """What ``node`` evaluates to."""
    match node:
        case Number():
            return ValueType.SCALAR
        case String():
            return ValueType.STRING
        case Selector() | Aggregate():
            return ValueType.VECTOR
        case RangeSelector() | Subquery():
            return ValueType.MATRIX
        case Call():
            return node.returns
        case Negation() | Invariant():
            return value_type(node.expr)
        case Binary():
            scalars = value_type(node.left) is ValueType.SCALAR and value_type(node.right) is ValueType.SCALAR
            return ValueType.SCALAR if scalars else ValueType.VECTOR


def children(node: Expr) -> Iterator[Expr]:
    """The expressions that ``node`` evaluates, in the order of the text."""
    match node:
        case RangeSelector():
            yield node.selector
        case Subquery() | Negation() | Invariant():
            yield node.expr
        case Binary():
            yield node.left
            yield node.right
        case Aggregate():
            if node.param is not None:
                yield node.param
            yield node.expr
        case Call():
            yield from node.args
        case _:
            return


def map_children(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """``node`` with ``change`` applied to every child."""
    match node:
        case RangeSelector():
            selector = change(node.selector)
            # A range selector's own @ ties its window, not the selector: that one is never wrapped.
            return replace(node, selector=selector) if isinstance(selector, Selector) else node
        case Subquery() | Negation() | Invariant():
            return replace(node, expr=change(node.expr))
        case Binary():
            return replace(node, left=change(node.left), right=change(node.right))
        case Aggregate():
            return replace(node, expr=change(node.expr), param=None if node.param is None else change(node.param))
        case Call():
            return replace(node, args=tuple(change(arg) for arg in node.args))
        case _:
            return node


def fixed_in_time(node: Selector | RangeSelector | Subquery) -> bool:
    """Whether an @ modifier ties the selector to one moment."""
    return (node.selector.at if isinstance(node, RangeSelector) else node.at) is not None
