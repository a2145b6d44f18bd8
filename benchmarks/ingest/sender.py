"""Sends prepared requests over keep-alive connections, one thread and socket each, in a process of its own."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

_HEAD = (
    "POST /api/v1/write HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
    "X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {length}\r\n\r\n"
)


class RefusedError(Exception):
    """A server answered with anything but success."""


def seconds_to_send(url: str, bodies: Sequence[bytes], connections: int) -> float:
    """Sends all bodies, body k over connection ``k % connections``; the seconds until the last answer.

    Raises:
        RefusedError: an answer was not 2xx.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(url, bodies, connections, theirs))
    process.start()
    answer = ours.recv()
    process.join()
    if isinstance(answer, str):
        raise RefusedError(answer)
    return float(answer)


def _run(url: str, bodies: Sequence[bytes], connections: int, answer: multiprocessing.connection.Connection) -> None:
    problems: list[str] = []
    workers = [threading.Thread(target=_send, args=(url, bodies[k::connections], problems)) for k in range(connections)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    answer.send(problems[0] if problems else time.perf_counter() - started)


def _send(url: str, bodies: Sequence[bytes], problems: list[str]) -> None:
    parts = urlsplit(url)
    requests = [_HEAD.format(host=parts.netloc, length=len(body)).encode() + body for body in bodies]
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            connection.sendall(request)
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(4096)
                if not received:
                    problems.append(f"the connection ended: {head!r}")
                    return
                head += received
            if not head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 200")):
                problems.append(head[:500].decode(errors="replace"))
                return
