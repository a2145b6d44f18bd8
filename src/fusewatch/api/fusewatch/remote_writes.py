"""What is wrong with servers that samples are sent to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fusewatch.api.fusewatch.models import Finding, Severity
from fusewatch.api.fusewatch.thresholds import Thresholds
from fusewatch.api.fusewatch.words import percent, size, span


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteWriteState:
    """A target of remote write now. Times in ms UTC, None where there is nothing of the kind.

    ``failing`` is why it takes no samples, "" while it does; ``waiting_since`` is when the oldest sample came that it has not got.
    ``backlog_bytes`` of at most ``backlog_limit_bytes`` are kept for all targets together.
    """

    name: str
    url: str
    failing: str
    failing_since: int | None
    waiting_since: int | None
    backlog_bytes: int
    backlog_limit_bytes: int


def remote_write_findings(targets: Sequence[RemoteWriteState], now: int, limits: Thresholds) -> Iterator[Finding]:
    """A finding for each target that fails or is behind; the first that loses samples soon is critical."""
    for target in targets:
        failing_s = (now - target.failing_since) / 1000 if target.failing and target.failing_since is not None else 0.0
        lag_s = (now - target.waiting_since) / 1000 if target.waiting_since is not None else 0.0
        if failing_s > limits.remote_write_failing_s:
            title = f"{target.name} has not taken samples for {span(failing_s)}"
            yield _finding(target, title, f"{target.failing}.".replace("..", "."), target.failing_since, limits)
        elif lag_s > limits.remote_write_lag_s:
            title = f"Samples reach {target.name} {span(lag_s)} late"
            detail = f"More samples come in than {target.url} takes; queue_config.max_shards lets it take more at a time."
            yield _finding(target, title, detail, target.waiting_since, limits)


def _finding(target: RemoteWriteState, title: str, detail: str, since: int | None, limits: Thresholds) -> Finding:
    filled = target.backlog_bytes / target.backlog_limit_bytes if target.backlog_limit_bytes else 0.0
    severity: Severity = "critical" if filled > limits.remote_write_backlog else "warning"
    kept = f"{size(target.backlog_bytes)} of log are kept, {percent(filled)} of storage.remote_write_backlog; over it the oldest go."
    return Finding(severity=severity, layer="service", title=title, detail=f"{detail} {kept}", since=since, link="/status")
