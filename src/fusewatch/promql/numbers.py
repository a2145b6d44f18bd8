"""Numbers as text, the way Prometheus writes and reads them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_FLOAT = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z|[+-]?(?:inf(?:inity)?|nan)\Z", re.IGNORECASE)


def format_value(value: float) -> str:
    """The shortest text that reads back as ``value``, without an exponent (Go's ``FormatFloat(v, 'f', -1, 64)``)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def go_general(value: float) -> str:
    """The shortest text, with an exponent from a million up and below 0.0001 (Go's ``%g``)."""
    if not math.isfinite(value) or value == 0:
        return format_value(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    magnitude = len(digits) - 1 + int(exponent)
    if -4 <= magnitude < 6:
        return format_value(value)
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{magnitude:+03d}"


def parse_float(text: str) -> float | None:
    """The number that ``text`` is in Go's notation, None when it is none."""
    if not _FLOAT.match(text) or "_" in text:
        return None
    return float(text)
