"""Samples are printed as Prometheus prints them, by a kernel that a slow reference checks."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusewatch.api.prometheus.numbers import print_series, warm, write_points


def reference_value(value: float) -> str:
    """Go's shortest text: decimals from 1e-6 up to 1e21, else an exponent of two digits or more."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value))
    if value != 0 and not 1e-6 <= abs(value) < 1e21:
        sign, digits, exponent = exact.normalize().as_tuple()
        power = int(exponent) + len(digits) - 1
        mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
        return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def reference_timestamp(timestamp: int) -> str:
    seconds, rest = divmod(abs(timestamp), 1000)
    return ("-" if timestamp < 0 else "") + str(seconds) + (f".{rest:03d}" if rest else "")


def printed(values: list[float], timestamps: list[int] | None = None) -> str:
    times = timestamps if timestamps is not None else [0] * len(values)
    return print_series([b"<"], b">", np.array([0, len(values)]), np.array(times, np.int64), np.array(values, np.float64)).decode()


# What Prometheus 2.42 and 3 answered to `vector(<number>)`.
KNOWN = [
    (0.0, "0"),
    (-0.0, "-0"),
    (1.0, "1"),
    (0.1, "0.1"),
    (1e-6, "0.000001"),
    (1.5e-6, "0.0000015"),
    (9.9e-7, "9.9e-07"),
    (1e15, "1000000000000000"),
    (1000000000000000.5, "1000000000000000.5"),
    (123456789012345680.0, "123456789012345680"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (-1.25e100, "-1.25e+100"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (math.inf, "+Inf"),
    (-math.inf, "-Inf"),
    (math.nan, "NaN"),
]


@pytest.mark.parametrize(("value", "text"), KNOWN)
def test_values_read_as_prometheus_prints_them(value, text):
    assert printed([value]) == f'<[0,"{text}"]>'
    assert reference_value(value) == text


@given(st.lists(st.floats() | st.integers(-(10**17), 10**17).map(float) | st.floats(-1e3, 1e3) | st.floats(1e14, 1e22), max_size=30))
@example([-5e-7, 123456.789, 999999999999999.9, 2.0**53, 1e22, -1e15])
def test_the_kernel_prints_what_the_reference_prints(values):
    assert printed(values) == "<" + ",".join(f'[0,"{reference_value(value)}"]' for value in values) + ">"


@given(st.floats(allow_nan=False))
def test_a_printed_value_reads_back_as_itself(value):
    assert float(json.loads(printed([value]).strip("<>"))[1]) == value


EDGES = [2.0**power for power in range(-1074, 1024)] + [10.0**power for power in range(-323, 309)]


@pytest.mark.parametrize("step", [-math.inf, 0.0, math.inf], ids=["below", "at", "above"])
def test_powers_and_their_neighbours_have_the_shortest_digits(step):
    values = [math.nextafter(value, step) if step else value for value in EDGES]
    assert printed(values) == "<" + ",".join(f'[0,"{reference_value(value)}"]' for value in values) + ">"


@given(st.integers(0, 2**64 - 1))
def test_any_bits_have_the_shortest_digits(bits):
    [value] = np.array([bits], np.uint64).view(np.float64).tolist()
    assert printed([value]) == f'<[0,"{reference_value(value)}"]>'


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), max_size=10))
@example([0, 1, 10, 100, 999, 1000, 1001, -1, -1500, 1435781451781])
def test_times_have_three_decimals_or_none(timestamps):
    expected = ",".join(f'[{reference_timestamp(timestamp)},"1"]' for timestamp in timestamps)
    assert printed([1.0] * len(timestamps), timestamps) == f"<{expected}>"


def test_series_follow_each_other_with_their_own_heads():
    body = print_series(
        [b'{"a":[', b'{"b":[', b'{"c":['], b"]}", np.array([0, 2, 2, 3]), np.array([1000, 2500, 3000]), np.array([1.0, 0.5, np.nan])
    )
    assert body == b'{"a":[[1,"1"],[2.500,"0.5"]]},{"b":[]},{"c":[[3,"NaN"]]}'


def test_no_series_print_nothing():
    assert print_series([], b"]}", np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0)) == b""


def test_no_layout_of_columns_makes_a_client_wait_for_the_compiler():
    warm()
    compiled = len(write_points.signatures)
    values, times = np.arange(10) / 4, np.arange(10)
    fixed = values[:5].copy()
    fixed.flags.writeable = False
    for column in (values[::2], values[5:], fixed, values[:5].astype(np.float32)):
        body = print_series([b""], b"", np.array([0, 5], np.int32), times[5:], column)
        assert [float(text) for _, text in json.loads(b"[" + body + b"]")] == column.tolist()
    assert len(write_points.signatures) == compiled
