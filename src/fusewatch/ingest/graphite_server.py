"""A TCP port for Graphite's plaintext protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from fusewatch.ingest.graphite import GraphiteDecoder
from fusewatch.ingest.senders import Append
from fusewatch.ingest.threads import run_to_end
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError
from fusewatch.telemetry.senders import Sender

#: Lines of all connections are handed on together, so they are not told apart.
GRAPHITE: Final = Sender("graphite")
_CHUNK: Final = 1 << 16
#: Decoded by a thread from this size on.
_INLINE_BYTES: Final = 1 << 16
_LATER_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphiteOptions:
    """``host`` and ``port`` (0: a free one) to listen on, and the bounds.

    Lines of all connections wait together for ``flush_s``, up to ``buffer_bytes``; over that, connections are not read until there is room,
    which makes senders wait. A longer line than ``line_bytes``, or silence of ``idle_s``, ends a connection.
    """

    host: str = "127.0.0.1"
    port: int = 2003
    flush_s: float = 0.2
    buffer_bytes: int = 4 << 20
    line_bytes: int = 1 << 16
    idle_s: float = 600.0
    connections: int = 1000


class GraphiteServer:
    """A component that takes lines and hands them to the log in batches.

    The protocol has no answers: what can't be understood is counted and logged, and while the log refuses, nothing more is read. ``port``
    is the real one once it is there, 0 before; ``lines_rejected`` and ``waiting_bytes`` are for the statistics.
    """

    name = "graphite"

    def __init__(self, decoder: GraphiteDecoder, append: Append, options: GraphiteOptions) -> None:
        self._decoder = decoder
        self._append = append
        self._options = options
        self._waiting: list[bytes] = []
        self._room = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._log = structlog.get_logger("fusewatch.graphite").bind(component=self.name)
        self.waiting_bytes = 0
        self.lines_rejected = 0
        self.port = 0

    async def run(self) -> None:
        """Serves until it is cancelled; what was read by then is handed to the log.

        Raises:
            OSError: the address can't be bound.
        """
        server = await asyncio.start_server(self._serve, self._options.host, self._options.port, limit=self._options.line_bytes)
        self.port = server.sockets[0].getsockname()[1]
        try:
            while True:
                await asyncio.sleep(self._options.flush_s)
                await self._flush()
        finally:
            server.close()
            for writer in tuple(self._writers):
                writer.close()
            await self._last_flush()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= self._options.connections:
            self._log.warning("too many connections, one is closed", limit=self._options.connections)
            writer.close()
            return
        self._writers.add(writer)
        try:
            await self._read(reader, writer)
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = b""
        while True:
            async with asyncio.timeout(self._options.idle_s):
                chunk = await reader.read(_CHUNK)
            whole, separator, rest = (rest + chunk).rpartition(b"\n")
            if separator:
                await self._put(whole + separator)
            if not chunk:
                await self._put(rest + b"\n" if rest else b"")  # senders may leave out the last line's end
                return
            if len(rest) > self._options.line_bytes:
                self._log.warning("a line is too long, its connection is closed", limit=self._options.line_bytes, peer=_peer(writer))
                return

    async def _put(self, lines: bytes) -> None:
        async with self._room:
            await self._room.wait_for(lambda: self.waiting_bytes < self._options.buffer_bytes)
            self._waiting.append(lines)
            self.waiting_bytes += len(lines)

    async def _flush(self) -> None:
        """Hands everything that waits to the log; as long as that refuses, it waits on."""
        if not self.waiting_bytes:
            return
        taken = b"".join(self._waiting)
        decoded = await self._decoded(taken)
        self._count(decoded)
        while (wait_s := await self._write(decoded, len(taken))) is not None:
            await asyncio.sleep(wait_s)
            decoded = await self._decoded(taken)  # references may have ended
        async with self._room:
            # What came meanwhile stands behind what was taken.
            behind = b"".join(self._waiting)[len(taken) :]
            self._waiting, self.waiting_bytes = ([behind] if behind else []), len(behind)
            self._room.notify_all()

    async def _decoded(self, lines: bytes) -> Decoded:
        if len(lines) > _INLINE_BYTES:
            return await run_to_end(lambda: self._decoder.decode(lines))
        return self._decoder.decode(lines)

    def _count(self, decoded: Decoded) -> None:
        if decoded.problem is not None:
            self.lines_rejected += decoded.problem.rejected
            self._log.warning("lines left out", reason=str(decoded.problem), lines=decoded.problem.rejected)

    async def _write(self, decoded: Decoded, size: int) -> float | None:
        """None when it is done, else the seconds to wait before trying again."""
        try:
            await self._append(decoded, GRAPHITE, size)
        except SamplesRejectedError as error:
            self.lines_rejected += error.rejected
            self._log.warning("samples left out", reason=str(error), samples=error.rejected)
        except OverloadedError as error:
            return float(error.retry_after_s)
        except ReadOnlyError:
            return _LATER_S
        return None

    async def _last_flush(self) -> None:
        """One try with what is left: the end of the program does not wait for the log to have room."""
        if self.waiting_bytes:
            left = b"".join(self._waiting)
            self._waiting, self.waiting_bytes = [], 0
            decoded = await self._decoded(left)
            self._count(decoded)
            if await self._write(decoded, len(left)) is not None:
                self._log.warning("lines lost at the end: the log took no more", bytes=len(left))


def _peer(writer: asyncio.StreamWriter) -> str:
    return str(writer.get_extra_info("peername"))
