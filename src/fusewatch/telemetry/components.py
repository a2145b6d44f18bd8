"""The one shape for everything that runs."""

from __future__ import annotations

from typing import Protocol


class Component(Protocol):
    """Something the server starts, watches, restarts and stops.

    ``name`` appears in /metrics, /health/ready, the log and the status page.
    """

    name: str

    async def run(self) -> None:
        """Works until it is cancelled, then stops cleanly within a few seconds.

        An exception is a failure: it is logged and counted, and the component is started again with back-off.
        """
        ...


class Ready(Protocol):
    """What a component may offer beside :class:`Component`: whether it does its work already."""

    def unready_reason(self) -> str | None:
        """None when ready; else a sentence for people, such as "replaying the write-ahead log: 3 of 12 segments"."""
        ...
