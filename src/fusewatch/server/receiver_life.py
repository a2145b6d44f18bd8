"""One receiver from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog
from starlette.types import Scope

from fusewatch.access.config import is_loopback
from fusewatch.access.recognition import Recognition
from fusewatch.ingest import warming
from fusewatch.ingest.senders import Senders
from fusewatch.records.light import LightDatabase
from fusewatch.server.http_server import HttpServer
from fusewatch.server.receiver_app import ReceiverApp
from fusewatch.server.receiver_ingest import ReceiverIngest
from fusewatch.server.relay import Relay
from fusewatch.server.settings.model import Settings
from fusewatch.server.supervisor import Supervisor
from fusewatch.server.warmup import Warmup
from fusewatch.storage.door import Door
from fusewatch.storage.door_keeper import DoorKeeper
from fusewatch.storage.door_server import DoorServer
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.telemetry.clock import Clock, SystemClock
from fusewatch.telemetry.refusals import Refusal

_STOP_WITHIN_S: Final = 4.0
#: What the figures call a request that was turned away before anybody looked at it.
_PROTOCOLS: Final = {"/api/v1/write": "remote_write", "/v1/metrics": "otlp", "/write": "influx", "/api/v2/write": "influx"}


class ReceiverLife:
    """Opens the door, serves the port, and takes both down; everything that is not ingest goes to the engine at ``relay``.

    ``listener`` is the port, ``door_listener`` where the engine's own samples come in.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        listener: socket.socket,
        door_listener: socket.socket,
        relay: Path,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._door_listener = door_listener
        self._relay = Relay(relay)
        self._clock = clock or SystemClock()
        self._stopping = asyncio.Event()
        self._supervisor = Supervisor(clock=self._clock)
        self._log = structlog.get_logger("fusewatch.receiver").bind(component="receiver")

    def stop(self) -> None:
        """Asks for the end; again is harmless."""
        self._stopping.set()

    async def run(self) -> None:
        """Lives until :meth:`stop`.

        Raises:
            StartError, OSError, RecordsError: something that it needs is not to be had.
        """
        settings, data_dir = self._settings, self._settings.data_dir
        database = LightDatabase(settings.records, data_dir)
        recognition = await asyncio.to_thread(
            Recognition,
            database=database,
            settings=settings.access,
            loopback=is_loopback(settings.address[0]),
            clock=self._clock,
        )
        authenticator = recognition.authenticator
        ingest = await asyncio.to_thread(ReceiverIngest, settings=settings, authenticator=authenticator, clock=self._clock)
        door = ingest.door
        sender_of = Senders()

        def turned_away(scope: Scope, reason: Refusal, message: str) -> None:
            door.refuse(sender_of(scope, _PROTOCOLS.get(scope["path"], "http")), reason, message)

        app = ReceiverApp(ingest.apps, self._relay, unready=self._unready, turned_away=turned_away)
        http = HttpServer(app, self._listener, tls=settings.access.tls)
        keeper = DoorKeeper(door)
        server = DoorServer(door, self._door_listener, statistics=lambda: self._statistics(door), close_port=http.stop)
        warmup = Warmup([warming.warm], later=[warming.warm_otlp], clock=self._clock)
        ingest.otlp.is_warm = lambda: warmup.complete
        self._supervisor.start([warmup, keeper, server, *ingest.components()])
        try:
            await http.start()
            self._log.debug("the receiver serves")
            await self._stopping.wait()
        finally:
            await http.stop()
            await self._supervisor.stop(within_s=_STOP_WITHIN_S)
            await self._relay.close()
            door.close()
            await asyncio.to_thread(recognition.close)
            await asyncio.to_thread(database.close)

    def _unready(self) -> str | None:
        reasons = self._supervisor.unready_reasons()
        return reasons[0] if reasons else None

    def _statistics(self, door: Door) -> DoorStatistics:
        return replace(door.statistics(), unready=self._unready(), resident_bytes=_resident_bytes())


def _resident_bytes() -> int:
    """Memory of this process now; where the system does not say, the most it ever had."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
