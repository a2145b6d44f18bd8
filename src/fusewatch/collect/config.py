"""The ``global`` and ``scrape_configs`` blocks, in Prometheus' syntax to the letter.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from fusewatch.collect.discovery.config import DnsSdConfig, FileSdConfig, HttpSdConfig, StaticConfig
from fusewatch.collect.http_config import HttpConfig, Text
from fusewatch.collect.relabel import RelabelConfig
from fusewatch.collect.unsupported import Unsupported, UnsupportedDiscovery
from fusewatch.telemetry.config import Block, DurationMs, Size
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.negotiation import DEFAULT_PROTOCOLS, PROTOBUF_FIRST, ScrapeProtocol

_MINUTE: Final = 60_000
_TEN_SECONDS: Final = 10_000


def _check_protocols(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(set(value)) != len(value):
        raise ValueError("duplicated protocol in scrape_protocols")
    return value


class ScrapeLimits(Block):
    """Bounds on what a scrape may bring; 0 means none. A scrape beyond one fails as a whole."""

    body_size_limit: Size = 0
    sample_limit: int = Field(default=0, ge=0)
    target_limit: int = Field(default=0, ge=0)
    label_limit: int = Field(default=0, ge=0)
    label_name_length_limit: int = Field(default=0, ge=0)
    label_value_length_limit: int = Field(default=0, ge=0)
    keep_dropped_targets: int = Field(default=0, ge=0)
    metric_name_validation_scheme: Literal["", "utf8", "legacy"] = ""
    metric_name_escaping_scheme: Literal["", "allow-utf-8", "underscores", "dots", "values"] = ""
    extra_scrape_metrics: Unsupported = None
    scrape_failure_log_file: Unsupported = None
    scrape_native_histograms: bool | None = Field(
        default=None, description="Whether native histograms are taken; PrometheusProto is then asked for first."
    )
    always_scrape_classic_histograms: bool | None = Field(
        default=None, description="Whether the classic form of a native histogram, also of a converted one, is taken as well."
    )
    convert_classic_histograms_to_nhcb: bool | None = Field(
        default=None,
        description="Whether a histogram that has only the classic form is stored as a native one with the same bounds (NHCB); its classic "
        "series are then kept only with always_scrape_classic_histograms.",
    )


class GlobalConfig(ScrapeLimits):
    """What holds for every job unless the job says otherwise."""

    scrape_interval: DurationMs = _MINUTE
    scrape_timeout: DurationMs = 0
    scrape_protocols: tuple[ScrapeProtocol, ...] = Field(
        default=(),
        description="Formats that a target is asked for, the preferred one first; by default OpenMetrics, then text, "
        "and before them PrometheusProto where native histograms are scraped, or start timestamps are wanted.",
    )
    evaluation_interval: DurationMs = _MINUTE
    rule_query_offset: DurationMs = 0
    external_labels: dict[str, Text] = Field(default_factory=dict)
    query_log_file: Unsupported = None
    runtime: Unsupported = None

    _protocols = field_validator("scrape_protocols", mode="before")(_check_protocols)

    @field_validator("external_labels")
    @classmethod
    def _label_names(cls, value: dict[str, str]) -> dict[str, str]:
        if "" in value:
            raise ValueError('"" is not a valid label name')
        return value

    @model_validator(mode="after")
    def _timeout_fits(self) -> Self:
        if self.scrape_timeout > self.scrape_interval > 0:
            raise ValueError("global scrape timeout greater than scrape interval")
        return self

    @property
    def interval(self) -> int:
        """Milliseconds between scrapes, the default applied (a written 0 means the default)."""
        return self.scrape_interval or _MINUTE

    @property
    def timeout(self) -> int:
        """Milliseconds a scrape may take, the default applied: 10 s, never more than the interval."""
        return self.scrape_timeout or min(_TEN_SECONDS, self.interval)


class ScrapeConfig(ScrapeLimits, HttpConfig, UnsupportedDiscovery):
    """One job. A 0 or an empty value takes the global one; :func:`resolve_scrape_configs` fills it in."""

    job_name: str = Field(min_length=1)
    scrape_interval: DurationMs = 0
    scrape_timeout: DurationMs = 0
    metrics_path: str = "/metrics"
    scheme: Literal["http", "https"] = "http"
    params: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    honor_labels: bool = False
    honor_timestamps: bool = True
    track_timestamps_staleness: bool = False
    enable_compression: bool = True
    scrape_protocols: tuple[ScrapeProtocol, ...] = ()
    fallback_scrape_protocol: ScrapeProtocol | None = None
    native_histogram_bucket_limit: int = Field(
        default=0, ge=0, description="Most buckets of a native histogram, merged until they are no more; 0: no limit."
    )
    native_histogram_min_bucket_factor: float = Field(
        default=0.0, description="How many times as wide as the one before a bucket of a native histogram is at the least; 0: as they come."
    )
    static_configs: tuple[StaticConfig, ...] = ()
    file_sd_configs: tuple[FileSdConfig, ...] = ()
    http_sd_configs: tuple[HttpSdConfig, ...] = ()
    dns_sd_configs: tuple[DnsSdConfig, ...] = ()
    relabel_configs: tuple[RelabelConfig, ...] = ()
    metric_relabel_configs: tuple[RelabelConfig, ...] = ()

    _protocols = field_validator("scrape_protocols", "fallback_scrape_protocol", mode="before")(_check_protocols)

    @model_validator(mode="after")
    def _timeout_fits(self) -> Self:
        if self.scrape_timeout > self.scrape_interval > 0:
            message = f"scrape timeout greater than scrape interval for scrape config with job name {self.job_name!r}"
            raise ValueError(message)
        return self

    def resolved(self, defaults: GlobalConfig, *, starts: bool = False) -> ScrapeConfig:
        """This job with the global values where it has none of its own. ``starts``: start timestamps are wanted of its targets.

        Raises:
            ValueError: its timeout is then longer than its interval.
        """
        interval = self.scrape_interval or defaults.interval
        timeout = self.scrape_timeout or min(defaults.timeout, interval)
        if timeout > interval:
            message = f"scrape timeout greater than scrape interval for scrape config with job name {self.job_name!r}"
            raise ValueError(message)
        inherited = {name: _own_or(getattr(self, name), getattr(defaults, name)) for name in ScrapeLimits.model_fields}
        protocols = self.scrape_protocols or defaults.scrape_protocols
        if not protocols:
            protocols = PROTOBUF_FIRST if inherited["scrape_native_histograms"] or starts else DEFAULT_PROTOCOLS
        update = {**inherited, "scrape_protocols": protocols, "scrape_interval": interval, "scrape_timeout": timeout}
        return self.model_copy(update=update)

    @property
    def histograms(self) -> HistogramChoice:
        """Which histograms the targets are asked for."""
        return HistogramChoice(
            native=bool(self.scrape_native_histograms),
            classic_too=bool(self.always_scrape_classic_histograms),
            convert_classic=bool(self.convert_classic_histograms_to_nhcb),
            min_bucket_factor=self.native_histogram_min_bucket_factor,
            bucket_limit=self.native_histogram_bucket_limit,
        )


def _own_or(own: Any, default: Any) -> Any:
    """A job's value where it has one; ``false`` is one."""
    return own if own or own is False else default


def resolve_scrape_configs(defaults: GlobalConfig, configs: Sequence[ScrapeConfig], *, starts: bool = False) -> tuple[ScrapeConfig, ...]:
    """All jobs as they run: global values filled in. ``starts``: start timestamps are wanted, which protobuf has for certain.

    Raises:
        ValueError: two jobs of one name, or a timeout longer than its interval; the message names the job.
    """
    seen: set[str] = set()
    for config in configs:
        if config.job_name in seen:
            message = f"found multiple scrape configs with job name {config.job_name!r}"
            raise ValueError(message)
        seen.add(config.job_name)
    return tuple(config.resolved(defaults, starts=starts) for config in configs)
