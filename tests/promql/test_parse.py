"""The parser reads what Prometheus 3 reads, refuses the rest in Prometheus' words, and survives anything."""

from __future__ import annotations

import contextlib
import re

import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusewatch.promql import ast
from fusewatch.promql.errors import ParseError, QueryError
from fusewatch.promql.lexer import MAX_QUERY_LENGTH
from fusewatch.promql.parse import parse


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "1:1: parse error: no expression found in input"),
        ("foo bar", '1:5: parse error: unexpected identifier "bar"'),
        ("sum(", "1:5: parse error: unexpected end of input"),
        ("sum(x", "1:6: parse error: unclosed left parenthesis"),
        ("x{a=1}", '1:5: parse error: unexpected number "1" in label matching, expected string'),
        ('x{a=~"("}', "1:3: parse error: error parsing regexp: missing ): (: `(`"),
        ('{a=~".*"}', "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        ('x{__name__="y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"'),
        ('"abc', "1:1: parse error: unterminated quoted string"),
        ("x[0s]", "1:3: parse error: duration must be greater than 0"),
        ("x[5m][5m]", "1:6: parse error: ranges only allowed for vector selectors"),
        ("x offset 1m[5m]", "1:12: parse error: no offset modifiers allowed before range"),
        ("x offset 1m offset 1m", "1:13: parse error: offset may not be set multiple times per selector"),
        (
            "sum(x) offset 1m",
            "1:8: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
        ),
        ("rate(x)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
        ("rate(x[5m], 1)", '1:1: parse error: expected 1 argument(s) in call to "rate", got 2'),
        ("round()", '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'),
        ("round(x, 1, 2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'),
        ("nosuch(x)", '1:1: parse error: unknown function with name "nosuch"'),
        ("topk(x)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("sum()", "1:4: parse error: no arguments for aggregate expression provided"),
        ('x + "a"', "1:5: parse error: binary expression must contain only scalar and instant vector types"),
        ("x + bool y", "1:3: parse error: bool modifier can only be used on comparison operators"),
        ("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("1 and x", '1:1: parse error: set operator "and" not allowed in binary scalar expression'),
        ("x + on(a) group_left(a) y", '1:3: parse error: label "a" must not occur in ON and GROUP clause at once'),
        ("x and on(a) group_left() y", '1:1: parse error: no grouping allowed for "and" operation'),
        ("x + on(a) 1", "1:1: parse error: vector matching only allowed between instant vectors"),
        ("-x[5m]", '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"'),
        ("sum(x,\n  y +)", '2:6: parse error: unexpected ")"'),
        ("1.5.2", '1:1: parse error: bad number or duration syntax: "1.5.2"'),
        ("x ^^ 1", '1:4: parse error: unexpected "^"'),
    ],
)
def test_a_wrong_query_is_refused_where_it_goes_wrong(query, message):
    with pytest.raises(ParseError) as caught:
        parse(query)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("x[5m] anchored smoothed", "1:16: parse error: anchored and smoothed modifiers cannot be used together"),
        ("x[5m:1m] smoothed", "1:10: parse error: smoothed modifier is not supported for subqueries"),
        ("sum(x) anchored", "1:8: parse error: anchored modifier not implemented"),
        ("info(x, y)", "1:9: parse error: expected label selectors only, got vector selector instead"),
        ("info(x, sum({a='b'}))", "1:9: parse error: expected label selectors only"),
    ],
)
def test_what_modifiers_and_info_do_not_take_is_told(query, message):
    with pytest.raises(ParseError) as caught:
        parse(query)
    assert str(caught.value) == message


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
    node = parse(f"x[{range_text}]", step_ms=15_000, range_ms=3_600_000)
    assert isinstance(node, ast.RangeSelector)
    assert node.range_ms == milliseconds
