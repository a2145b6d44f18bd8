"""Who a request comes from, as the figures of ingest tell senders apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from starlette.types import Scope

from fusewatch.access.identity import identity_of
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import Sender

#: Counts a request that never comes to the door: its sender, why, and that in words.
Refuse = Callable[[Sender, Refusal, str], None]

_REMEMBERED: Final = 1000
_CHARS: Final = 120
#: Who has credentials; others are known by their address alone.
_NAMED: Final = frozenset({"user", "token"})


class SenderOf(Protocol):
    """Finds the sender of a request."""

    def __call__(self, scope: Scope, protocol: str) -> Sender:
        """The sender of an ASGI request that speaks ``protocol``."""
        ...


class Senders:
    """Implements :class:`SenderOf`; remembers what it made, because a sender comes many times a second."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes, str, str], Sender] = {}

    def __call__(self, scope: Scope, protocol: str) -> Sender:
        """See :class:`SenderOf`."""
        agent = b""
        for name, value in scope["headers"]:
            if name == b"user-agent":
                agent = value
        identity, client = identity_of(scope), scope.get("client")
        key = protocol, agent, identity.name if identity.kind in _NAMED else "", client[0] if client else ""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = Sender(protocol, agent.decode("latin-1")[:_CHARS], key[2], key[3])
        return found
