"""Everything fusewatch.yml can hold: the rooms' own blocks put together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from fusewatch.access.config import AccessSettings
from fusewatch.api.config import EventsSettings
from fusewatch.collect.config import GlobalConfig, ScrapeConfig
from fusewatch.forward.config import RemoteWriteConfig
from fusewatch.ingest.config import GraphiteSettings, InfluxSettings
from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.records.config import RecordsSettings
from fusewatch.rules.settings import RuleSettings
from fusewatch.server.logs import LogFormat, LogLevel
from fusewatch.storage.backup.config import BackupSettings
from fusewatch.storage.config import StorageSettings
from fusewatch.telemetry.addresses import split_listen
from fusewatch.telemetry.config import Block, DurationMs, Size
from fusewatch.telemetry.time_intervals import NamedTimeInterval

if TYPE_CHECKING:
    from fusewatch.rules.loading import RuleFile

DEFAULT_LISTEN = "127.0.0.1:9470"
DEFAULT_DATA = "fusewatch-data"


def _listen(value: str) -> str:
    split_listen(value)
    return value


def _external_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError(f"expected an address such as https://watch.example.org, not {value!r}")
    return value


class HostSettings(Block):
    """The machine Fusewatch runs on, read without any exporter."""

    #: Whether CPU, memory, disks and network of this machine are collected.
    enabled: bool = True
    #: How often they are read.
    interval: DurationMs = 15_000

    @model_validator(mode="after")
    def _interval_is_positive(self) -> HostSettings:
        if self.interval < 1_000:
            raise ValueError("interval must be at least 1s")
        return self


class QuerySettings(Block):
    """What one PromQL query may use; one that needs more is answered with an error that says so."""

    #: Samples that a query may read.
    max_samples: Annotated[int, Field(gt=0)] = 50_000_000
    #: Series that a query may read.
    max_series: Annotated[int, Field(gt=0)] = 1_000_000
    #: Points per series of a range query.
    max_steps: Annotated[int, Field(gt=0)] = 11_000
    #: How long a query may take, however long its client would wait.
    timeout: DurationMs = 120_000
    #: How old a sample may be and still count as a series' current value.
    lookback_delta: DurationMs = 300_000
    #: Queries at the same time, at most as many as there are processors (four at least); further ones wait. Range queries, exports and
    #: remote reads count apart from all others, never run in more threads than there are processors, and give way to all others.
    max_concurrency: Annotated[int, Field(gt=0)] = 20
    #: Answers of range queries are kept up to this size, so that of a panel that asks again only the newest steps are computed. What comes
    #: late or is deleted is noticed. 0: none; `nocache=1` goes past it.
    cache: Annotated[Size, Field(ge=0)] = 64 << 20


class LogSettings(Block):
    """Fusewatch's own log, on standard error."""

    #: The least severe lines that are written: debug, info, warning or error.
    level: LogLevel = "info"
    #: json, text, or auto: text on a terminal, JSON elsewhere.
    format: LogFormat = "auto"


class Settings(Block):
    """The whole of fusewatch.yml."""

    #: Address and port of everything: pages, APIs, /metrics. `:9470` listens on every address.
    listen: Annotated[str, AfterValidator(_listen)] = DEFAULT_LISTEN
    #: The folder that holds all data.
    data: Annotated[str, Field(min_length=1)] = DEFAULT_DATA
    log: LogSettings = LogSettings()
    #: The address under which people reach this server, for links in alerts; `http://` and `listen` by default.
    external_url: Annotated[str, AfterValidator(_external_url)] = ""
    global_: Annotated[GlobalConfig, Field(alias="global")] = GlobalConfig()
    scrape_configs: tuple[ScrapeConfig, ...] = ()
    #: Files with rules, as Prometheus has them; `*` matches any text of a file's name.
    rule_files: tuple[str, ...] = ()
    rules: RuleSettings = RuleSettings()
    time_intervals: tuple[NamedTimeInterval, ...] = ()
    remote_write: tuple[RemoteWriteConfig, ...] = ()
    host: HostSettings = HostSettings()
    query: QuerySettings = QuerySettings()
    storage: StorageSettings = StorageSettings()
    records: RecordsSettings = RecordsSettings()
    backup: BackupSettings = BackupSettings()
    access: AccessSettings = AccessSettings()
    events: EventsSettings = EventsSettings()
    otlp: OtlpSettings = OtlpSettings()
    influx: InfluxSettings = InfluxSettings()
    graphite: GraphiteSettings = GraphiteSettings()
    #: What the rule files held when the settings were read.
    _rule_files_read: tuple[RuleFile, ...] = PrivateAttr(())

    @property
    def rule_files_read(self) -> tuple[RuleFile, ...]:
        """What the files of ``rule_files`` held when the settings were read."""
        return self._rule_files_read

    @property
    def public_url(self) -> str:
        """The address for links, without a slash at its end."""
        return self.external_url.rstrip("/") or f"http://{self.listen if not self.listen.startswith(':') else 'localhost' + self.listen}"

    def with_rule_files(self, files: tuple[RuleFile, ...]) -> Settings:
        """These settings, with what their rule files hold."""
        settings = self.model_copy()
        settings._rule_files_read = files  # noqa: SLF001 - of our own class
        return settings

    @property
    def data_dir(self) -> Path:
        """The folder that holds all data, absolute."""
        return Path(self.data).absolute()

    @property
    def reachable_hosts(self) -> list[str]:
        """The hosts of all addresses that ask who somebody is."""
        listens = [self.listen, self.otlp.grpc, self.otlp.http]
        return [split_listen(listen)[0] for listen in listens if listen]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        return split_listen(self.listen)
