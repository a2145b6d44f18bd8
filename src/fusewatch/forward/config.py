"""The ``remote_write`` block, in Prometheus' syntax to the letter.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

import xxhash
from pydantic import Field, field_validator, model_validator

from fusewatch.collect.http_config import Address, HttpConfig, Text, redact
from fusewatch.collect.relabel import RelabelConfig
from fusewatch.collect.unsupported import Unsupported
from fusewatch.telemetry.config import Block, DurationMs

V1: Final = "prometheus.WriteRequest"
V2: Final = "io.prometheus.write.v2.Request"
_OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "user-agent",
        "www-authenticate",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-prometheus-remote-read-version",
        "x-prometheus-remote-write-version",
    }
)
_Positive = Annotated[int, Field(gt=0)]


class QueueConfig(Block):
    """How samples are sent: in how many requests at a time, of which size, and how patiently."""

    #: Samples per shard that are taken from the log at a time.
    capacity: _Positive = 10_000
    #: Requests under way at a time, at most.
    max_shards: _Positive = 50
    #: Requests under way at a time, at least; there are more of them while the target is behind.
    min_shards: _Positive = 1
    #: Samples in a request.
    max_samples_per_send: _Positive = 2_000
    #: How long a sample waits for others to fill a request.
    batch_send_deadline: DurationMs = 5_000
    #: First wait before a request is repeated; each further one lasts twice as long.
    min_backoff: DurationMs = 30
    #: Longest wait before a request is repeated.
    max_backoff: DurationMs = 5_000
    #: Whether a request that was answered with 429 is repeated, instead of dropped.
    retry_on_http_429: bool = False
    #: Samples older than this are not sent; 0: all are.
    sample_age_limit: DurationMs = 0

    @model_validator(mode="after")
    def _least_is_not_above_most(self) -> Self:
        if self.min_shards > self.max_shards:
            raise ValueError(f"min_shards ({self.min_shards}) is above max_shards ({self.max_shards})")
        if self.min_backoff > self.max_backoff:
            raise ValueError("min_backoff is longer than max_backoff")
        return self


class MetadataConfig(Block):
    """How types, helps and units of metrics are sent by remote write 1.0; 2.0 has them beside the samples."""

    #: Whether they are sent.
    send: bool = True
    #: How often.
    send_interval: Annotated[DurationMs, Field(gt=0)] = 60_000
    #: Metrics in a request.
    max_samples_per_send: _Positive = 2_000


class RemoteWriteConfig(HttpConfig):
    """One server that gets all samples, by Prometheus' remote write."""

    #: Address that samples are sent to.
    url: Annotated[Address, Field(min_length=1)]
    #: How long a request may take.
    remote_timeout: Annotated[DurationMs, Field(gt=0)] = 30_000
    #: Headers that are sent with each request.
    headers: dict[str, Text] = Field(default_factory=dict)
    #: Rules that rewrite or drop series on their way to this server; external labels are there already.
    write_relabel_configs: tuple[RelabelConfig, ...] = ()
    #: Name in metrics and log. By it the target keeps its place when its address changes; without one, it is made from the address.
    name: Text = ""
    #: Whether exemplars are sent.
    send_exemplars: bool = False
    #: Whether native histograms are sent.
    send_native_histograms: bool = False
    #: Version of the protocol: prometheus.WriteRequest (1.0) or io.prometheus.write.v2.Request (2.0).
    protobuf_message: Literal["prometheus.WriteRequest", "io.prometheus.write.v2.Request"] = V1
    queue_config: QueueConfig = QueueConfig()
    metadata_config: MetadataConfig = MetadataConfig()
    #: A permission in Prometheus; Fusewatch always speaks HTTP/1.1.
    enable_http2: bool = False
    round_robin_dns: Unsupported = None
    sigv4: Unsupported = None
    azuread: Unsupported = None
    google_iam: Unsupported = None

    @field_validator("url")
    @classmethod
    def _url_is_http(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError("url must be an address such as https://metrics.example.org/api/v1/write (http or https)")
        return value

    @field_validator("headers")
    @classmethod
    def _headers_are_yours_to_set(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name.lower() == "authorization":
                raise ValueError("authorization header must be changed via the basic_auth or authorization parameter")
            if name.lower() in _OURS:
                message = f"{name} is a reserved header. It must not be changed"
                raise ValueError(message)
        return value


def named_targets(configs: Sequence[RemoteWriteConfig]) -> Mapping[str, RemoteWriteConfig]:
    """All targets by name: the one that is given, or the beginning of a hash of the address (of everything, where two have one address).

    Raises:
        ValueError: two of one name, or two that are the same.
    """
    addresses = Counter(config.url for config in configs if not config.name)
    targets: dict[str, RemoteWriteConfig] = {}
    for config in configs:
        name = config.name or _short_hash(redact(config.url) if addresses[config.url] == 1 else config.model_dump_json())
        if name in targets:
            what = f"found multiple remote write configs with name {name!r}" if config.name else "found two equal remote write configs"
            raise ValueError(what)
        targets[name] = config
    return targets


def _short_hash(text: str) -> str:
    return xxhash.xxh3_64_hexdigest(text.encode())[:6]
