"""What is wrong with samples that come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fusewatch.api.fusewatch.models import Finding, Severity
from fusewatch.api.fusewatch.thresholds import Thresholds
from fusewatch.api.fusewatch.words import count, span
from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.storage.ingest_statistics import RefusalStatistics
from fusewatch.telemetry.refusals import Refusal

#: What is refused, as a sentence; the reasons that are not here have findings of their own, or pass by themselves.
_TITLES: Final[Mapping[Refusal, str]] = {
    Refusal.TOO_OLD: "Samples are refused that are too old",
    Refusal.TOO_FAR_AHEAD: "Samples are refused that lie in the future",
    Refusal.SERIES_LIMIT: "New series are refused that are over a limit",
    Refusal.INVALID: "Series are refused whose labels or histograms are invalid",
    Refusal.MALFORMED: "Writes are refused that can't be read",
    Refusal.UNSUPPORTED: "Writes are refused that come in a form that is not supported",
    Refusal.TOO_LARGE: "Writes are refused that are too large",
    Refusal.UNAUTHENTICATED: "Writes are refused that come without valid credentials",
    Refusal.FORBIDDEN: "Writes are refused of somebody who may not write",
    Refusal.OVERLOADED: "Writes are put off: more arrives than is stored",
    Refusal.FAILED: "Writes fail",
}
_CRITICAL: Final = frozenset({Refusal.OVERLOADED, Refusal.FAILED})


def ingest_findings(ingest: IngestStatistics | None, now: int, limits: Thresholds) -> Iterator[Finding]:
    """A finding for each reason for which something was refused just now, and one where storing is behind."""
    if ingest is None:
        return
    for refusal in ingest.door.refusals:
        if refusal.reason in _TITLES and now - refusal.last <= limits.refusal_s * 1000:
            yield _refused(refusal)
    warning, critical = limits.commit_lag_s
    if ingest.commit_lag_s > warning:
        severity: Severity = "critical" if ingest.commit_lag_s > critical else "warning"
        yield Finding(
            severity=severity,
            layer="service",
            title=f"Storing is {span(ingest.commit_lag_s)} behind",
            detail="Samples are safe in the log and can be queried, but ClickHouse does not take them: look at processor, memory and disk.",
            since=now - int(ingest.commit_lag_s * 1000),
            link="/ingest",
        )


def _refused(refusal: RefusalStatistics) -> Finding:
    many = count(refusal.samples, "sample") if refusal.samples else count(refusal.requests, "request")
    sender = " at ".join(filter(None, (refusal.agent or refusal.protocol, refusal.address)))
    return Finding(
        severity="critical" if refusal.reason in _CRITICAL else "warning",
        layer="service",
        title=_TITLES[refusal.reason],
        detail=f"{many} since the start, the last of {sender}: {refusal.message.rstrip('.')}.",
        since=refusal.since,
        link="/ingest",
    )
