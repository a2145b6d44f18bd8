"""One engine from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import structlog

from fusewatch.documents.problems import SettingsError
from fusewatch.server import kernels
from fusewatch.server.banner import banner
from fusewatch.server.claiming import ClaimedRooms, Ways
from fusewatch.server.composition import Composition
from fusewatch.server.http_server import HttpServer
from fusewatch.server.listener import url_of
from fusewatch.server.relay import Relayed
from fusewatch.server.rooms import Rooms, open_rooms
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.server.warmup import Warmup
from fusewatch.storage.door_client import DoorClient
from fusewatch.telemetry.clock import Clock, SystemClock
from fusewatch.telemetry.ports import OverloadedError

#: After the server is ready, before kernels that few queries need are loaded (seconds).
_REST_S: Final = 5.0
#: From the signal to the end of the process; Kubernetes and systemd wait longer.
STOP_WITHIN_S: Final = 10.0


class Life:
    """Opens the store in the folder that is claimed, starts everything, waits for the end, and takes everything down in reverse.

    ``restarted`` says that an engine before this one lived.
    """

    def __init__(
        self,
        *,
        source: SettingsSource,
        settings: Settings,
        ways: Ways,
        claimed: ClaimedRooms,
        restarted: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._ways = ways
        self._claimed = claimed
        self._door = DoorClient(ways.door)
        self._restarted = restarted
        self._clock = clock or SystemClock()
        self._stopping = asyncio.Event()
        self._composition: Composition | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("fusewatch.server").bind(component="server")

    def stop(self) -> None:
        """Asks for the end; again is harmless."""
        self._stopping.set()

    def reload_soon(self) -> None:
        """Takes up the configuration in the background; a failure is in the log and in /metrics."""
        task = asyncio.create_task(self._reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Lives until :meth:`stop`.

        Raises:
            StartError: something that it needs is not to be had.
        """
        started = time.perf_counter()
        warmup = Warmup(kernels.ENGINE, later=kernels.ENGINE_LATER, clock=self._clock, rest_s=_REST_S)
        # While ClickHouse is opened, which native code does for the greater part.
        warmup.begin()
        rooms = await asyncio.to_thread(open_rooms, self._settings, self._claimed, door=self._door, clock=self._clock)
        try:
            composition = Composition(
                source=self._source,
                settings=self._settings,
                rooms=rooms,
                warmup=warmup,
                listener=self._ways.listener,
                data_dir=self._settings.data_dir,
                clock=self._clock,
            )
            http = HttpServer(Relayed(composition.app), self._ways.relay)
        except BaseException:
            await asyncio.to_thread(rooms.close)
            raise
        self._composition = composition
        try:
            composition.start()
            await http.start()
            await self._first_of(self._door.connected(), self._stopping.wait())
            if not self._stopping.is_set():
                self._greet(url_of(self._ways.listener, tls=self._settings.access.tls is not None), self._settings.data_dir)
                self._log.info("started", seconds=round(time.perf_counter() - started, 2))
            await self._stopping.wait()
        finally:
            await self._take_down(http, composition, rooms)

    @staticmethod
    async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
        tasks = [asyncio.create_task(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def _greet(self, url: str, data_dir: Path) -> None:
        if not self._restarted:
            path = "" if self._source.path is None else str(self._source.path)
            sys.stdout.write(banner(self._settings, url=url, data_dir=data_dir, configuration=path))
            sys.stdout.flush()

    async def _reload(self) -> None:
        if self._composition is None:
            return
        try:
            await self._composition.configuration.reload()
        except SettingsError:
            return  # said in the log, by whoever holds the configuration

    def _hand_on(self) -> None:
        """So that what is left can be committed now, instead of at the next start."""
        with contextlib.suppress(OverloadedError):
            self._door.hand_on()

    async def _take_down(self, http: HttpServer, composition: Composition, rooms: Rooms) -> None:
        """Receivers first, then what collects and commits, then the rooms.

        A step that fails or hangs does not keep the next from running.
        """
        end = time.monotonic() + STOP_WITHIN_S
        self._log.info("stopping")
        steps: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
            ("port", self._door.close_port),
            ("http", http.stop),
            ("log", lambda: asyncio.to_thread(self._hand_on)),
            ("components", lambda: composition.stop(within_s=max(0.5, end - time.monotonic() - 3.0))),
            ("rooms", lambda: asyncio.to_thread(rooms.close)),
        ]
        for name, step in steps:
            try:
                async with asyncio.timeout(max(0.5, end - time.monotonic())):
                    await step()
            except TimeoutError:
                self._log.error("a step of the stop took too long; nothing acknowledged is lost, the log holds it", step=name)
            except Exception:  # noqa: BLE001 - whatever it was, the next step matters more
                self._log.exception("a step of the stop failed", step=name)
        self._log.info("stopped", seconds=round(time.monotonic() - end + STOP_WITHIN_S, 2))
