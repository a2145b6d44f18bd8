"""OTLP metrics over HTTP: ``POST /v1/metrics`` (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

from __future__ import annotations

from typing import Final

from starlette.types import Receive, Scope, Send

from fusewatch.ingest.bodies import BodyError, read_body, unpacked
from fusewatch.ingest.otlp.answers import Code, export_response, status
from fusewatch.ingest.otlp.sink import OtlpSink, Refusal, refusal
from fusewatch.ingest.senders import Refuse, Senders, count_nothing, reason_of
from fusewatch.telemetry.ports import StorageError

#: What the figures call it.
PROTOCOL: Final = "otlp"
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_HEADERS: Final = frozenset({b"content-type", b"content-encoding"})


class OtlpHttp:
    """Bare ASGI: a request object per request costs as much as storing its points.

    Bodies of more than ``body_limit`` bytes, packed or unpacked, are refused.
    """

    def __init__(self, sink: OtlpSink, *, body_limit: int, refuse: Refuse = count_nothing) -> None:
        self._sink = sink
        self._refuse = refuse
        self._sender_of = Senders()
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 once what can be stored is in the log, else the code that makes a sender do the right thing; in the request's encoding."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _HEADERS}
        media_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
        json, sender = media_type != _PROTOBUF, self._sender_of(scope, PROTOCOL)
        try:
            if media_type not in {_PROTOBUF, _JSON}:
                raise BodyError(415, f"content type {media_type!r} is not supported: send {_PROTOBUF} or {_JSON}")
            packed = await read_body(receive, self._body_limit)
            body = await unpacked(packed, headers.get(b"content-encoding", ""), self._body_limit)
            result = await self._sink.write_otlp(body, json=json, sender=sender)
        except (StorageError, ValueError) as error:
            if (reason := reason_of(error)) is not None:
                self._refuse(sender, reason, str(error))
            await _refuse(send, error, json=json)
            return
        await _answer(send, 200, export_response(result.rejected, result.message, json=json), json=json)


async def _refuse(send: Send, error: Exception, *, json: bool) -> None:
    told = Refusal(error.status, Code.INVALID_ARGUMENT, str(error)) if isinstance(error, BodyError) else refusal(error)
    headers = [] if told.retry_after_s is None else [(b"retry-after", str(told.retry_after_s).encode())]
    if told.http == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    body = status(told.grpc, told.message, retry_after_s=told.retry_after_s, json=json)
    await _answer(send, told.http, body, headers, json=json)


async def _answer(send: Send, code: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None, *, json: bool) -> None:
    kind = (_JSON if json else _PROTOBUF).encode()
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": code, "headers": [(b"content-type", kind), (b"content-length", length), *(headers or [])]}
    )
    await send({"type": "http.response.body", "body": body})
