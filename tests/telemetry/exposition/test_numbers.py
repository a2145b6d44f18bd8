from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusewatch.telemetry.exposition.numbers import NORMAL_NAN, parse_number, powers_of_five, read_number
from fusewatch.telemetry.kernels import kernel


@kernel
def decode(page, powers, out):
    bits, good = read_number(page, 0, len(page), powers)
    out[0] = bits
    out[1] = 1 if good else 0


def compiled(text: str) -> float | None:
    """What the compiled reader makes of the text; None where it leaves it to Python."""
    out = np.zeros(2, np.uint64)
    decode(np.frombuffer(text.encode(), np.uint8), powers_of_five(), out)
    return float(out[:1].view(np.float64)[0]) if out[1] else None


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(2.2250738585072014e-308)
@example(1.7976931348623157e308)
@example(9007199254740993.0)
@example(-0.0)
def test_every_float_is_read_back_bit_for_bit(value):
    read = compiled(repr(value))
    assert read is None or bits(read) == bits(value)
    assert bits(parse_number(repr(value))) == bits(value)


@given(st.from_regex(r"[+-]?[0-9]{1,21}(\.[0-9]{0,21})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
@example("7.2057594037927933e16")  # a tie that rounds to even
@example("9007199254740993")
@example("1e23")
@example("0.500000000000000166533453693773481063544750213623046875")
@example("8.98846567431157953864652595394501288966e307")
def test_the_compiled_reader_agrees_with_python_wherever_it_decides(text):
    read = compiled(text)
    assert read is None or bits(read) == bits(float(text))


@pytest.mark.parametrize("text", ["1", "12345.678901234567", "0.0001234567890123", "1.7e+09", "1e-7", "4.9406564584124654", "-3"])
def test_what_exporters_write_never_needs_python(text):
    assert compiled(text) == float(text)


@pytest.mark.parametrize(("text", "value"), [("+Inf", math.inf), ("-Inf", -math.inf)])
def test_infinities(text, value):
    assert compiled(text) == parse_number(text) == value


def test_nan_is_prometheus_normal_nan():
    read = compiled("NaN")
    assert read is not None
    assert bits(read) == bits(parse_number("NaN")) == bits(NORMAL_NAN)


@pytest.mark.parametrize("text", ["inf", "-infinity", "nan", "+inf", "Infinity"])
def test_rare_spellings_are_left_to_python(text):
    assert compiled(text) is None
    assert not math.isfinite(parse_number(text))


@pytest.mark.parametrize(
    "text",
    ["", "+", ".", "1_000", "0x1p4", "0x10", "1e", "1e+", "--1", "1.2.3", "+nan", "١", " 1", "1 ", "1e400", "-1e999", "1,5", "1f"],  # noqa: RUF001
)
def test_what_go_does_not_read_is_no_number(text):
    assert compiled(text) is None
    with pytest.raises(ValueError, match="parsing"):
        parse_number(text)
