"""From a request's bytes into the log: what the HTTP and the gRPC receiver have behind them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from fusewatch.ingest.otlp.answers import Code
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.result import OtlpResult
from fusewatch.ingest.senders import Append
from fusewatch.ingest.threads import run_to_end
from fusewatch.telemetry.ports import OverloadedError, ReadOnlyError, SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.senders import INTERNAL, Sender

#: Larger bodies are decoded by a thread: should all their series be new, that takes some 60 µs of Python a point.
_INLINE_BYTES: Final = 1 << 15
#: A full disk or a reached limit does not pass by itself within seconds.
_LATER_S: Final = 30


class OtlpSink(Protocol):
    """Where requests go."""

    async def write_otlp(self, body: bytes, *, json: bool, sender: Sender = INTERNAL) -> OtlpResult:
        """Returns once what can be stored of the request is in the log.

        Raises:
            ValueError: not an OTLP request; nothing was taken.
            OverloadedError, ReadOnlyError: nothing was taken.
            SeriesLimitError: new series were refused, and the sender should keep them; all others were taken.
            SamplesRejectedError: some can't be stored, all others were taken.
        """
        ...


class OtlpWriter:
    """Decodes requests one after the other and hands them to the log.

    ``append`` is a plain function: it takes what it needs of the arrays before it returns, and what it returns is awaited until the log has
    it. It raises as :class:`OtlpSink` says, at once or when awaited.
    """

    def __init__(self, decoder: OtlpMetricsDecoder, append: Append) -> None:
        self._decoder = decoder
        self._append = append
        self._lock = asyncio.Lock()

    async def write_otlp(self, body: bytes, *, json: bool, sender: Sender = INTERNAL) -> OtlpResult:
        """See :class:`OtlpSink`; samples that the log refuses are added to the result's, as one partial success.

        Cancelled while the log works, it takes nothing back: the log may have it, and a sum that is ahead of the log is right as well.
        """
        async with self._lock:
            result = await self._decoded(body, json=json)
            try:
                logged = self._append(result.decoded, sender, len(body))
            except SamplesRejectedError as error:
                return _with(result, error)
            except Exception:
                result.undo()
                raise
        try:
            await logged
        except SamplesRejectedError as error:
            return _with(result, error)
        except Exception:
            result.undo()
            raise
        return result

    async def _decoded(self, body: bytes, *, json: bool) -> OtlpResult:
        if len(body) > _INLINE_BYTES:
            return await run_to_end(lambda: self._decoder.decode(body, json=json), dropped=lambda result: result.undo())
        return self._decoder.decode(body, json=json)


def _with(result: OtlpResult, error: SamplesRejectedError) -> OtlpResult:
    return OtlpResult(result.decoded, result.points, result.rejected + error.rejected, result.message or str(error))


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a failure is told: by HTTP and gRPC alike."""

    http: int
    grpc: Code
    message: str
    retry_after_s: int | None = None


def refusal(error: Exception) -> Refusal:
    """What a sender must be told so that it keeps what may work later and drops what never will."""
    match error:
        case OverloadedError():
            return Refusal(503, Code.UNAVAILABLE, str(error), error.retry_after_s)
        case ReadOnlyError():
            return Refusal(503, Code.UNAVAILABLE, str(error), _LATER_S)
        case SeriesLimitError():
            return Refusal(429, Code.RESOURCE_EXHAUSTED, str(error), _LATER_S)
        case SamplesRejectedError() | ValueError():
            return Refusal(400, Code.INVALID_ARGUMENT, str(error))
        case _:
            return Refusal(500, Code.INTERNAL, str(error))
