"""Remote write into the log: decode, tell what is new, take what is good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fusewatch.ingest.remote_write import RemoteWriteDecoder
from fusewatch.storage.door import Door, StaleReferencesError
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.ports import OverloadedError
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


class RemoteWrites:
    """Takes the bodies of remote-write requests; its coroutines belong to one event loop."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._decoder = RemoteWriteDecoder(door.book)
        self._large = asyncio.Semaphore(_LARGE_AT_A_TIME)
        self._told: dict[tuple[str, str], MetricMetadata] = {}

    async def write_remote(self, body: bytes, sender: Sender = INTERNAL) -> None:
        """Stores a Prometheus remote-write 1.0 request (a snappy block): samples, native histograms, exemplars, metadata.

        Raises:
            RemoteWriteError: not such a request (400).
            OverloadedError, ReadOnlyError, SamplesRejectedError: see :meth:`fusewatch.storage.door.Door.write_decoded`.
        """
        if decompressed_size(body) <= _INLINE_BYTES:
            await self._write(body, self._decoder, sender)
            return
        async with self._large:
            await self._write(body, RemoteWriteDecoder(self._door.book), sender, apart=True)

    async def _write(self, body: bytes, decoder: RemoteWriteDecoder, sender: Sender, *, apart: bool = False) -> None:
        for _ in range(_TRIES):
            decoded: Decoded = await asyncio.to_thread(decoder.decode, body) if apart else decoder.decode(body)
            news = self._news(decoded.metadata)
            try:
                await self._door.write_decoded(replace(decoded, metadata=news) if decoded.metadata else decoded, sender, len(body))
            except StaleReferencesError:
                continue
            self._remember(news)
            return
        raise OverloadedError("the series are being looked through: try again")

    def _news(self, entries: Sequence[MetricMetadata]) -> list[MetricMetadata]:
        return [entry for entry in entries if entry.metric and self._told.get((entry.metric, entry.job)) != entry]

    def _remember(self, entries: Sequence[MetricMetadata]) -> None:
        if len(self._told) + len(entries) > _REMEMBERED:
            self._told.clear()
        self._told |= {(entry.metric, entry.job): entry for entry in entries}
