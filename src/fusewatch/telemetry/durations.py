"""Durations as Prometheus writes them: ``15s``, ``1h30m``, ``500ms``."""

from __future__ import annotations

import re
from typing import Final

_UNITS_MS: Final = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PATTERN = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?\Z")
_LIMIT_MS: Final = (1 << 63) // 1_000_000


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as ``1h30m``; units largest first, each once (Prometheus' ``model.ParseDuration``).

    Raises:
        ValueError: empty, an unknown unit, units out of order, or more than 292 years.
    """
    if text == "0":
        return 0
    found = _PATTERN.match(text)
    if not text or found is None:
        message = f"not a valid duration: {text!r} (write it like 15s, 1h30m or 500ms)"
        raise ValueError(message)
    total = sum(int(number) * unit for number, unit in zip(found.groups(), _UNITS_MS.values(), strict=True) if number)
    if total > _LIMIT_MS:
        message = f"duration out of range: {text!r}"
        raise ValueError(message)
    return total


def format_duration(milliseconds: int) -> str:
    """The shortest text that :func:`parse_duration` reads back, ``0s`` for nothing."""
    if milliseconds == 0:
        return "0s"
    rest, parts = abs(milliseconds), []
    for unit, size in _UNITS_MS.items():
        # Years and weeks only where they divide evenly, as Prometheus prints them: 8d stays 8d.
        if unit in ("y", "w") and rest % size:
            continue
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if milliseconds < 0 else "") + "".join(parts)
