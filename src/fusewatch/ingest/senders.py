"""Who a request comes from, as the figures of ingest tell senders apart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Scope

from fusewatch.access.identity import SCOPE_KEY
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import Sender

#: Hands what a decoder made of a request of so many bytes to the log: see :meth:`fusewatch.storage.door.Door.append`.
Append = Callable[[Decoded, Sender, int], Awaitable[None]]
#: Counts a request that never comes to the door: its sender, why, and that in words.
Refuse = Callable[[Sender, Refusal, str], None]

_REMEMBERED: Final = 1000
_CHARS: Final = 120
#: Who has credentials; others are known by their address alone.
_NAMED: Final = frozenset({"user", "token"})


#: Errors that the door has counted.
_COUNTED: Final = (SamplesRejectedError, OverloadedError, ReadOnlyError)
_BY_STATUS: Final = {413: Refusal.TOO_LARGE, 415: Refusal.UNSUPPORTED}


def reason_of(error: Exception) -> Refusal | None:
    """Under which class an error of a receiver is counted; None: the door has done so."""
    if isinstance(error, _COUNTED):
        return None
    if isinstance(error, ValueError):
        return _BY_STATUS.get(getattr(error, "status", 400), Refusal.MALFORMED)
    return Refusal.FAILED


def count_nothing(_sender: Sender, _reason: Refusal, _message: str) -> None:
    """A :data:`Refuse` for who does not count."""


class Senders:
    """Finds the senders of requests; remembers what it made, because a sender comes many times a second."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes, str, str], Sender] = {}

    def __call__(self, scope: Scope, protocol: str) -> Sender:
        """The sender of an ASGI request that speaks ``protocol``."""
        agent = b""
        for name, value in scope["headers"]:
            if name == b"user-agent":
                agent = value
        identity, client = scope.get(SCOPE_KEY), scope.get("client")
        key = protocol, agent, identity.name if identity is not None and identity.kind in _NAMED else "", client[0] if client else ""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = Sender(protocol, agent.decode("latin-1")[:_CHARS], key[2], key[3])
        return found
