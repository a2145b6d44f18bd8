"""What the door knows of those who send, and of what it refused. Times in ms UTC, sizes in bytes, rates over the last minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fusewatch.telemetry.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderStatistics:
    """A sender (see :class:`fusewatch.telemetry.senders.Sender`).

    ``series`` are those active now that it was the last to send, ``new_series`` those that it named for the first time; ``refused`` counts
    samples, or requests where their samples were not looked at.
    """

    protocol: str
    agent: str
    identity: str
    address: str
    first_seen: int
    last_seen: int
    requests: int
    samples: int
    bytes: int
    series: int
    new_series: int
    refused: int
    requests_per_second: float
    samples_per_second: float
    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class ProtocolStatistics:
    """All senders of a protocol since the start, those that are forgotten too."""

    protocol: str
    requests: int
    samples: int
    bytes: int
    new_series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalStatistics:
    """A class of reasons: how many requests and samples since the start, and the last of them in words, with its sender.

    ``since`` is when it began: there was no other one in the five minutes before.
    """

    reason: Refusal
    requests: int
    samples: int
    since: int
    last: int
    requests_per_second: float
    samples_per_second: float
    message: str
    protocol: str
    agent: str
    address: str


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """A metric or a job with its active series."""

    name: str
    series: int


@dataclass(frozen=True, slots=True)
class LimitStatistics:
    """A limit on active series (0: none), named by its setting, and the largest groups that it counts; all series are one group, ""."""

    setting: str
    limit: int
    largest: Sequence[GroupStatistics]
