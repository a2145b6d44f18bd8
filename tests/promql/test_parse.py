"""The parser reads what Prometheus 3 reads, refuses the rest in Prometheus' words, and survives anything."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusewatch.promql import ast
from fusewatch.promql.durations import DurationContext
from fusewatch.promql.errors import ParseError, QueryError
from fusewatch.promql.lexer import MAX_QUERY_LENGTH
from fusewatch.promql.parse import parse

#: Queries, and what the parser of Prometheus 3.14 says of them with all its features on ("": nothing is wrong).
REFUSALS = [json.loads(line) for line in (Path(__file__).parent / "refusals.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("query", "message"), [pytest.param(*row, id=str(number)) for number, row in enumerate(REFUSALS, 1)])
def test_a_query_is_refused_where_and_as_prometheus_refuses_it(query, message):
    assert complaint(query) == message


def complaint(query: str) -> str:
    try:
        parse(query)
    except ParseError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("query", ["x[step()]", "x[range() / 2 : step()]", "x offset -step()", "x[5m / step()]"])
def test_a_duration_of_the_step_is_judged_where_the_step_is_known(query):
    assert complaint(query) == ""
    parse(query, DurationContext(step_ms=15_000, range_ms=60_000))


@pytest.mark.parametrize(
    ("query", "reason"),
    [("x[step()]", "duration must be greater than 0"), ("x[5m / step()]", "division by zero"), ("x[5m ^ 999]", "duration out of range")],
)
def test_a_computed_duration_that_is_none_is_refused_where_it_stands(query, reason):
    with pytest.raises(ParseError) as caught:
        parse(query, DurationContext(step_ms=0, range_ms=0))
    assert str(caught.value) == f"1:3: parse error: {reason}"


@given(st.text(alphabet="ab é日😀\n", max_size=20))
def test_a_position_counts_lines_and_bytes(before):
    with pytest.raises(ParseError) as caught:
        parse(f"`{before}` $")
    lines = f"`{before}` ".split("\n")
    assert caught.value.position == (len(lines), len(lines[-1].encode()) + 1)


def test_only_the_second_argument_of_info_may_select_everything():
    parse('info(x, {a=~".*"})')
    with pytest.raises(ParseError, match="at least one non-empty matcher"):
        parse('info({a=~".*"}, {a="b"})')


MONSTERS = (
    *("(" * 10_000, "(" * 10_000 + "1" + ")" * 10_000, "-" * 10_000 + "x", "x" + "[5m:]" * 10_000, "x" + " + x" * 10_000),
    *("sum(" * 5_000, "1 ^ " * 5_000 + "1", "x{" * 10_000, "x " * (MAX_QUERY_LENGTH // 2 + 1), "x" * 1_000_000),
    "(" * 90 + "x" + " + x" * 100 + ")  + x" * 90,
)


@pytest.mark.parametrize("query", [pytest.param(query, id=query[:8] + str(len(query))) for query in MONSTERS])
def test_a_monstrous_query_is_an_error_and_no_crash(query):
    with pytest.raises(ParseError):
        parse(query)


def test_a_long_chain_and_a_deep_nest_within_bounds_are_read():
    assert isinstance(parse(" + ".join(["x"] * 150)), ast.Binary)
    assert isinstance(parse("(" * 90 + "x" + ")" * 90), ast.Selector)


@given(st.text(alphabet="x1() +-^*{}[]=~\"'`,:@#\\.5mbyonsum\n\t$é", max_size=40))
@settings(max_examples=400)
def test_any_text_is_a_tree_or_an_error(text):
    with contextlib.suppress(QueryError):
        parse(text)


ATOMS = st.sampled_from(["x", 'y{a="b"}', "1", "2.5", "rate(x[5m])", "sum by (a) (x)", "z offset 5m", "x @ 10", "max_over_time(x[5m:1m])"])
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "^", "atan2"]), inner).map(" ".join),
        inner.map(lambda query: f"({query})"),
        inner.map(lambda query: f"-{query}"),
        st.tuples(inner, st.sampled_from(["== bool", "> bool", "<= bool"]), inner).map(" ".join),
    ),
    max_leaves=8,
)


@given(QUERIES)
@settings(max_examples=300)
def test_operators_bind_as_another_parser_of_promql_has_it(query):
    assert shape(parse(query)) == foreign_shape(promql_parser.parse(query))


def shape(node: ast.Expr) -> str:
    """The tree as text with every operation in parentheses."""
    match node:
        case ast.Binary():
            return f"({shape(node.left)} {node.op} {shape(node.right)})"
        case ast.Negation():
            return f"-({shape(node.expr)})"
        case ast.Number():
            return f"{node.value:g}" if node.value >= 0 else f"-({-node.value:g})"
        case ast.Selector():
            return "selector"
        case _:
            return type(node).__name__


def negated(inner: str) -> str:
    """A sign before a number is part of the number, as our tree has it."""
    number = re.fullmatch(r"-\(([0-9.]+)\)", inner)
    return number.group(1) if number else f"-({inner})"


def foreign_shape(node: promql_parser.Expr) -> str:
    match type(node).__name__:
        case "BinaryExpr":
            return f"({foreign_shape(node.lhs)} {node.op} {foreign_shape(node.rhs)})"
        case "UnaryExpr":
            return negated(foreign_shape(node.expr))
        case "ParenExpr":
            return foreign_shape(node.expr)
        case "NumberLiteral":
            return f"{node.val:g}" if node.val >= 0 else f"-({-node.val:g})"
        case "VectorSelector":
            return "selector"
        case name:
            return {"AggregateExpr": "Aggregate"}.get(name, name)


@pytest.mark.parametrize(
    ("query", "value"),
    [("0x1F", 31), ("010", 8), ("1_000", 1000), ("1m30s", 90), ("1e3", 1000), ("-1", -1), ("5ms", 0.005), (".5", 0.5), ("2.", 2)],
)
def test_a_number_is_read_as_go_reads_it(query, value):
    node = parse(query)
    assert isinstance(node, ast.Number)
    assert node.value == value


@pytest.mark.parametrize(
    ("query", "text"),
    [(r'"a\tb"', "a\tb"), (r"'\x41\u00e9\U0001F600\101'", "Aé😀A"), ("`a\\nb`", "a\\nb"), (r'"\""', '"')],
)
def test_a_string_is_read_as_go_reads_it(query, text):
    node = parse(query)
    assert isinstance(node, ast.String)
    assert node.value == text


@pytest.mark.parametrize(
    ("range_text", "milliseconds"),
    [
        ("2m*3", 360_000),
        ("step()+1s", 16_000),
        ("range()/2", 1_800_000),
        ("min_of(step(), 1s)", 1000),
        ("-(1m - 2m)", 60_000),
        ("90", 90_000),
    ],
)
def test_a_range_may_be_computed(range_text, milliseconds):
    node = parse(f"x[{range_text}]", DurationContext(step_ms=15_000, range_ms=3_600_000))
    assert isinstance(node, ast.RangeSelector)
    assert node.range_ms == milliseconds
