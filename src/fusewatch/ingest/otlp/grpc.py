"""OTLP metrics over gRPC: ``MetricsService/Export`` (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc).

Messages pass as bytes, there is no generated code. grpcio is imported when the server starts: it takes some 10 MB and 0.1 s that a
receiver without gRPC need not spend.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fusewatch.ingest.otlp.answers import Code, export_response, status
from fusewatch.ingest.otlp.sink import OtlpSink, refusal
from fusewatch.ingest.senders import Refuse, count_nothing, reason_of
from fusewatch.telemetry.ports import StorageError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.senders import Sender

if TYPE_CHECKING:
    import grpc

SERVICE: Final = "opentelemetry.proto.collector.metrics.v1.MetricsService"
#: What the figures call it.
PROTOCOL: Final = "otlp_grpc"
_AGENT_CHARS: Final = 120
_GRACE_S: Final = 2.0
#: Requests that are worked on at a time; more wait in HTTP/2's flow control.
_MOST_AT_ONCE: Final = 64


class AccessDeniedError(Exception):
    """The caller may not do this; ``known`` says whether it is known who that is."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


#: Given a call's metadata (names in lower case; ``authorization`` is one) and its peer as gRPC writes it (``ipv4:127.0.0.1:40000``).
#: Raises AccessDeniedError where the caller may not write.
Authenticate = Callable[[Mapping[str, str], str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcOptions:
    """``address`` is host:port, port 0 for a free one; ``certificate`` and ``key`` (PEM) turn TLS on."""

    address: str = "127.0.0.1:4317"
    message_limit: int = 64 << 20
    certificate: bytes | None = None
    key: bytes | None = None


class OtlpGrpcServer:
    """A component that serves MetricsService on a port of its own. ``port`` is the real one once it is there, 0 before."""

    name = "otlp grpc"

    def __init__(
        self, sink: OtlpSink, options: GrpcOptions, authenticate: Authenticate | None = None, *, refuse: Refuse = count_nothing
    ) -> None:
        self._sink = sink
        self._options = options
        self._authenticate = authenticate
        self._refuse = refuse
        self._reason: str | None = "the OTLP gRPC port is not open yet"
        self.port = 0

    def unready_reason(self) -> str | None:
        """None once the port is open."""
        return self._reason

    async def run(self) -> None:
        """Serves until it is cancelled; requests that are being worked on have two seconds then.

        Raises:
            OSError: the address can't be bound.
        """
        # Its own words on standard error say nothing that we do not say ourselves.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc  # noqa: PLC0415 - only who serves gRPC pays for it

        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._options.message_limit),
                # A second process on the port must fail, not share it.
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=_MOST_AT_ONCE,
        )
        handler = grpc.unary_unary_rpc_method_handler(self._export)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
        self.port = self._bind(server, grpc)
        await server.start()
        self._reason = None
        try:
            await server.wait_for_termination()
        finally:
            self._reason = "the OTLP gRPC port is closed"
            await server.stop(_GRACE_S)

    def _bind(self, server: grpc.aio.Server, module: Any) -> int:
        options = self._options
        try:
            if options.certificate is None or options.key is None:
                return int(server.add_insecure_port(options.address))
            return int(server.add_secure_port(options.address, module.ssl_server_credentials([(options.key, options.certificate)])))
        except RuntimeError as error:
            raise OSError(f"the OTLP gRPC address {options.address} can't be bound: {error}") from error

    async def _export(self, body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        """One request; identity serialisers make it bytes in, bytes out."""
        await self._check(context)
        if len(body) > self._options.message_limit:
            message = f"the message is larger than {self._options.message_limit} bytes"
            self._refuse(_sender(context), Refusal.TOO_LARGE, message)
            await _abort(context, Code.RESOURCE_EXHAUSTED, message)
        sender = _sender(context)
        try:
            result = await self._sink.write_otlp(body, json=False, sender=sender)
        except (StorageError, ValueError) as error:
            if (reason := reason_of(error)) is not None:
                self._refuse(sender, reason, str(error))
            told = refusal(error)
            await _abort(context, told.grpc, told.message, told.retry_after_s)
        return export_response(result.rejected, result.message)

    async def _check(self, context: grpc.aio.ServicerContext) -> None:
        if self._authenticate is None:
            return
        metadata = {str(name): value if isinstance(value, str) else "" for name, value in context.invocation_metadata() or ()}
        try:
            await self._authenticate(metadata, context.peer())
        except AccessDeniedError as error:
            self._refuse(_sender(context), Refusal.FORBIDDEN if error.known else Refusal.UNAUTHENTICATED, str(error))
            await _abort(context, Code.PERMISSION_DENIED if error.known else Code.UNAUTHENTICATED, str(error))


def _sender(context: grpc.aio.ServicerContext) -> Sender:
    """Who calls; a peer is written like ``ipv4:10.0.0.7:4321``."""
    agent = next((str(value) for name, value in context.invocation_metadata() or () if name == "user-agent"), "")
    return Sender(PROTOCOL, agent[:_AGENT_CHARS], "", context.peer().partition(":")[2].rpartition(":")[0].strip("[]"))


async def _abort(context: grpc.aio.ServicerContext, code: Code, message: str, retry_after_s: int | None = None) -> NoReturn:
    import grpc  # noqa: PLC0415 - loaded by then

    details = (("grpc-status-details-bin", status(code, message, retry_after_s=retry_after_s)),)
    by_number = {one.value[0]: one for one in grpc.StatusCode}
    await context.abort(by_number[int(code)], message, details)
    raise AssertionError("abort always raises")
