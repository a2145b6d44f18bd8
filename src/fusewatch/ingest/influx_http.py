"""Influx line protocol over HTTP: ``/write`` of version 1 and ``/api/v2/write``.

https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint, https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from fusewatch.ingest.bodies import BodyError, read_body, unpacked
from fusewatch.ingest.influx import InfluxDecoder
from fusewatch.ingest.senders import Append, Refuse, Senders, count_nothing, reason_of
from fusewatch.ingest.threads import run_to_end
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError, StorageError
from fusewatch.telemetry.senders import Sender

#: What the figures call it.
PROTOCOL: Final = "influx"
#: Larger bodies are decoded by a thread, so that the event loop is never held for long.
_INLINE_BYTES: Final = 1 << 16
_LATER_S: Final = 30
_V2_CODES: Final = {400: "invalid", 413: "request too large", 415: "invalid", 429: "too many requests", 503: "unavailable"}


class InfluxHttp:
    """Bare ASGI for both paths. ``append`` is as in :class:`fusewatch.ingest.otlp.sink.OtlpWriter`.

    ``db`` of version 1, or ``bucket`` of version 2 with ``bucket_label``, becomes the label ``db``.
    """

    def __init__(
        self,
        decoder: InfluxDecoder,
        append: Append,
        *,
        body_limit: int,
        bucket_label: bool = False,
        refuse: Refuse = count_nothing,
    ) -> None:
        self._decoder = decoder
        self._append = append
        self._body_limit = body_limit
        self._bucket_label = bucket_label
        self._refuse = refuse
        self._sender_of = Senders()
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """204 once all is in the log; 400 with the number of the first bad line where only the others are."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding"}
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        version = 2 if scope["path"].rstrip("/").endswith("/api/v2/write") else 1
        sender = self._sender_of(scope, PROTOCOL)
        try:
            packed = await read_body(receive, self._body_limit)
            body = await unpacked(packed, headers.get(b"content-encoding", ""), self._body_limit)
            await self._write(body, query, version, sender)
        except (StorageError, ValueError) as error:
            if (reason := reason_of(error)) is not None:
                self._refuse(sender, reason, str(error))
            await _refuse(send, error, version)
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, body: bytes, query: Mapping[str, str], version: int, sender: Sender) -> None:
        database = query.get("db", "") if version == 1 else query.get("bucket", "") if self._bucket_label else ""
        async with self._lock:
            decoded = await self._decoded(body, query.get("precision", ""), database)
            logged = self._append(decoded, sender, len(body))
        await logged
        if decoded.problem is not None:
            raise decoded.problem

    async def _decoded(self, body: bytes, precision: str, database: str) -> Decoded:
        if len(body) > _INLINE_BYTES:
            return await run_to_end(lambda: self._decoder.decode(body, precision=precision, database=database))
        return self._decoder.decode(body, precision=precision, database=database)


async def _refuse(send: Send, error: Exception, version: int) -> None:
    """Telegraf keeps what is answered with 429 and 5xx, and drops what is answered with 400."""
    retry_after_s: int | None = None
    match error:
        case BodyError():
            status = error.status
        case OverloadedError():
            status, retry_after_s = 503, error.retry_after_s
        case ReadOnlyError():
            status, retry_after_s = 503, _LATER_S
        case SeriesLimitError():
            status, retry_after_s = 429, _LATER_S
        case SamplesRejectedError() | ValueError():
            status = 400
        case _:
            status = 500
    text = f"partial write: {error} ({error.rejected} left out)" if isinstance(error, SamplesRejectedError) else str(error)
    body = orjson.dumps({"error": text} if version == 1 else {"code": _V2_CODES.get(status, "internal error"), "message": text})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    if status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
