"""What a trusted proxy in front says about its client."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

from fusewatch.access.config import Network
from fusewatch.access.credentials import Presented


class Proxies:
    """Believes ``X-Forwarded-For`` and ``X-Forwarded-Proto`` from configured addresses, and from nobody else."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def address(self, scope: Scope, presented: Presented) -> str:
        """The client's address: the last one in the chain that is not a proxy of ours; "" when unknown (a Unix socket)."""
        client = scope.get("client")
        address = str(client[0]) if client else ""
        if not self._trusted or not presented.forwarded_for or not self._trusts(address):
            return address
        for hop in reversed(presented.forwarded_for.decode("latin-1").split(",")):
            address = hop.strip()
            if not self._trusts(address):
                break
        return address[:64]

    def encrypted(self, scope: Scope, presented: Presented) -> bool:
        """Whether the client talks TLS, to us or to a trusted proxy."""
        if scope.get("scheme") in {"https", "wss"}:
            return True
        client = scope.get("client")
        return presented.forwarded_proto == b"https" and self._trusts(str(client[0]) if client else "")

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
