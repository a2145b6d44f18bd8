"""Slows guessing down, by address and by user, in bounded memory."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fusewatch.access.config import LoginSettings
from fusewatch.telemetry.clock import Clock

_Key = tuple[str, str]

_MAX_KEYS: Final = 10_000
#: Failures are forgotten after this long without another one, or twice the longest wait.
_FORGET_S: Final = 900.0
#: One address may stand for an office, and one user is tried from everywhere: these wait later than the pair of both.
_ADDRESS_FACTOR: Final = 4
_USER_FACTOR: Final = 10


@dataclass(slots=True)
class _Record:
    failures: int = 0
    last: float = 0.0
    blocked_until: float = 0.0


class Throttle:
    """Counts attempts before they are judged, so that many at once gain nothing; a success takes its own back.

    After ``attempts`` wrong ones from an address for a user, each further must wait twice as long as the one before. Where a user has
    logged in from before, guesses from elsewhere do not lock them out.
    """

    def __init__(self, settings: LoginSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._forget_s = max(_FORGET_S, settings.longest_wait / 500)
        self._records: OrderedDict[_Key, _Record] = OrderedDict()
        self._trusted: OrderedDict[_Key, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def attempt(self, address: str, user: str) -> int:
        """0 when a try may be judged now (it counts as wrong until :meth:`succeeded`), else the seconds to wait."""
        now = self._clock.monotonic()
        keys = list(self._keys(address, user))
        records = [self._record(key, now) for key, _ in keys]
        wait = max(record.blocked_until for record in records) - now
        if wait > 0:
            return math.ceil(wait)
        for record, (_, attempts) in zip(records, keys, strict=True):
            record.failures += 1
            record.last = now
            excess = record.failures - attempts
            if excess >= 0:
                record.blocked_until = now + min(self._settings.longest_wait, self._settings.first_wait * 2 ** min(excess, 40)) / 1000
        return 0

    def succeeded(self, address: str, user: str) -> None:
        """Takes the last attempt back, and forgives the address its tries for this user."""
        (pair, _), *shared = self._keys(address, user)
        self._records.pop(pair, None)
        self._trust(pair)
        for key, _ in shared:
            record = self._records.get(key)
            if record is not None:
                record.failures = max(0, record.failures - 1)
                record.blocked_until = 0.0

    def _keys(self, address: str, user: str) -> Iterable[tuple[_Key, int]]:
        network, attempts = _network(address), self._settings.attempts
        name = user[:64]
        pair = ("pair", f"{network} {name}")
        yield pair, attempts
        yield ("address", network), attempts * _ADDRESS_FACTOR
        if pair not in self._trusted:
            yield ("user", name), attempts * _USER_FACTOR

    def _trust(self, pair: _Key) -> None:
        self._trusted[pair] = None
        self._trusted.move_to_end(pair)
        if len(self._trusted) > _MAX_KEYS:
            self._trusted.popitem(last=False)

    def _record(self, key: _Key, now: float) -> _Record:
        record = self._records.get(key)
        if record is None or now - record.last > self._forget_s:
            record = self._records[key] = _Record(last=now)
            if len(self._records) > _MAX_KEYS:
                self._records.popitem(last=False)
        self._records.move_to_end(key)
        return record


def _network(address: str) -> str:
    """Who counts as one: an IPv4 address, or the /64 that an IPv6 customer has for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
