"""Numbers as people say them."""

from __future__ import annotations

from typing import Final

_SIZES: Final = ("B", "KB", "MB", "GB", "TB", "PB")
_SPANS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def percent(ratio: float) -> str:
    """``0.913`` as ``91 %``; never 100 % for less than all."""
    return f"{min(round(ratio * 100), 99) if ratio < 1 else round(ratio * 100)} %"


def size(count_of_bytes: float) -> str:
    """``1.5 GB``, powers of 1024."""
    number, unit = float(count_of_bytes), _SIZES[0]
    for larger in _SIZES[1:]:
        if abs(number) < 1024:
            break
        number, unit = number / 1024, larger
    return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"


def span(seconds: float) -> str:
    """``3 hours``, ``90 seconds``: one unit, rounded, as small as its number stays below about a hundred."""
    for name, length in _SPANS:
        if seconds >= 2 * length:
            return count(round(seconds / length), name)
    return count(round(seconds), "second")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 core``, ``2 cores``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
