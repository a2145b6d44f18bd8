"""Remote write into the log: decode, tell what is new, take what is good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.ingest.remote_write_v2 import DecodedV2, RemoteWriteV2Decoder, Written
from fusewatch.storage.door import Door, StaleReferencesError
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError
from fusewatch.telemetry.remote_write import decompressed_size
from fusewatch.telemetry.senders import INTERNAL, Sender

#: Larger bodies are decoded by a thread, so that the event loop is never held for long.
_INLINE_BYTES: Final = 1 << 20
#: Of those at most so many at a time: each takes up to some hundred megabytes.
_LARGE_AT_A_TIME: Final = 2
#: Descriptions that are remembered, so that a sender's repeating them costs nothing.
_REMEMBERED: Final = 100_000
#: A request is decoded again when the known series change under it, which they do every few minutes at most.
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What of a request is in the log, and the first reason why some of it is not."""

    written: Written
    problem: SamplesRejectedError | None = None


@dataclass(slots=True)
class _Told:
    """Descriptions that are in the log already."""

    entries: dict[tuple[str, str], MetricMetadata] = field(default_factory=dict)

    def news(self, entries: Sequence[MetricMetadata]) -> list[MetricMetadata]:
        return [entry for entry in entries if entry.metric and self.entries.get((entry.metric, entry.job)) != entry]

    def remember(self, entries: Sequence[MetricMetadata]) -> None:
        if len(self.entries) + len(entries) > _REMEMBERED:
            self.entries.clear()
        self.entries |= {(entry.metric, entry.job): entry for entry in entries}


class RemoteWrites:
    """Takes the bodies of remote-write requests; its coroutines belong to one event loop.

    ``zero_samples``: start timestamps of version 2.0 become samples of value 0.
    """

    def __init__(self, door: Door, *, zero_samples: bool = False) -> None:
        self._door = door
        self._zero_samples = zero_samples
        self._decoder = RemoteWriteDecoder(door.book)
        self._decoder_v2 = self._new_v2()
        self._large = asyncio.Semaphore(_LARGE_AT_A_TIME)
        self._told = _Told()

    async def write_remote(self, body: bytes, sender: Sender = INTERNAL) -> None:
        """Stores a Prometheus remote-write 1.0 request (a snappy block): samples, native histograms, exemplars, metadata.

        Raises:
            RemoteWriteError: not such a request (400); nothing was taken.
            OverloadedError, ReadOnlyError: nothing was taken.
            SamplesRejectedError: the first reason why samples were left out; all others were taken.
        """
        if decompressed_size(body) <= _INLINE_BYTES:
            outcome = await self._write(body, self._decoder, sender)
        else:
            async with self._large:
                outcome = await self._write(body, RemoteWriteDecoder(self._door.book), sender, apart=True)
        if outcome.problem is not None:
            raise outcome.problem

    async def write_remote_v2(self, body: bytes, sender: Sender = INTERNAL) -> Outcome:
        """The same for remote write 2.0; samples that were left out are told in the outcome."""
        if decompressed_size(body) <= _INLINE_BYTES:
            return await self._write_v2(body, self._decoder_v2, sender)
        async with self._large:
            return await self._write_v2(body, self._new_v2(), sender, apart=True)

    def _new_v2(self) -> RemoteWriteV2Decoder:
        return RemoteWriteV2Decoder(self._door.book, zero_samples=self._zero_samples)

    async def _write(self, body: bytes, decoder: RemoteWriteDecoder, sender: Sender, *, apart: bool = False) -> Outcome:
        for _ in range(_TRIES):
            decoded: Decoded = await asyncio.to_thread(decoder.decode, body) if apart else decoder.decode(body)
            written = Written(len(decoded.refs), len(decoded.histograms), len(decoded.exemplars))
            if (outcome := await self._log(decoded, written, sender, len(body))) is not None:
                return outcome
        raise OverloadedError("the series are being looked through: try again")

    async def _write_v2(self, body: bytes, decoder: RemoteWriteV2Decoder, sender: Sender, *, apart: bool = False) -> Outcome:
        for _ in range(_TRIES):
            found: DecodedV2 = await asyncio.to_thread(decoder.decode, body) if apart else decoder.decode(body)
            outcome = None
            try:
                outcome = await self._log(found.decoded, found.written, sender, len(body))
            finally:
                if outcome is None:
                    decoder.forget_metadata()
            if outcome is not None:
                return outcome
        raise OverloadedError("the series are being looked through: try again")

    async def _log(self, decoded: Decoded, written: Written, sender: Sender, size: int) -> Outcome | None:
        """What became of it; None: the references have ended, and it must be decoded again."""
        news = self._told.news(decoded.metadata)
        problem, before = None, 0 if decoded.problem is None else decoded.problem.rejected
        try:
            await self._door.write_decoded(replace(decoded, metadata=news) if decoded.metadata else decoded, sender, size)
        except StaleReferencesError:
            return None
        except SamplesRejectedError as error:
            problem = error
            # What the door refused beside the decoder came from both kinds; floats are what it nearly always is.
            late = error.rejected - before
            samples = max(written.samples - late, 0)
            written = replace(written, samples=samples, histograms=max(written.histograms - max(late - written.samples, 0), 0))
        self._told.remember(news)
        return Outcome(written, problem)
