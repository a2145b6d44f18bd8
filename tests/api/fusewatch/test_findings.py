"""What is wrong is said in plain words, and nothing is said when nothing is wrong."""

from __future__ import annotations

import pytest

from fusewatch.api.fusewatch.findings import Situation, findings
from fusewatch.api.fusewatch.models import (
    Component,
    CoreUsage,
    Cpu,
    Disk,
    FileDescriptors,
    Host,
    Load,
    Memory,
    MemoryByType,
    Process,
    Processes,
    Storage,
    Target,
)
from fusewatch.api.fusewatch.remote_writes import RemoteWriteState
from fusewatch.api.fusewatch.words import percent, size, span
from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.storage.ingest_statistics import RefusalStatistics
from fusewatch.storage.store_door import DoorStatistics
from fusewatch.telemetry.refusals import Refusal

NOW = 1_700_000_000_000
GB = 1 << 30


def host(*, cores=(0.1, 0.1), used=0.4, cached=0.0, disk=0.5, files=100, age_s=5):
    process = Process(pid=1, name="postgres", user="postgres", cpu=1.9, memory_bytes=3 * GB, command="postgres")
    return Host(
        hostname="web-1",
        platform="Linux",
        timestamp=NOW - age_s * 1000,
        boot_time=0,
        uptime_seconds=1,
        cpu=Cpu(usage=sum(cores) / len(cores), cores=[CoreUsage(core=str(i), usage=usage) for i, usage in enumerate(cores)]),
        load=Load(one_minute=2.5, five_minutes=1, fifteen_minutes=1),
        memory=Memory(total_bytes=8 * GB, available_bytes=1 * GB, by_type=MemoryByType(used=used, cached=cached)),
        disks=[Disk(device="/dev/sda1", mount_point="/", usage=disk, total_bytes=100 * GB, free_bytes=int((1 - disk) * 100 * GB))],
        file_descriptors=FileDescriptors(used=files, limit=1000),
        processes=Processes(by_cpu=[process], by_memory=[process]),
    )


def target(health="down", *, job="api", instance="a:80", error="connection refused"):
    return Target(job=job, instance=instance, scrape_url="", health=health, last_error=error, scrape_interval_seconds=15)


def component(state, *, since=NOW - 1000, error=None, reason=None, restarts=3):
    return Component(name="committer", state=state, since=since, restarts=restarts, last_error=error, reason=reason)


def storage(**changes):
    return Storage(**{"series": 1, "queue_limit_bytes": 100, "disk_bytes": 2 * GB, "disk_free_bytes": 50 * GB, **changes})


def situation(**parts):
    return Situation(now=NOW, **parts)


# name, what is read, severity, title
SITUATIONS = [
    ("all cores busy", {"host": host(cores=(0.95, 0.93))}, "critical", "web-1 is using 94 % of its processor"),
    ("cores rather busy", {"host": host(cores=(0.9, 0.8))}, "warning", "web-1 is using 85 % of its processor"),
    ("memory used", {"host": host(used=0.86)}, "critical", "web-1 is using 86 % of its memory"),
    ("memory rather used", {"host": host(used=0.8)}, "warning", "web-1 is using 80 % of its memory"),
    ("disk full", {"host": host(disk=0.97)}, "critical", "The disk / is 97 % full"),
    ("disk rather full", {"host": host(disk=0.9)}, "warning", "The disk / is 90 % full"),
    ("disk fills within hours", {"host": host(disk=0.5), "disk_growth": {"/": 0.5 / 7200}}, "critical", "The disk / is filling up"),
    ("disk fills within a day", {"host": host(disk=0.5), "disk_growth": {"/": 0.5 / 72_000}}, "warning", "The disk / is filling up"),
    ("files", {"host": host(files=900)}, "warning", "web-1 has 90 % of its file descriptors open"),
    ("stale host", {"host": host(age_s=120, disk=0.99)}, "warning", "The readings of web-1 are 2 minutes old"),
    ("long stale host", {"host": host(age_s=7200)}, "critical", "The readings of web-1 are 2 hours old"),
    ("one target of two", {"targets": [target(), target("up", instance="b:80")]}, "warning", "1 of 2 targets of api do not answer"),
    ("the only target", {"targets": [target()]}, "critical", "api does not answer"),
    ("every target", {"targets": [target(), target(instance="b:80")]}, "critical", "None of the 2 targets of api answers"),
    ("failed component", {"components": [component("failed", error="disk on fire")]}, "critical", "Fusewatch's committer has failed"),
    (
        "component that does not get ready",
        {"components": [component("starting", since=NOW - 600_000)]},
        "warning",
        "Fusewatch's committer has not been ready for 10 minutes",
    ),
    ("queue", {"storage": storage(queue_bytes=60)}, "warning", "Fusewatch's write queue is 60 % full"),
    ("full queue", {"storage": storage(queue_bytes=95)}, "critical", "Fusewatch's write queue is 95 % full"),
    ("read-only", {"storage": storage(read_only_reason="The disk is full.")}, "critical", "Fusewatch is not storing anything new"),
    ("data folder", {"storage": storage(disk_free_bytes=GB // 2)}, "critical", "Fusewatch's data folder has only 512 MB left"),
    ("data folder soon", {"storage": storage(disk_free_bytes=3 * GB)}, "warning", "Fusewatch's data folder has only 3.0 GB left"),
    ("configuration", {"config_problem": "fusewatch.yml:3: unknown key"}, "warning", "The configuration could not be loaded"),
]


@pytest.mark.parametrize(("parts", "severity", "title"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS])
def test_each_trouble_has_one_sentence(parts, severity, title):
    [finding] = findings(situation(**parts))
    assert (finding.severity, finding.title) == (severity, title)
    assert finding.detail.endswith(".")


QUIET = [
    ("nothing known", {}),
    ("one busy core of four", {"host": host(cores=(1.0, 0.2, 0.2, 0.2))}),
    ("a full page cache", {"host": host(used=0.3, cached=0.65)}),
    ("a disk that empties", {"host": host(), "disk_growth": {"/": -0.1}}),
    ("a disk that grows slowly", {"host": host(), "disk_growth": {"/": 1e-9}}),
    ("targets that answer or were not asked yet", {"targets": [target("up", error=""), target("unknown", error="")]}),
    ("a component that has just started", {"components": [component("starting"), component("running"), component("stopped")]}),
    ("a store at work", {"storage": storage(queue_bytes=10)}),
]


@pytest.mark.parametrize("parts", [row[1] for row in QUIET], ids=[row[0] for row in QUIET])
def test_nothing_is_said_of(parts):
    assert findings(situation(**parts)) == []


@pytest.mark.parametrize(("seconds", "severity"), [(60, "warning"), (299, "warning"), (301, "critical"), (None, "critical")])
@pytest.mark.parametrize(("key", "reading"), [("cpu", host(cores=(0.99,))), ("memory", host(used=0.99))])
def test_a_burst_is_a_warning_until_it_lasts(key, reading, seconds, severity):
    since = {} if seconds is None else {key: NOW - seconds * 1000}
    [finding] = findings(situation(host=reading, since=since))
    assert finding.severity == severity
    assert finding.since == since.get(key)


def test_the_worst_comes_first():
    found = findings(situation(host=host(cores=(0.85,), disk=0.99), targets=[target()], config_problem="x"))
    assert [finding.severity for finding in found] == ["critical", "critical", "warning", "warning"]


def test_the_detail_names_who_and_why():
    [cpu] = findings(situation(host=host(cores=(0.95, 0.93))))
    assert cpu.detail == "That is the average over 2 cores; load 2.5. Busiest: postgres (1.9 cores)."
    [memory] = findings(situation(host=host(used=0.86)))
    assert memory.detail == "Programs can still get 1.0 GB of 8.0 GB. Largest: postgres (3.0 GB)."
    [down] = findings(situation(targets=[target(instance=f"{name}:80") for name in "abcde"]))
    assert down.detail == "a:80: connection refused; b:80: connection refused; c:80: connection refused; and 2 more."
    assert down.link == "/targets?job=api&health=down"
    [disk] = findings(situation(host=host(disk=0.5), disk_growth={"/": 0.5 / 10_800}))
    assert disk.detail == "50 GB of 100 GB are free on /dev/sda1. At the present rate it is full in 3 hours."


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (percent(0.999), "99 %"),
        (percent(1.0), "100 %"),
        (percent(0.051), "5 %"),
        (size(0), "0 B"),
        (size(1536), "1.5 KB"),
        (size(200 * GB), "200 GB"),
        (span(1), "1 second"),
        (span(90), "90 seconds"),
        (span(7200), "2 hours"),
        (span(200_000), "2 days"),
    ],
)
def test_numbers_are_said_as_people_say_them(said, words):
    assert said == words


def remote_write(**changes):
    return RemoteWriteState(
        **{
            "name": "remote write backup",
            "url": "http://backup/write",
            "failing": "",
            "failing_since": None,
            "waiting_since": None,
            "backlog_bytes": 0,
            "backlog_limit_bytes": 100 * GB,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        # in order
        ({}, []),
        # one request that was tried again
        ({"failing": "timeout", "failing_since": NOW - 1000}, []),
        # away
        ({"failing": "connection refused", "failing_since": NOW - 300_000, "backlog_bytes": GB}, ["warning"]),
        # away for so long that samples will be lost
        ({"failing": "connection refused", "failing_since": NOW - 300_000, "backlog_bytes": 90 * GB}, ["critical"]),
        # slow
        ({"waiting_since": NOW - 300_000}, ["warning"]),
        ({"waiting_since": NOW - 20_000}, []),
    ],
)
def test_a_target_of_remote_write_that_fails_or_is_behind_is_told(state, expected):
    found = findings(situation(remote_writes=[remote_write(**state)]))
    assert [one.severity for one in found] == expected


def test_what_a_target_says_and_what_is_kept_for_it_is_in_the_finding():
    [found] = findings(
        situation(remote_writes=[remote_write(failing="connection refused", failing_since=NOW - 300_000, backlog_bytes=2 * GB)])
    )
    assert found.title == "remote write backup has not taken samples for 5 minutes"
    assert found.detail == "connection refused. 2.0 GB of log are kept, 2 % of storage.remote_write_backlog; over it the oldest go."


def ingest(commit_lag_s=0.0, refusals=()):
    figures = dict.fromkeys(
        ("waiting_samples", "waiting_bytes", "commits", "commit_s", "sealed_samples", "merged_samples", "seal_s", "seal_lag_s", "merge_s"),
        0,
    )
    return IngestStatistics(door=DoorStatistics(refusals=refusals), commit_lag_s=commit_lag_s, merge_lag_s=0, **figures)


def refusal(reason=Refusal.TOO_OLD, *, age_s=10, samples=3):
    return RefusalStatistics(
        reason=reason,
        requests=1,
        samples=samples,
        since=NOW - 60_000,
        last=NOW - age_s * 1000,
        requests_per_second=0,
        samples_per_second=0,
        message="out of bounds: timestamp 5 is older than 30d.",
        protocol="remote_write",
        agent="Prometheus/2.42",
        address="10.0.0.3",
    )


def test_what_was_refused_just_now_is_told_with_its_sender():
    [found] = findings(situation(ingest=ingest(refusals=[refusal(), refusal(Refusal.MALFORMED, age_s=400), refusal(Refusal.NOT_READY)])))
    assert (found.severity, found.title) == ("warning", "Samples are refused that are too old")
    assert (
        found.detail == "3 samples since the start, the last of Prometheus/2.42 at 10.0.0.3: out of bounds: timestamp 5 is older than 30d."
    )
    assert (found.since, found.link) == (NOW - 60_000, "/ingest")


def test_requests_are_counted_where_their_samples_were_not_looked_at():
    [found] = findings(situation(ingest=ingest(refusals=[refusal(Refusal.FAILED, samples=0)])))
    assert found.severity == "critical"
    assert found.detail.startswith("1 request since the start")


@pytest.mark.parametrize(("lag_s", "expected"), [(5, []), (90, ["warning"]), (400, ["critical"])])
def test_storing_that_is_behind_is_told(lag_s, expected):
    found = findings(situation(ingest=ingest(lag_s)))
    assert [one.severity for one in found] == expected
    assert all("behind" in one.title for one in found)
