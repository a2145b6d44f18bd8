"""What a discovery finds, and the shape that all discoveries share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets (each at least with ``__address__``) that share labels; ``source`` says where they stand."""

    source: str
    targets: Sequence[Mapping[str, str]]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiscoveryState:
    """How a discovery fares: its last error ("" when well) and when it last read its source (ms UTC, 0: not yet)."""

    job: str
    kind: str
    source: str
    targets: int
    last_refresh: int
    last_error: str


#: Hands over all groups that a discovery knows now.
Publish = Callable[[Sequence[TargetGroup]], None]


class Discovery(Protocol):
    """A source of targets."""

    kind: str
    source: str
    last_error: str
    last_refresh: int

    async def run(self, publish: Publish) -> None:
        """Publishes at once and after every change until it is cancelled; a source that can't be read changes nothing."""
        ...
