"""The discovery blocks of a scrape configuration, as prometheus.yml writes them."""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from fusewatch.collect.http_config import Address, HttpConfig, Text
from fusewatch.telemetry.config import Block, DurationMs

#: As Prometheus: one ``*`` in the last part of the path, and an ending that says how to read it.
_FILE_PATTERN = re.compile(r"[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)\Z")

DnsType = Literal["SRV", "A", "AAAA", "MX", "NS"]


class StaticConfig(Block):
    """A group of addresses that share labels."""

    targets: tuple[Text, ...] = ()
    labels: dict[str, Text] = Field(default_factory=dict)

    @field_validator("targets")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if "/" in address:
                message = f"{address!r} is not a valid hostname (write host:port; the path goes into metrics_path)"
                raise ValueError(message)
        return value


class FileSdConfig(Block):
    """Target groups in JSON or YAML files, taken up when they change."""

    files: tuple[str, ...]
    refresh_interval: DurationMs = 5 * 60_000

    @field_validator("files")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("file service discovery config must contain at least one path name")
        for pattern in value:
            if not _FILE_PATTERN.match(pattern):
                message = f'path name "{pattern}" is not valid for file discovery (it must end in .json, .yml or .yaml)'
                raise ValueError(message)
        return value


class HttpSdConfig(HttpConfig):
    """Target groups from an HTTP endpoint that answers JSON."""

    url: Address
    refresh_interval: DurationMs = 60_000

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"}:
            raise ValueError("URL scheme must be 'http' or 'https'")
        if not parts.hostname:
            raise ValueError("host is missing in URL")
        return value


class DnsSdConfig(Block):
    """Targets from DNS records."""

    names: tuple[str, ...]
    type: DnsType = "SRV"
    port: int = Field(default=0, ge=0, le=65_535)
    refresh_interval: DurationMs = 30_000

    @field_validator("type", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _port_where_needed(self) -> Self:
        if not self.names:
            raise ValueError("DNS-SD config must contain at least one SRV record name")
        if self.type != "SRV" and not self.port:
            message = f"a port is required in DNS-SD configs for {self.type} records"
            raise ValueError(message)
        return self
