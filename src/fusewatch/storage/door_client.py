"""The engine's way to the door in the receiver's process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from fusewatch.storage.door_wire import (
    HEAD,
    Operation,
    Outcome,
    batch_body,
    event_body,
    frame,
    metadata_body,
    read_error,
    read_statistics,
    sent_by,
)
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError
from fusewatch.telemetry.samples import SampleBatch
from fusewatch.telemetry.senders import INTERNAL, Sender

#: How long a write waits for a receiver that is starting.
_CONNECTED_WITHIN_S: Final = 10.0
_ANSWERED_WITHIN_S: Final = 30.0
_LOOK_S: Final = 1.0
_RETRY_S: Final = 0.05


class _ReceiverGoneError(OverloadedError):
    """The connection ended before the answer came."""


class DoorClient:
    """A component that keeps a connection to the receiver; implements :class:`fusewatch.storage.store_door.StoreDoor`."""

    name = "receiver"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0
        self._statistics = DoorStatistics()
        self._loop: asyncio.AbstractEventLoop | None = None

    # Running --------------------------------------------------------------------------------------------------------------------

    def unready_reason(self) -> str | None:
        """None while the receiver answers and does its work."""
        return None if self._connected.is_set() else self._statistics.unready or "the receiver is starting"

    async def connected(self) -> None:
        """Returns once the receiver does its work."""
        await self._connected.wait()

    async def run(self) -> None:
        """Connects, and again when the receiver was away, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(_RETRY_S)
                continue
            await self._use(reader, writer)

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        looking = asyncio.create_task(self._look())
        try:
            await self._read(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            structlog.get_logger(component=self.name).warning("the receiver went away")
        finally:
            looking.cancel()
            self._connected.clear()
            self._writer = None
            waiting, self._waiting = self._waiting, {}
            for answer in waiting.values():
                if not answer.done():
                    answer.set_exception(_ReceiverGoneError("the receiver went away before it answered: try again"))
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            length, number, outcome = HEAD.unpack(await reader.readexactly(HEAD.size))
            body = await reader.readexactly(length)
            answer = self._waiting.pop(number, None)
            if answer is None or answer.done():
                continue
            if outcome == Outcome.DONE:
                answer.set_result(body)
            else:
                answer.set_exception(read_error(Outcome(outcome), body))

    async def _look(self) -> None:
        """Keeps the door's figures fresh."""
        while True:
            with contextlib.suppress(OverloadedError):
                self._statistics = read_statistics(await self._ask(Operation.STATISTICS, ()))
                if self._statistics.unready is None:
                    self._connected.set()
            await asyncio.sleep(_LOOK_S if self._statistics.unready is None else _RETRY_S)

    # Asking ---------------------------------------------------------------------------------------------------------------------

    async def write(self, batch: SampleBatch, sender: Sender = INTERNAL) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`."""
        await self._ask_connected(Operation.WRITE, sent_by(sender, batch_body(batch)))

    async def write_metadata(self, entries: Sequence[MetricMetadata]) -> None:
        """See :meth:`fusewatch.telemetry.ports.MetadataSink.write_metadata`."""
        await self._ask_connected(Operation.WRITE, sent_by(INTERNAL, metadata_body(entries)))

    async def write_event(self, event: Event) -> None:
        """See :meth:`fusewatch.telemetry.ports.EventSink.write_event`."""
        await self._ask_connected(Operation.WRITE, sent_by(INTERNAL, event_body(event)))

    def statistics(self) -> DoorStatistics:
        """See :meth:`fusewatch.storage.store_door.StoreDoor.statistics`."""
        return self._statistics

    async def close_port(self) -> None:
        """Makes the receiver take no further requests; returns when those under way have ended."""
        if self._writer is not None:
            with contextlib.suppress(OverloadedError):
                await self._ask(Operation.CLOSE_PORT, ())

    def hand_on(self) -> None:
        """Makes the receiver end its newest segment. Blocks; for threads other than the event loop's.

        Raises:
            OverloadedError: the receiver is away, or does not answer.
        """
        if self._loop is None or self._loop.is_closed() or self._writer is None:
            raise OverloadedError("the receiver is away: try again")
        asked = asyncio.run_coroutine_threadsafe(self._ask(Operation.HAND_ON, ()), self._loop)
        try:
            asked.result(_ANSWERED_WITHIN_S)
        except TimeoutError:
            raise OverloadedError("the receiver did not answer in time: try again") from None

    async def _ask_connected(self, operation: Operation, body: Sequence[bytes | memoryview]) -> None:
        """Asks, and again where the receiver went away meanwhile: what it wrote twice is the same."""
        try:
            async with asyncio.timeout(_CONNECTED_WITHIN_S):
                while True:
                    await self._connected.wait()
                    with contextlib.suppress(_ReceiverGoneError):
                        await self._ask(operation, body)
                        return
        except TimeoutError:
            raise OverloadedError("the receiver is starting: try again") from None

    async def _ask(self, operation: Operation, body: Sequence[bytes | memoryview]) -> bytes:
        writer = self._writer
        if writer is None:
            raise _ReceiverGoneError("the receiver went away: try again")
        self._number = (self._number + 1) & 0xFFFFFFFF
        number = self._number
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            writer.writelines(frame(number, operation, body))
            await writer.drain()
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                return await answer
        except TimeoutError:
            raise OverloadedError("the receiver did not answer in time: try again") from None
        except ConnectionError:
            raise _ReceiverGoneError("the receiver went away: try again") from None
        finally:
            self._waiting.pop(number, None)
