"""What our own API answers, as types: times in milliseconds UTC, ratios from 0 to 1, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["critical", "warning", "info"]
Layer = Literal["infrastructure", "service", "application", "security", "business"]


class Answer(BaseModel):
    """A part of an answer; made from any object that has its attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True, serialize_by_alias=True)


class ErrorDetail(Answer):
    """What went wrong: a word for programs, a sentence for people, the field where one is to blame."""

    code: str
    message: str
    field: str | None = None


class ErrorAnswer(Answer):
    """The body of every answer from 400 on."""

    error: ErrorDetail
    request_id: str


class CoreUsage(Answer):
    """One core's share of time spent working."""

    core: str
    usage: float


class Cpu(Answer):
    """All cores together, and each."""

    usage: float
    cores: Sequence[CoreUsage]


class Load(Answer):
    """Processes that run or wait to, on average."""

    one_minute: float = Field(alias="1m")
    five_minutes: float = Field(alias="5m")
    fifteen_minutes: float = Field(alias="15m")


class Stall(Answer):
    """The share of the last ten seconds in which some or all tasks waited for a resource (Linux' pressure stall information)."""

    some_avg10: float
    full_avg10: float


class Pressure(Answer):
    """What tasks wait for; None where the kernel does not tell."""

    cpu: Stall | None = None
    memory: Stall | None = None
    io: Stall | None = None


class MemoryByType(Answer):
    """Ratios of the machine's memory, and of its swap."""

    used: float = 0.0
    cached: float = 0.0
    buffers: float = 0.0
    free: float = 0.0
    swap: float = 0.0


class Memory(Answer):
    """The machine's memory."""

    total_bytes: int
    available_bytes: int
    by_type: MemoryByType
    swap_total_bytes: int = 0


class Disk(Answer):
    """One mounted file system."""

    device: str
    mount_point: str
    usage: float
    total_bytes: int
    free_bytes: int


class NetworkInterface(Answer):
    """One interface: counters since the machine started, and their rates."""

    interface: str
    receive_bytes: int
    transmit_bytes: int
    receive_bytes_per_second: float = 0.0
    transmit_bytes_per_second: float = 0.0


class Connections(Answer):
    """TCP connections by state."""

    established: int = 0
    listen: int = 0
    time_wait: int = 0
    close_wait: int = 0
    other: int = 0


class FileDescriptors(Answer):
    """Open files of the whole machine, and how many it allows."""

    used: int
    limit: int


class Process(Answer):
    """One process; ``cpu`` is in cores (1.0: one core busy)."""

    pid: int
    name: str
    user: str
    cpu: float
    memory_bytes: int
    command: str


class Processes(Answer):
    """The processes that take most."""

    by_cpu: Sequence[Process] = ()
    by_memory: Sequence[Process] = ()


class Host(Answer):
    """The machine that Fusewatch runs on, as last read."""

    hostname: str
    platform: str
    timestamp: int
    boot_time: int
    uptime_seconds: float
    cpu: Cpu
    load: Load
    pressure: Pressure = Pressure()
    memory: Memory
    disks: Sequence[Disk] = ()
    network: Sequence[NetworkInterface] = ()
    connections: Connections = Connections()
    file_descriptors: FileDescriptors | None = None
    processes: Processes = Processes()


class Target(Answer):
    """Something that is scraped."""

    job: str
    instance: str
    scrape_url: str
    health: Literal["up", "down", "unknown"]
    last_error: str = ""
    last_scrape: int | None = None
    last_scrape_duration_seconds: float = 0.0
    scrape_interval_seconds: float
    samples: int = 0
    labels: Mapping[str, str] = Field(default_factory=dict)
    discovered_labels: Mapping[str, str] = Field(default_factory=dict)


class Targets(Answer):
    """The targets that the filters leave, and how many relabelling dropped in all."""

    targets: Sequence[Target]
    dropped: int


class Component(Answer):
    """A part of Fusewatch that runs by itself."""

    name: str
    state: Literal["running", "starting", "failed", "stopped"]
    since: int
    restarts: int = 0
    last_error: str | None = None
    reason: str | None = None


class Components(Answer):
    """Every part, in the order of starting."""

    components: Sequence[Component]


class Retention(Answer):
    """How long samples are kept, milliseconds; 0 for ever."""

    metrics: int = 0


class Storage(Answer):
    """The metrics store from the outside."""

    series: int
    pending_samples: int = 0
    queue_bytes: int = 0
    queue_limit_bytes: int = 0
    wal_bytes: int = 0
    wal_segments: int = 0
    disk_bytes: int = 0
    disk_free_bytes: int = 0
    oldest_sample: int | None = None
    newest_sample: int | None = None
    commit_seconds_last: float | None = None
    commits: int = 0
    retention: Retention = Retention()
    schema_version: int = 0
    read_only_reason: str | None = None


class Version(Answer):
    """What runs here, since when, with which configuration."""

    version: str
    python: str
    platform: str
    started_at: int
    listen: str
    data_dir: str | None = None
    config_loaded_at: int | None = None
    config_ok: bool = True
    authentication: bool = False


class Finding(Answer):
    """One thing that is wrong, in words; ``link`` leads to the page that shows more."""

    severity: Severity
    layer: Layer
    title: str
    detail: str
    since: int | None = None
    link: str | None = None


class Findings(Answer):
    """What is wrong, the worst first; empty is good news."""

    as_of: int
    findings: Sequence[Finding]
