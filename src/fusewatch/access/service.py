"""Everything the server knows about access, put together from its settings and its database."""

from __future__ import annotations

from starlette.types import Scope

from fusewatch.access.config import AccessSettings
from fusewatch.access.identity import Identity
from fusewatch.access.need import Role
from fusewatch.records.database import Database
from fusewatch.telemetry.clock import Clock


class Access:
    """Who asks, and whether they may."""

    def __init__(self, *, database: Database, settings: AccessSettings, loopback: bool, clock: Clock) -> None:
        self.database = database
        self.settings = settings
        self.loopback = loopback
        self.clock = clock

    async def identify(self, scope: Scope) -> Identity:
        """Whose request this is."""
        client = scope.get("client")
        return Identity(name="local", role=Role.ADMIN, kind="local", address=client[0] if client else "")
