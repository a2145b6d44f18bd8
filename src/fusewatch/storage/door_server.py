"""The door for the engine: answers frames on a local socket in the receiver's process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import structlog

from fusewatch.storage.door import Door
from fusewatch.storage.door_wire import HEAD, LONGEST, Operation, Outcome, error_answer, frame, read_body, read_sender, statistics_answer
from fusewatch.storage.store_door import DoorStatistics


class DoorServer:
    """A component; ``listener`` is a socket that only this program's processes reach.

    ``statistics`` are the figures of the door and its process. ``close_port`` makes the receiver take no further requests from outside;
    it returns when those under way have ended.
    """

    name = "receiver.door"

    def __init__(
        self,
        door: Door,
        listener: socket.socket,
        *,
        statistics: Callable[[], DoorStatistics],
        close_port: Callable[[], Awaitable[None]],
    ) -> None:
        self._door = door
        self._listener = listener
        self._statistics = statistics
        self._close_port = close_port
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serves until cancelled."""
        server = await asyncio.start_unix_server(self._serve, sock=self._listener)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length, number, operation = HEAD.unpack(await reader.readexactly(HEAD.size))
                if length > LONGEST:
                    structlog.get_logger(component=self.name).error("a frame is longer than any of ours", bytes=length)
                    return
                body = await reader.readexactly(length)
                # Each in a task of its own: one that waits for the disk does not hold up the next. Senders await their answers.
                task = asyncio.create_task(self._answer(writer, number, operation, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, number: int, operation: int, body: bytes) -> None:
        outcome, answer = Outcome.DONE, b""
        try:
            answer = await self._do(Operation(operation), body)
        except Exception as error:  # noqa: BLE001 - whatever it was, the engine is told
            outcome, answer = error_answer(error)
        writer.writelines(frame(number, outcome, [answer]))

    async def _do(self, operation: Operation, body: bytes) -> bytes:
        match operation:
            case Operation.WRITE:
                sender, records = read_sender(body)
                batch, metadata, events = read_body(records)
                await self._door.write_metadata(metadata)
                for event in events:
                    await self._door.write_event(event)
                if len(batch) or len(batch.histograms) or len(batch.exemplars):
                    await self._door.write(batch, sender, len(records))
            case Operation.HAND_ON:
                await asyncio.to_thread(self._door.hand_on, force=True)
            case Operation.STATISTICS:
                return statistics_answer(self._statistics())
            case Operation.CLOSE_PORT:
                await self._close_port()
        return b""
