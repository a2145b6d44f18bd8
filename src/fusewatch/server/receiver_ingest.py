"""Which protocols the receiver takes in, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog
from starlette.types import ASGIApp

from fusewatch.access.authentication import Authenticator
from fusewatch.access.gate import Gate
from fusewatch.access.guard import Guarded
from fusewatch.access.need import Need
from fusewatch.access.refusals import Refused
from fusewatch.ingest.graphite import GraphiteDecoder
from fusewatch.ingest.graphite_server import GraphiteOptions, GraphiteServer
from fusewatch.ingest.influx import InfluxDecoder
from fusewatch.ingest.influx_http import InfluxHttp
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.grpc import AccessDeniedError, GrpcOptions, OtlpGrpcServer
from fusewatch.ingest.otlp.http import OtlpHttp
from fusewatch.ingest.otlp.recovery import DeltaSnapshots
from fusewatch.ingest.otlp.result import OtlpResult
from fusewatch.ingest.otlp.sink import OtlpSink, OtlpWriter
from fusewatch.ingest.remote_write_http import RemoteWrite
from fusewatch.ingest.remote_writes import RemoteWrites
from fusewatch.server.errors import StartError
from fusewatch.server.http_server import HttpServer
from fusewatch.server.listener import open_listener
from fusewatch.server.settings.model import Settings
from fusewatch.storage.door_opening import open_door
from fusewatch.storage.log_folder import log_folder
from fusewatch.telemetry.addresses import split_listen
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.components import Component
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError
from fusewatch.telemetry.senders import INTERNAL, Sender

_WRITE_BODY_LIMIT: Final = 32 << 20
#: By path and method.
Ingest = Mapping[tuple[str, str], ASGIApp]


class ReceiverIngest:
    """All protocols over one door, which it opens.

    ``apps`` are those of the one port, each with its gate; ``components`` the ports of their own.
    """

    def __init__(self, *, settings: Settings, authenticator: Authenticator, clock: Clock) -> None:
        self._settings = settings
        self._authenticator = authenticator
        state = DeltaState(max_series=settings.otlp.delta_max_series)
        self._deltas = DeltaSnapshots(log_folder(settings.data_dir), state)
        # Before the door opens a segment of its own: then the engine may take over those that the sums are read from.
        self._deltas.load()
        self.door = door = open_door(settings.storage, settings.data_dir, clock)
        door.before_hand_on = self._deltas.save
        self._decoder = OtlpMetricsDecoder(door.book, settings.otlp, state, clock=clock)
        self.otlp = OnceWarm(OtlpWriter(self._decoder, self._append_sums))
        self._clock = clock
        writes = RemoteWrites(door, zero_samples=settings.storage.start_time_zero_sample)
        influx = InfluxHttp(
            InfluxDecoder(door.book, clock, drops_value_field=settings.influx.drops_value_field),
            self._append,
            body_limit=settings.influx.body_limit,
            bucket_label=settings.influx.bucket_label,
            refuse=door.refuse,
        )
        remote_write = RemoteWrite(writes, body_limit=_WRITE_BODY_LIMIT, refuse=door.refuse)
        otlp = self._guarded(OtlpHttp(self.otlp, body_limit=settings.otlp.body_limit, refuse=door.refuse), "otlp.metrics")
        self.apps: Ingest = {
            ("/api/v1/write", "POST"): self._guarded(remote_write, "prometheus.write"),
            ("/v1/metrics", "POST"): otlp,
            ("/write", "POST"): self._guarded(influx, "influx.write"),
            ("/api/v2/write", "POST"): self._guarded(influx, "influx.v2.write"),
        }
        self._otlp_apps: Ingest = {("/v1/metrics", "POST"): otlp}

    def components(self) -> list[Component]:
        """The ports of their own, and what is due from time to time."""
        settings = self._settings
        given = settings.otlp.model_fields_set
        found: list[Component] = [_IdleDeltas(self._decoder, self._clock)]
        if settings.otlp.grpc:
            server = OtlpGrpcServer(self.otlp, self._grpc_options(), self._authenticate, refuse=self.door.refuse)
            found.append(server if "grpc" in given else _WhereFree(server, settings.otlp.grpc))
        if settings.otlp.http:
            http = _OtlpHttpPort(settings, self._otlp_apps)
            found.append(http if "http" in given else _WhereFree(http, settings.otlp.http))
        if settings.graphite.listen:
            host, port = split_listen(settings.graphite.listen)
            decoder = GraphiteDecoder(self.door.book, self._clock)
            found.append(GraphiteServer(decoder, self._append, GraphiteOptions(host=host, port=port)))
        return found

    def _guarded(self, app: ASGIApp, name: str) -> ASGIApp:
        return Gate(Guarded(app, Need.OPERATOR, name), authenticator=self._authenticator)

    def _append(self, decoded: Decoded, sender: Sender, size: int) -> Awaitable[None]:
        """Into the log; what the decoder had against a request is told by whoever decoded it, and counted here."""
        logged = self.door.append(replace(decoded, problem=None), sender, size)
        if (problem := decoded.problem) is not None:
            self.door.refuse(sender, problem.reason, str(problem), problem.rejected)
        return logged

    def _append_sums(self, decoded: Decoded, sender: Sender, size: int) -> Awaitable[None]:
        try:
            self._deltas.note_new()
        except OSError as error:
            raise ReadOnlyError(f"can't write the sums of delta series: {error.strerror}") from error
        return self._append(decoded, sender, size)

    def _grpc_options(self) -> GrpcOptions:
        tls = self._settings.access.tls
        options = GrpcOptions(address=self._settings.otlp.grpc, message_limit=self._settings.otlp.body_limit)
        if tls is None:
            return options
        return replace(options, certificate=Path(tls.cert_file).read_bytes(), key=Path(tls.key_file).read_bytes())

    async def _authenticate(self, metadata: Mapping[str, str], peer: str) -> None:
        """The gate's judgement of a gRPC call, made of what it has of a request."""
        host = peer.partition(":")[2].rpartition(":")[0].strip("[]")
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/v1/metrics",
            "scheme": "http",
            "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in metadata.items() if name == "authorization"],
            "client": (host, 0),
        }
        try:
            verdict = await self._authenticator.judge(scope)
        except Refused as refused:
            raise AccessDeniedError(refused.detail) from refused
        if not verdict.identity.may(Need.OPERATOR):
            known = verdict.identity.role is not None
            reason = verdict.refused.detail if verdict.refused else f"this needs the role {Need.OPERATOR.name.lower()}"
            raise AccessDeniedError(reason, known=known)


class OnceWarm:
    """An OTLP sink that asks for patience until its code is compiled, which takes some 20 s at the very first start.

    ``is_warm`` is told by who has it compiled.
    """

    def __init__(self, sink: OtlpSink) -> None:
        self._sink = sink
        self.is_warm: Callable[[], bool] = lambda: True

    async def write_otlp(self, body: bytes, *, json: bool, sender: Sender = INTERNAL) -> OtlpResult:
        """See :class:`fusewatch.ingest.otlp.sink.OtlpSink`."""
        if not self.is_warm():
            raise OverloadedError("OTLP is being made ready, once: try again", retry_after_s=5)
        return await self._sink.write_otlp(body, json=json, sender=sender)


class _OtlpHttpPort:
    """OTLP's own HTTP port, beside the one port that takes everything."""

    name = "otlp http"

    def __init__(self, settings: Settings, apps: Ingest) -> None:
        self._settings = settings
        self._app = OtlpOnly(apps)

    async def run(self) -> None:
        """Serves until cancelled.

        Raises:
            OSError: the address can't be bound.
        """
        host, port = split_listen(self._settings.otlp.http)
        try:
            listener = open_listener(host, port)
        except StartError as error:
            raise OSError(str(error)) from error
        server = HttpServer(self._app, listener, tls=self._settings.access.tls)
        try:
            await server.start()
            await asyncio.Event().wait()
        finally:
            await server.stop()
            listener.close()


class OtlpOnly:
    """Pure ASGI: what OTLP defines and nothing else."""

    def __init__(self, apps: Ingest) -> None:
        self._apps = apps

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers the request, anything unknown with 404."""
        app = self._apps.get((scope["path"], scope.get("method", "")))
        if app is not None:
            await app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"this port takes POST /v1/metrics\n"})


class _WhereFree:
    """A component on a port that nobody asked for: where the port is taken, it is told, and nothing else."""

    def __init__(self, component: Component, address: str) -> None:
        self.name = component.name
        self._component = component
        self._address = address
        self._taken = False

    def unready_reason(self) -> str | None:
        """The component's, unless it rests."""
        ask = getattr(self._component, "unready_reason", None)
        return None if self._taken or ask is None else ask()

    async def run(self) -> None:
        """Runs the component, or rests."""
        try:
            await self._component.run()
        except OSError:
            self._taken = True
            structlog.get_logger(component=self.name).warning("the default port is taken, so nothing listens there", address=self._address)
            await asyncio.Event().wait()


class _IdleDeltas:
    """Forgets delta series without points."""

    name = "otlp deltas"

    def __init__(self, decoder: OtlpMetricsDecoder, clock: Clock) -> None:
        self._decoder = decoder
        self._clock = clock

    async def run(self) -> None:
        """Looks every minute, until cancelled."""
        while True:
            await asyncio.sleep(60)
            self._decoder.forget_idle(self._clock.now_ms())
