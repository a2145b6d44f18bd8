"""What is wrong right now, in words that somebody woken at night understands.

A pure function: readings in, sentences out. A machine is judged by all of its cores together and by memory that is really used, so that
neither one busy core nor a full page cache wakes anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from fusewatch.api.fusewatch.alert_findings import About, alert_findings
from fusewatch.api.fusewatch.backups import BackupAge
from fusewatch.api.fusewatch.ingest_findings import ingest_findings
from fusewatch.api.fusewatch.models import Component, Finding, Host, Severity, Storage, Target
from fusewatch.api.fusewatch.remote_writes import RemoteWriteState, remote_write_findings
from fusewatch.api.fusewatch.thresholds import Thresholds
from fusewatch.api.fusewatch.words import count, percent, size, span
from fusewatch.rules.alert_state import ActiveAlert
from fusewatch.storage.ingest_health import IngestStatistics

_ORDER: Final[Mapping[Severity, int]] = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that findings are made of; what is not known is None or empty.

    ``disk_growth`` is the change of a mount's usage in ratio per second, by mount point. ``since`` says since when (ms) ``cpu``,
    ``memory``, ``disk:MOUNT`` and ``job:JOB`` are in trouble. ``config_problem`` is what was wrong with the configuration that could not be
    loaded. ``backup`` is how old the last backup is, where they are made.
    """

    now: int
    host: Host | None = None
    targets: Sequence[Target] = ()
    components: Sequence[Component] = ()
    storage: Storage | None = None
    disk_growth: Mapping[str, float] = field(default_factory=dict)
    since: Mapping[str, int] = field(default_factory=dict)
    config_problem: str | None = None
    backup: BackupAge | None = None
    remote_writes: Sequence[RemoteWriteState] = ()
    ingest: IngestStatistics | None = None
    firing: Sequence[ActiveAlert] = ()


def findings(situation: Situation, thresholds: Thresholds | None = None) -> list[Finding]:
    """What is wrong, the worst first; empty when nothing is."""
    limits = thresholds or Thresholds()
    found = [
        *_components(situation, limits),
        *_storage(situation.storage, limits),
        *_host(situation, limits),
        *_targets(situation),
        *alert_findings(situation.firing, _covered(situation, limits), situation.now),
        *ingest_findings(situation.ingest, situation.now, limits),
        *remote_write_findings(situation.remote_writes, situation.now, limits),
        *_configuration(situation.config_problem),
        *_backup(situation.backup),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def _covered(situation: Situation, limits: Thresholds) -> set[About]:
    """What alerts may be about that our own findings say more of."""
    host = situation.host
    covered = {("availability", target.job) for target in situation.targets if target.health == "down"}
    if host is not None and any(True for _ in _cpu(host, situation, limits)):
        covered.add(("cpu", host.hostname))
    if host is not None and any(True for _ in _memory(host, situation, limits)):
        covered.add(("memory", host.hostname))
    return covered


def _grade(value: float, bounds: tuple[float, float]) -> Severity | None:
    """How bad a value is that should be low."""
    warning, critical = bounds
    if value > critical:
        return "critical"
    return "warning" if value > warning else None


def _settled(severity: Severity | None, since: int | None, now: int, limits: Thresholds) -> Severity | None:
    """A burst that has just begun is worth a warning, not more; one whose beginning nobody knows is taken at its word."""
    burst = since is not None and now - since < limits.burst_s * 1000
    return "warning" if severity == "critical" and burst else severity


def _grade_low(value: float, bounds: tuple[float, float]) -> Severity | None:
    """How bad a value is that should be high."""
    warning, critical = bounds
    return _grade(-value, (-warning, -critical))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _host(situation: Situation, limits: Thresholds) -> Iterator[Finding]:
    host = situation.host
    if host is None:
        return
    age = (situation.now - host.timestamp) / 1000
    if severity := _grade(age, limits.host_age_s):
        yield Finding(
            severity=severity,
            layer="infrastructure",
            title=f"The readings of {host.hostname} are {span(age)} old",
            detail="Host collection has stopped, so processor, memory and disks are not known now. The status page shows its component.",
            since=host.timestamp,
            link="/status",
        )
        return
    yield from _cpu(host, situation, limits)
    yield from _memory(host, situation, limits)
    yield from _disks(host, situation, limits)
    yield from _file_descriptors(host, limits)


def _cpu(host: Host, situation: Situation, limits: Thresholds) -> Iterator[Finding]:
    since = situation.since.get("cpu")
    severity = _settled(_grade(host.cpu.usage, limits.cpu), since, situation.now, limits)
    if severity is None:
        return
    cores = len(host.cpu.cores)
    busiest = ", ".join(f"{process.name} ({process.cpu:.1f} cores)" for process in host.processes.by_cpu[:3] if process.cpu >= 0.1)
    yield Finding(
        severity=severity,
        layer="infrastructure",
        title=f"{host.hostname} is using {percent(host.cpu.usage)} of its processor",
        detail=f"That is the average over {count(cores, 'core')}; load {host.load.one_minute:.1f}."
        + (f" Busiest: {busiest}." if busiest else ""),
        since=since,
        link="/",
    )


def _memory(host: Host, situation: Situation, limits: Thresholds) -> Iterator[Finding]:
    used, since = host.memory.by_type.used, situation.since.get("memory")
    severity = _settled(_grade(used, limits.memory), since, situation.now, limits)
    if severity is None:
        return
    largest = ", ".join(f"{process.name} ({size(process.memory_bytes)})" for process in host.processes.by_memory[:3])
    free = size(host.memory.available_bytes)
    yield Finding(
        severity=severity,
        layer="infrastructure",
        title=f"{host.hostname} is using {percent(used)} of its memory",
        detail=f"Programs can still get {free} of {size(host.memory.total_bytes)}." + (f" Largest: {largest}." if largest else ""),
        since=since,
        link="/",
    )


def _disks(host: Host, situation: Situation, limits: Thresholds) -> Iterator[Finding]:
    for disk in host.disks:
        rate = situation.disk_growth.get(disk.mount_point, 0.0)
        full_in = (1 - disk.usage) / rate if rate > 0 else float("inf")
        by_usage, by_growth = _grade(disk.usage, limits.disk), _grade_low(full_in, limits.disk_full_in_s)
        severity = min((grade for grade in (by_usage, by_growth) if grade), key=_ORDER.__getitem__, default=None)
        if severity is None:
            continue
        soon = f" At the present rate it is full in {span(full_in)}." if by_growth else ""
        yield Finding(
            severity=severity,
            layer="infrastructure",
            title=f"The disk {disk.mount_point} is {percent(disk.usage)} full"
            if by_usage
            else f"The disk {disk.mount_point} is filling up",
            detail=f"{size(disk.free_bytes)} of {size(disk.total_bytes)} are free on {disk.device}.{soon}",
            since=situation.since.get(f"disk:{disk.mount_point}"),
            link="/",
        )


def _file_descriptors(host: Host, limits: Thresholds) -> Iterator[Finding]:
    files = host.file_descriptors
    if files is None or files.limit <= 0:
        return
    used = files.used / files.limit
    if severity := _grade(used, limits.file_descriptors):
        yield Finding(
            severity=severity,
            layer="infrastructure",
            title=f"{host.hostname} has {percent(used)} of its file descriptors open",
            detail=f"{files.used} of {files.limit}. At the limit programs can open neither files nor connections.",
        )


def _targets(situation: Situation) -> Iterator[Finding]:
    jobs: dict[str, list[Target]] = {}
    for target in situation.targets:
        jobs.setdefault(target.job, []).append(target)
    for job, members in sorted(jobs.items()):
        down = [target for target in members if target.health == "down"]
        if down:
            yield _down(job, down, len(members), situation.since.get(f"job:{job}"))


def _down(job: str, down: Sequence[Target], of: int, since: int | None) -> Finding:
    if len(down) < of:
        severity: Severity = "warning"
        title = f"{len(down)} of {of} targets of {job} do not answer"
    else:
        severity = "critical"
        title = f"{job} does not answer" if of == 1 else f"None of the {of} targets of {job} answers"
    named = "; ".join(f"{target.instance}: {target.last_error or 'no answer'}" for target in down[:3])
    more = f"; and {count(len(down) - 3, 'more', 'more')}" if len(down) > 3 else ""
    return Finding(
        severity=severity,
        layer="service",
        title=title,
        detail=f"{named}{more}.",
        since=since,
        link="/targets?" + urlencode({"job": job, "health": "down"}),
    )


def _components(situation: Situation, limits: Thresholds) -> Iterator[Finding]:
    for component in situation.components:
        seconds = (situation.now - component.since) / 1000
        if component.state == "failed":
            yield Finding(
                severity="critical",
                layer="service",
                title=f"Fusewatch's {component.name} has failed",
                detail=f"{_sentence(component.last_error or 'The log names the cause')} Restarts so far: {component.restarts}.",
                since=component.since,
                link="/status",
            )
        elif component.state == "starting" and seconds > limits.starting_s:
            yield Finding(
                severity="warning",
                layer="service",
                title=f"Fusewatch's {component.name} has not been ready for {span(seconds)}",
                detail=_sentence(component.reason or "It has not said why"),
                since=component.since,
                link="/status",
            )


def _storage(storage: Storage | None, limits: Thresholds) -> Iterator[Finding]:
    if storage is None:
        return
    if storage.read_only_reason:
        yield Finding(
            severity="critical",
            layer="service",
            title="Fusewatch is not storing anything new",
            detail=f"{_sentence(storage.read_only_reason)} What senders keep they deliver later; the rest is lost until this ends.",
            link="/status",
        )
    elif storage.disk_free_bytes and (severity := _grade_low(storage.disk_free_bytes, limits.data_free_bytes)):
        yield Finding(
            severity=severity,
            layer="service",
            title=f"Fusewatch's data folder has only {size(storage.disk_free_bytes)} left",
            detail=f"It holds {size(storage.disk_bytes)}. Free some space or shorten the retention: on a full disk nothing new is stored.",
            link="/status",
        )
    filled = storage.queue_bytes / storage.queue_limit_bytes if storage.queue_limit_bytes else 0.0
    if severity := _grade(filled, limits.queue):
        yield Finding(
            severity=severity,
            layer="service",
            title=f"Fusewatch's write queue is {percent(filled)} full",
            detail="More samples arrive than the disk takes. When it is full, senders are asked to try again later.",
            link="/status",
        )


def _configuration(problem: str | None) -> Iterator[Finding]:
    if problem:
        yield Finding(
            severity="warning",
            layer="service",
            title="The configuration could not be loaded",
            detail=f"The one before it is still in force. {_sentence(problem)}",
            link="/status",
        )


def _backup(backup: BackupAge | None) -> Iterator[Finding]:
    if backup is None or not backup.overdue:
        return
    reason = f" The last attempt failed: {_sentence(backup.last_error)}" if backup.last_error else ""
    yield Finding(
        severity="warning",
        layer="service",
        title="Fusewatch has not been backed up yet"
        if backup.age_seconds is None
        else f"Fusewatch's last backup is {span(backup.age_seconds)} old",
        detail=f"One to {backup.target} is due every {span(backup.every_seconds)}.{reason}",
        since=backup.last_success,
        link="/status",
    )
