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
    """The shortest text with an exponent for very large and small numbers (Go's ``%g``)."""
    if not math.isfinite(value):
        return format_value(value)
    text = repr(value).removesuffix(".0")
    magnitude = abs(value)
    if "e" not in text and magnitude and not 1e-4 <= magnitude < 1e21:
        mantissa, _, exponent = f"{value:e}".partition("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
    if "e" in text and 1e-4 <= magnitude < 1e21:
        text = format_value(value)
    return text


def parse_float(text: str) -> float | None:
    """The number that ``text`` is in Go's notation, None when it is none."""
    if not _FLOAT.match(text) or "_" in text:
        return None
    return float(text)
