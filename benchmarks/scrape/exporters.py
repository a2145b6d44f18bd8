"""Many exporters in a process of their own, as cheap as HTTP allows."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

_SERIES_OF_A_METRIC = 20


def page(lines: int, seed: int) -> bytes:
    """A page of ``lines`` samples in families of 20: counters, gauges and histogram-like floats."""
    rng = random.Random(seed)
    values = (lambda: str(rng.randrange(10**9)), lambda: repr(rng.random() * 1e4), lambda: f"{rng.random():.3f}", lambda: "0")
    out = []
    for number in range(lines):
        metric, series = divmod(number, _SERIES_OF_A_METRIC)
        name = f"http_server_metric_{metric}_total"
        if series == 0:
            out += [f"# HELP {name} What metric {metric} counts.", f"# TYPE {name} counter"]
        out.append(f'{name}{{method="GET",route="/api/v1/items/{series}",status_code="200"}} {values[metric % 4]()}')
    return ("\n".join(out) + "\n").encode()


class _Exporter(asyncio.Protocol):
    """Answers each request with the next of its pages."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers
        self._count = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n") and self._transport is not None:
            self._count += 1
            self._transport.write(self._answers[self._count % len(self._answers)])


def _serve(lines: int, report: Connection) -> None:
    async def serve() -> None:
        pages = [page(lines, seed) for seed in range(5)]
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n"
        answers = [head.format(len(body)).encode() + body for body in pages]
        server = await asyncio.get_running_loop().create_server(lambda: _Exporter(answers), "0.0.0.0", 0)
        report.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def exporters(count: int, lines: int) -> Iterator[list[str]]:
    """The addresses of ``count`` exporters (at most 250), each on a loopback address of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(lines, sender), daemon=True)
    process.start()
    try:
        port = receiver.recv()
        yield [f"127.0.0.{number + 1}:{port}" for number in range(count)]
    finally:
        process.terminate()
        process.join()
