"""Who sends what, and what is refused: counted by request, never by sample."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fusewatch.storage.ingest_statistics import ProtocolStatistics, RefusalStatistics, SenderStatistics
from fusewatch.storage.meter import Meter
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import Sender

#: Senders that are told apart; the others of a protocol count as one. Their numbers fit a byte, and 0 is nobody.
_MOST: Final = 200
_NUMBERS: Final = 256
OTHERS: Final = "(others)"
#: A sender that was silent for so long makes room for a new one.
_IDLE_MS: Final = 600_000
#: A refusal after so long a time without one is news.
_QUIET_MS: Final = 300_000
_MESSAGE_CHARS: Final = 500
_STRANGERS: Final = frozenset({Refusal.UNAUTHENTICATED, Refusal.FORBIDDEN})


@dataclass(slots=True)
class KnownSender:
    """A sender's number, and what it has sent."""

    number: int
    first_seen: int
    meter: Meter
    new_series: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Refused:
    """A class of refusals and the last of them."""

    meter: Meter
    since: int
    message: str
    sender: Sender


class IngestFigures:
    """Thread-safe. ``leave`` is told the number of a sender that makes room for another one."""

    def __init__(self, *, leave: Callable[[int], None] = lambda _: None, most: int = _MOST) -> None:
        #: Samples written and refused, native histograms among them.
        self.written = 0
        self.refused = 0
        self._leave = leave
        self._most = most
        self._lock = threading.Lock()
        self._senders: dict[Sender, KnownSender] = {}
        self._free = list(range(_NUMBERS - 1, 0, -1))
        self._gone: dict[str, tuple[int, int, int, int]] = {}
        self._refusals: dict[Refusal, _Refused] = {}

    def known(self, sender: Sender, now: int) -> KnownSender:
        """A sender, new or known; its number is its own until it leaves. ``now`` in ms."""
        known = self._senders.get(sender)
        if known is None:
            with self._lock:
                known = self._senders.get(sender) or self._enter(sender, now)
        return known

    def took(self, known: KnownSender, now: int, samples: int, size: int, new_series: int) -> None:
        """Counts a request of ``size`` bytes that is in the log. One call at a time: the log's own lock sees to that."""
        known.meter.add(now, samples, size)
        known.new_series += new_series
        self.written += samples

    def refuse(self, sender: Sender, now: int, reason: Refusal, message: str, samples: int = 0) -> None:
        """Counts a request that was refused, or ``samples`` of one."""
        # Strangers must not take the places of those who may send.
        known = self._senders.get(sender) if reason in _STRANGERS else self.known(sender, now)
        with self._lock:
            if known is not None:
                known.refused += samples or 1
            self.refused += samples
            found = self._refusals.get(reason)
            if found is None:
                found = self._refusals[reason] = _Refused(Meter(now), now, "", sender)
            elif now - found.meter.last > _QUIET_MS:
                found.since = now
            found.meter.add(now, samples)
            found.message, found.sender = message[:_MESSAGE_CHARS], sender

    def senders(self, now: int, series: Sequence[int], limit: int) -> list[SenderStatistics]:
        """The senders of most samples in the last minute, then those seen last; ``series`` counts active ones by number."""
        with self._lock:
            found = [_statistics(sender, known, now, series) for sender, known in self._senders.items()]
        found.sort(key=lambda one: (one.samples_per_second, one.last_seen), reverse=True)
        return found[:limit]

    @property
    def sender_count(self) -> int:
        """How many senders are known."""
        return len(self._senders)

    def protocols(self) -> list[ProtocolStatistics]:
        """Sums by protocol; they never go down."""
        with self._lock:
            sums = dict(self._gone)
            for sender, known in self._senders.items():
                sums[sender.protocol] = _add(sums.get(sender.protocol), known)
        return [ProtocolStatistics(protocol, *counts) for protocol, counts in sorted(sums.items())]

    def refusals(self, now: int) -> list[RefusalStatistics]:
        """What was refused, the latest first."""
        with self._lock:
            found = [
                RefusalStatistics(
                    reason=reason,
                    requests=one.meter.requests,
                    samples=one.meter.samples,
                    since=one.since,
                    last=one.meter.last,
                    requests_per_second=(rates := one.meter.rates(now))[0],
                    samples_per_second=rates[1],
                    message=one.message,
                    protocol=one.sender.protocol,
                    agent=one.sender.agent,
                    address=one.sender.address,
                )
                for reason, one in self._refusals.items()
            ]
        return sorted(found, key=lambda one: one.last, reverse=True)

    def _enter(self, sender: Sender, now: int) -> KnownSender:
        if len(self._senders) >= self._most:
            idlest = min(self._senders, key=lambda one: self._senders[one].meter.last)
            if now - self._senders[idlest].meter.last <= _IDLE_MS:
                # A crowd of senders must not push each other out at every request.
                sender = Sender(sender.protocol, OTHERS)
                if sender in self._senders or not self._free:
                    return self._senders.get(sender) or self._senders[idlest]
            else:
                self._forget(idlest)
        number = self._free.pop()
        entered = self._senders[sender] = KnownSender(number, now, Meter(now))
        return entered

    def _forget(self, sender: Sender) -> None:
        known = self._senders.pop(sender)
        self._gone[sender.protocol] = _add(self._gone.get(sender.protocol), known)
        self._leave(known.number)
        self._free.append(known.number)


def _add(sums: tuple[int, int, int, int] | None, known: KnownSender) -> tuple[int, int, int, int]:
    requests, samples, size, series = sums or (0, 0, 0, 0)
    return requests + known.meter.requests, samples + known.meter.samples, size + known.meter.bytes, series + known.new_series


def _statistics(sender: Sender, known: KnownSender, now: int, series: Sequence[int]) -> SenderStatistics:
    meter = known.meter
    requests, samples, size = meter.rates(now)
    return SenderStatistics(
        protocol=sender.protocol,
        agent=sender.agent,
        identity=sender.identity,
        address=sender.address,
        first_seen=known.first_seen,
        last_seen=meter.last,
        requests=meter.requests,
        samples=meter.samples,
        bytes=meter.bytes,
        series=series[known.number],
        new_series=known.new_series,
        refused=known.refused,
        requests_per_second=requests,
        samples_per_second=samples,
        bytes_per_second=size,
    )
