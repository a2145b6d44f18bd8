"""Remote write over HTTP, versions 1.0 and 2.0: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from fusewatch.access.guard import Guarded
from fusewatch.access.need import Need
from fusewatch.ingest.remote_write_v2 import Written
from fusewatch.ingest.remote_writes import Outcome
from fusewatch.ingest.senders import Refuse, Senders, count_nothing, reason_of
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError, StorageError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import INTERNAL, Sender

#: What the figures call the two versions.
PROTOCOL: Final = "remote_write_1.0"
PROTOCOL_V2: Final = "remote_write_2.0"
#: How many samples of a request were refused, where the others were stored.
REJECTED: Final = "X-Fusewatch-Samples-Rejected"
_PROTOBUF: Final = "application/x-protobuf"
_MESSAGE: Final = "prometheus.WriteRequest"
_MESSAGE_V2: Final = "io.prometheus.write.v2.Request"
_NOTHING: Final = Written(0, 0, 0)
_STORED_START: Final[Message] = {"type": "http.response.start", "status": 204, "headers": []}
_STORED_BODY: Final[Message] = {"type": "http.response.body", "body": b""}


class RemoteWriteSink(Protocol):
    """Where remote-write bodies go."""

    async def write_remote(self, body: bytes, sender: Sender = INTERNAL) -> None:
        """Returns once the samples of this snappy-compressed remote-write 1.0 body are in the log.

        Raises:
            ValueError: the body is malformed; nothing was taken.
            StorageError: see :mod:`fusewatch.telemetry.ports`.
        """
        ...

    async def write_remote_v2(self, body: bytes, sender: Sender = INTERNAL) -> Outcome:
        """The same for a body of remote write 2.0; samples that were left out are told in the outcome instead."""
        ...


def write_route(sink: RemoteWriteSink, *, body_limit: int) -> Route:
    """``POST /api/v1/write``; bodies above ``body_limit`` bytes are refused."""
    receiver = Guarded(RemoteWrite(sink, body_limit=body_limit), Need.OPERATOR, "prometheus.write")
    return Route("/api/v1/write", receiver, methods=["POST"], name="prometheus.write")


class RemoteWrite:
    """Bare ASGI: a request object per request costs as much as storing its samples."""

    def __init__(self, sink: RemoteWriteSink, *, body_limit: int, refuse: Refuse = count_nothing) -> None:
        self._sink = sink
        self._body_limit = body_limit
        self._refuse = refuse
        self._sender_of = Senders()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """204 once the samples are in the log; else the code that makes a sender do the right thing."""
        refused, message = _negotiate(scope)
        sender = self._sender_of(scope, PROTOCOL_V2 if message == _MESSAGE_V2 else PROTOCOL)
        body = None if refused else await self._body(receive)
        if body is None:
            answer = refused or self._too_large()
            self._refuse(sender, Refusal.UNSUPPORTED if refused else Refusal.TOO_LARGE, bytes(answer.body).decode().strip())
            await answer(scope, receive, send)
            return
        try:
            if message == _MESSAGE_V2:
                outcome = await self._sink.write_remote_v2(body, sender)
                await _told(outcome)(scope, receive, send)
                return
            await self._sink.write_remote(body, sender)
        except (StorageError, ValueError) as error:
            if (reason := reason_of(error)) is not None:
                self._refuse(sender, reason, str(error))
            # What failed as a whole wrote nothing, which version 2.0 wants to be said.
            await _refusal(error, _NOTHING if message == _MESSAGE_V2 else None)(scope, receive, send)
            return
        await send(_STORED_START)
        await send(_STORED_BODY)

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body, None when it is too large; an empty one when the sender went away."""
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b""
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._body_limit:
                return None
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks) if len(chunks) > 1 else chunk

    def _too_large(self) -> Response:
        return PlainTextResponse(f"the body is larger than {self._body_limit} bytes\n", 413, {"Connection": "close"})


def _negotiate(scope: Scope) -> tuple[Response | None, str]:
    """The refusal of what is not remote write, None where it is; and the message that the body holds.

    Without a content type it is version 1.0, as in Prometheus.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in {b"content-type", b"content-encoding"}}
    problem, message = _message_of(headers.get(b"content-type", _PROTOBUF))
    encoding = headers.get(b"content-encoding", "snappy")
    if not problem and encoding != "snappy":
        problem = f"{encoding} encoding (compression) is not accepted by this server; only snappy is acceptable"
    return (PlainTextResponse(problem + "\n", 415) if problem else None), message


def _message_of(content_type: str) -> tuple[str, str]:
    """What is wrong with the content type, "" for nothing, and the message that it names."""
    media_type, *options = (part.strip() for part in content_type.split(";"))
    if media_type != _PROTOBUF:
        return f"expected {_PROTOBUF} as the first (media) part, got {content_type} content-type", ""
    message = next((option.removeprefix("proto=") for option in options if option.startswith("proto=")), _MESSAGE)
    if message not in {_MESSAGE, _MESSAGE_V2}:
        return f"got {content_type} content type; unknown remote write protobuf message {message}", ""
    return "", message


def _told(outcome: Outcome) -> Response:
    """204, or why not all of it was written; either way what was."""
    if outcome.problem is not None:
        return _refusal(outcome.problem, outcome.written)
    return Response(None, 204, _written_headers(outcome.written))


def _written_headers(written: Written) -> dict[str, str]:
    """https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#required-written-response-headers."""
    return {
        "X-Prometheus-Remote-Write-Samples-Written": str(written.samples),
        "X-Prometheus-Remote-Write-Histograms-Written": str(written.histograms),
        "X-Prometheus-Remote-Write-Exemplars-Written": str(written.exemplars),
    }


def _refusal(error: Exception, written: Written | None = None) -> Response:
    """Senders keep what is answered with 5xx, and drop what is answered with 4xx."""
    headers: dict[str, str] = {}
    match error:
        case OverloadedError():
            status, headers = 503, {"Retry-After": str(error.retry_after_s)}
        case ReadOnlyError():
            status = 507
        case SamplesRejectedError():
            status, headers = 429 if isinstance(error, SeriesLimitError) else 400, {REJECTED: str(error.rejected)}
        case ValueError():
            status = 400
        case _:
            status = 500
    if written is not None:
        headers |= _written_headers(written)
    return PlainTextResponse(f"{error}\n", status, headers)
