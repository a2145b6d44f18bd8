"""How far storing is behind receiving."""

from __future__ import annotations

from dataclasses import dataclass

from fusewatch.storage.committer import Committer
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.sealer import Sealer
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.telemetry.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStatistics:
    """The way of samples at one moment: the door, and what comes behind it. Durations in seconds.

    ``commit_lag_s`` is how long the oldest sample waits for ClickHouse, ``seal_lag_s`` and ``merge_lag_s`` how long a block or a day has
    been due; 0 while nothing is.
    """

    door: DoorStatistics
    waiting_samples: int
    waiting_bytes: int
    commits: int
    commit_s: float
    commit_lag_s: float
    sealed_samples: int
    merged_samples: int
    seal_s: float
    seal_lag_s: float
    merge_s: float
    merge_lag_s: float


def read_ingest(follower: LogFollower, committer: Committer, sealer: Sealer, door: DoorStatistics, clock: Clock) -> IngestStatistics:
    """The figures of an open store. Blocks.

    Raises:
        ClickHouseError, OverloadedError: ClickHouse does not say what is to be sealed.
    """
    follower.catch_up()
    since, sealed = follower.waiting_since, sealer.statistics()
    return IngestStatistics(
        door=door,
        waiting_samples=follower.waiting_rows,
        waiting_bytes=follower.waiting_bytes,
        commits=committer.commits,
        commit_s=committer.last_commit_s,
        commit_lag_s=0.0 if since is None else max(clock.now_ms() - since, 0) / 1000,
        sealed_samples=sealed.sealed_samples,
        merged_samples=sealed.merged_samples,
        seal_s=sealed.last_seal_s,
        seal_lag_s=sealed.seal_lag_s,
        merge_s=sealed.last_merge_s,
        merge_lag_s=sealed.merge_lag_s,
    )
