"""Numbers are written as Go writes them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.promql.functions.order import natural_key
from fusewatch.promql.numbers import format_value, go_general, parse_float


@pytest.mark.parametrize(
    ("value", "plain", "general"),
    [
        (1.0, "1", "1"),
        (0.1, "0.1", "0.1"),
        (-2.5, "-2.5", "-2.5"),
        (1e21, "1000000000000000000000", "1e+21"),
        (123456.0, "123456", "123456"),
        (-12345678.0, "-12345678", "-1.2345678e+07"),
        (1e100, "1" + "0" * 100, "1e+100"),
        (1e-5, "0.00001", "1e-05"),
        (0.0001, "0.0001", "0.0001"),
        (math.nan, "NaN", "NaN"),
        (math.inf, "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf"),
        (0.0, "0", "0"),
    ],
)
def test_a_number_as_text(value, plain, general):
    assert format_value(value) == plain
    assert go_general(value) == general


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_itself(value):
    assert parse_float(format_value(value)) == value
    assert parse_float(go_general(value)) == value


@pytest.mark.parametrize("text", ["", "Hello World", "1_000", "0x1", "1 ", "--1"])
def test_what_is_no_number_is_none(text):
    assert parse_float(text) is None


def test_natural_order_counts_numbers():
    names = ["node-10", "node-9", "node-9a", "a", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "node-9", "node-9a", "node-10"]
