"""A server that takes remote write, answers as it is told, and remembers what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import cramjam
from aiohttp import web
from tests.telemetry.messages import read_series

from fusewatch.telemetry.protobuf import fields


@dataclass
class Sink:
    """``answer`` gives the response to each request by its number; what was answered with 2xx is in ``taken``.

    ``seen`` are all bodies, ``headers`` the headers of all requests.
    """

    answer: Callable[[int], web.Response] = lambda _: web.Response(status=204)
    url: str = ""
    seen: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        body = bytes(cramjam.snappy.decompress_raw(await request.read()))
        answer = self.answer(len(self.seen))
        self.seen.append(body)
        self.headers.append(dict(request.headers))
        if answer.status // 100 == 2:
            self.taken.append(body)
        self.changed.set()
        return answer

    async def until(self, condition: Callable[[], object]) -> None:
        """Returns once the condition holds, looked at after each request."""
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def samples(self) -> dict[tuple[tuple[str, str], ...], list[tuple[int, int]]]:
        """The samples that were taken, as (ms, bits), by series, in the order in which they came."""
        found: dict[tuple[tuple[str, str], ...], list[tuple[int, int]]] = {}
        for body in self.taken:
            for labels, samples, _ in read_series(body):
                if samples:
                    found.setdefault(tuple(labels.items()), []).extend(samples)
        return found

    def metadata(self) -> list[dict[int, bytes | int]]:
        """The fields of each MetricMetadata message that was taken."""
        return [
            {number: body[start:end][first:last] if number > 1 else value for number, value, first, last in fields(body[start:end])}
            for body in self.taken
            for field_number, _, start, end in fields(body)
            if field_number == 3
        ]


@asynccontextmanager
async def serving(sink: Sink, port: int = 0) -> AsyncIterator[Sink]:
    """Answers at ``sink.url`` until the block ends."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/api/v1/write", sink.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/write"
    try:
        yield sink
    finally:
        await runner.cleanup()
