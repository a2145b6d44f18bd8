"""Who sends samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from fusewatch.telemetry.samples import SampleBatch


@dataclass(frozen=True, slots=True)
class Sender:
    """Where samples come from; what is not known is "". Its hash is kept, because each request looks its sender up.

    ``protocol`` is a short word such as ``remote_write_1.0``, ``otlp``, ``scrape`` or ``host``; ``agent`` what the sender calls itself,
    ``identity`` the user or token that it has, ``address`` the machine that it is on.
    """

    protocol: str
    agent: str = ""
    identity: str = ""
    address: str = ""
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.protocol, self.agent, self.identity, self.address)))

    def __hash__(self) -> int:
        return self._hash


#: Fusewatch itself, where nothing else is said.
INTERNAL: Final = Sender("internal")


class SenderSink(Protocol):
    """A :class:`fusewatch.telemetry.ports.SampleSink` that wants to know who sends."""

    async def write(self, batch: SampleBatch, sender: Sender = INTERNAL) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`."""
        ...


class SentBy:
    """The sink of one sender; implements :class:`fusewatch.telemetry.ports.SampleSink`."""

    def __init__(self, sender: Sender, sink: SenderSink) -> None:
        self._sender = sender
        self._sink = sink

    async def write(self, batch: SampleBatch) -> None:
        """See :meth:`fusewatch.telemetry.ports.SampleSink.write`."""
        await self._sink.write(batch, self._sender)
