"""Time, as something a test can hand in."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where a component asks for the time."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring waits."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
