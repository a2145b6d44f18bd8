"""Numbers in words that people read: the ``humanize…`` functions of Prometheus' templates.

https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#numbers
"""

from __future__ import annotations

import math
from typing import Any, Final

from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.formatting import sprintf
from fusewatch.templates.moments import Duration, Moment
from fusewatch.templates.values import type_name

_LARGE: Final = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_BINARY: Final = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL: Final = ("m", "u", "n", "p", "f", "a", "z", "y")
_SECOND: Final = 1_000_000_000


def number(value: Any) -> float:
    """What humanizing functions take: numbers, texts of numbers, durations (their seconds).

    Raises:
        TemplateRunError: it is none of these.
    """
    match value:
        case Duration():
            return value.ns / _SECOND
        case bool():
            pass
        case int() | float():
            return float(value)
        case str():
            try:
                return _parsed(value)
            except ValueError:
                raise TemplateRunError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None
    raise TemplateRunError(f"can't convert {type_name(value)} to float")


def _parsed(text: str) -> float:
    if text != text.strip() or "_" in text:
        raise ValueError(text)
    return float.fromhex(text) if text.lower().lstrip("+-").startswith("0x") else float(text)


def _short(value: float) -> str:
    return sprintf("%.4g", [value])


def _scaled(value: float, prefixes: tuple[str, ...], size: float) -> str:
    prefix = ""
    for larger in prefixes:
        if abs(value) < size:
            break
        prefix, value = larger, value / size
    return _short(value) + prefix


def _enlarged(value: float) -> str:
    prefix = ""
    for smaller in _SMALL:
        if abs(value) >= 1:
            break
        prefix, value = smaller, value * 1000
    return _short(value) + prefix


def humanize(value: Any) -> str:
    """With a metric prefix: ``1.235M``."""
    amount = number(value)
    if amount == 0 or not math.isfinite(amount):
        return _short(amount)
    return _scaled(amount, _LARGE, 1000) if abs(amount) >= 1 else _enlarged(amount)


def humanize_1024(value: Any) -> str:
    """With a binary prefix: ``1.5Gi``."""
    amount = number(value)
    if abs(amount) <= 1 or not math.isfinite(amount):
        return _short(amount)
    return _scaled(amount, _BINARY, 1024)


def humanize_percentage(value: Any) -> str:
    """A ratio in percent: ``12.5%``."""
    return _short(number(value) * 100) + "%"


def humanize_duration(value: Any) -> str:
    """Seconds as ``1d 2h 3m 4s``, below a second with a prefix."""
    seconds = number(value)
    if not math.isfinite(seconds):
        return _short(seconds)
    if seconds == 0:
        return "0s"
    if abs(seconds) < 1:
        return _enlarged(seconds) + "s"
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hour}h {minute}m {second}s"
    if hour:
        return f"{sign}{hour}h {minute}m {second}s"
    if minute:
        return f"{sign}{minute}m {second}s"
    return f"{sign}{_short(seconds)}s"


def moment_of(value: Any) -> Moment | None:
    """Seconds since the epoch as a moment; None for what is no finite number.

    Raises:
        TemplateRunError: the number is too large for a time.
    """
    seconds = number(value)
    if not math.isfinite(seconds):
        return None
    nanoseconds = seconds * _SECOND
    if abs(nanoseconds) > float(1 << 63):
        raise TemplateRunError(f"{sprintf('%v', [seconds])} cannot be represented as a nanoseconds timestamp since it overflows int64")
    milliseconds, rest = divmod(int(nanoseconds), 1_000_000)
    del rest  # Prometheus' times are milliseconds
    return Moment(milliseconds * 1_000_000)


def humanize_timestamp(value: Any) -> str:
    """Seconds since the epoch as Go prints a time in UTC."""
    moment = moment_of(value)
    return _short(number(value)) if moment is None else str(moment)
