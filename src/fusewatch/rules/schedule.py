"""When a group of rules is evaluated: at moments that lie one interval apart, spread over all groups, whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass

import xxhash


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment of evaluation (ms UTC), and how many before it were missed."""

    at: int
    missed: int


class Schedule:
    """The moments of one group. Times are ms UTC."""

    def __init__(self, key: str, interval_ms: int) -> None:
        self._interval = interval_ms
        self._phase = xxhash.xxh3_64_intdigest(key.encode()) % interval_ms
        self._last: int | None = None

    def slot_before(self, now: int) -> int:
        """The last moment that is not after ``now``."""
        return (now - self._phase) // self._interval * self._interval + self._phase

    def wait_ms(self, now: int) -> int:
        """How long to wait for the next moment; 0 when it is here.

        A clock that was set back further than one interval begins anew.
        """
        if self._last is None or now < self._last - self._interval:
            self._last = self.slot_before(now)
        return max(0, self._last + self._interval - now)

    def turn(self, now: int) -> Turn:
        """The moment that is to be evaluated now that its time has come."""
        slot = self.slot_before(now)
        missed = 0 if self._last is None else max(0, (slot - self._last) // self._interval - 1)
        self._last = slot
        return Turn(slot, missed)
