"""uvicorn, set up by the settings instead of its command line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from socket import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from fusewatch.access.config import TlsSettings
from fusewatch.server.certificate import check_certificate
from fusewatch.server.errors import StartError

# Requests still running this long after the stop was asked for are cut off; with the rest of the stop that stays below 10 s.
_GRACE_S: Final = 3
# Longer than the 60 s of most load balancers, so that they close idle connections first.
_KEEP_ALIVE_S: Final = 75


class HttpServer(uvicorn.Server):
    """Serves an ASGI app on an open socket until :meth:`stop`.

    Raises:
        StartError: the certificate or key can't be used.
    """

    def __init__(self, app: ASGIApp, listener: socket, *, tls: TlsSettings | None = None) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            ssl_certfile=tls.cert_file if tls else None,
            ssl_keyfile=tls.key_file if tls else None,
        )
        check_certificate(tls)
        config.load()
        super().__init__(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once requests are answered."""
        self._task = asyncio.create_task(self.serve(sockets=[self._listener]), name="http")
        while not self.started:
            if self._task.done():
                await self._task
                raise StartError("the HTTP server ended while it started")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Takes no new connection, lets running requests end, then cuts off what is left."""
        self.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_GRACE_S + 2)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the engine's business."""
        yield
