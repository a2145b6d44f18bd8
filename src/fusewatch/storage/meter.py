"""Counters with the rate of the last minute."""

from __future__ import annotations

from typing import Final

_MINUTE_MS: Final = 60_000


class Meter:
    """Requests, samples and bytes. A request costs four additions; the rate is made when it is asked for."""

    __slots__ = ("_before", "_mark", "_minute", "_started", "bytes", "last", "requests", "samples")

    def __init__(self, now: int) -> None:
        self.requests = self.samples = self.bytes = 0
        self.last = self._started = now
        self._minute = now // _MINUTE_MS
        #: The counters when this minute began, and the one before it.
        self._mark = self._before = (0, 0, 0)

    def add(self, now: int, samples: int, size: int = 0) -> None:
        """Counts a request at ``now`` (ms)."""
        if now // _MINUTE_MS != self._minute:
            self._turn(now // _MINUTE_MS)
        self.last = now
        self.requests += 1
        self.samples += samples
        self.bytes += size

    def rates(self, now: int) -> tuple[float, float, float]:
        """Requests, samples and bytes a second: those of this minute, and of the one before as much as still lies within 60 s."""
        if now // _MINUTE_MS != self._minute:
            self._turn(now // _MINUTE_MS)
        left = 1 - now % _MINUTE_MS / _MINUTE_MS
        seconds = min(max(now - self._started, 1000), _MINUTE_MS) / 1000
        counters = (self.requests, self.samples, self.bytes)
        requests, samples, size = (
            (count - mark + (mark - before) * left) / seconds
            for count, mark, before in zip(counters, self._mark, self._before, strict=True)
        )
        return requests, samples, size

    def _turn(self, minute: int) -> None:
        counters = (self.requests, self.samples, self.bytes)
        self._before = self._mark if minute == self._minute + 1 else counters
        self._mark, self._minute = counters, minute
