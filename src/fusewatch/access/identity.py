"""Who a request comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fusewatch.access.need import Need, Role

#: Where the gate leaves the identity in an ASGI scope.
SCOPE_KEY: Final = "fusewatch.identity"

Kind = Literal["local", "user", "token", "anonymous"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody with a role, and where they are.

    ``kind`` says how we know: ``local`` (a loopback server without users), ``user`` (session or password), ``token``, or ``anonymous``.
    ``expires_at`` (ms UTC) is when a token ends. ``user`` is the user behind a session, password or token.
    ``session`` and ``csrf`` are set for a browser's session only.
    """

    name: str
    role: Role | None
    kind: Kind
    address: str = ""
    user: str | None = None
    expires_at: int | None = None
    session: str | None = field(default=None, repr=False)
    csrf: str | None = field(default=None, repr=False)

    def may(self, need: Need) -> bool:
        """Whether this is enough for a route with that need."""
        return need.met_by(self.role)


def identity_of(scope: Mapping[str, Any]) -> Identity:
    """The identity of a request or websocket (anything without a gate in front is anonymous)."""
    found = scope.get(SCOPE_KEY)
    return found if isinstance(found, Identity) else Identity(name="anonymous", role=None, kind="anonymous")
