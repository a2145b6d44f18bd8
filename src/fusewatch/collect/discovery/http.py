"""Targets from an HTTP endpoint.

https://prometheus.io/docs/prometheus/latest/http_sd/
"""

from __future__ import annotations

import asyncio
from email.message import Message
from pathlib import Path
from typing import Final

import orjson
import structlog

from fusewatch.collect.discovery.config import HttpSdConfig
from fusewatch.collect.discovery.groups import Publish, TargetGroup
from fusewatch.collect.discovery.payload import parse_groups
from fusewatch.collect.errors import DiscoveryError, ScrapeError
from fusewatch.collect.http_client import HttpClient
from fusewatch.collect.http_config import redact
from fusewatch.collect.scrape.decode import unpack
from fusewatch.telemetry.clock import Clock

_LONGEST_ANSWER: Final = 64 << 20
_TIMEOUT_S: Final = 30.0

_log = structlog.stdlib.get_logger(component="discovery")


class HttpDiscovery:
    """``http_sd_configs``: a list of target groups in JSON, asked for every ``refresh_interval``; a failure keeps what was known."""

    kind = "http"

    def __init__(self, config: HttpSdConfig, *, base_dir: Path, clock: Clock, version: str) -> None:
        self._client = HttpClient(config, base_dir)
        self._refresh_s = config.refresh_interval / 1000
        self._clock = clock
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"Fusewatch/{version}".rstrip("/"),
            "X-Prometheus-Refresh-Interval-Seconds": f"{self._refresh_s:g}",
        }
        self._url = config.url
        self.source = redact(config.url)
        self.last_error = ""
        self.last_refresh = 0

    async def run(self, publish: Publish) -> None:
        """Publishes what the endpoint answers."""
        try:
            while True:
                try:
                    publish(await self._ask())
                except (ScrapeError, DiscoveryError) as error:
                    if str(error) != self.last_error:
                        _log.warning("targets can't be read", reason=str(error))
                    self.last_error = str(error)
                await asyncio.sleep(self._refresh_s)
        finally:
            await self._client.close()

    async def _ask(self) -> list[TargetGroup]:
        answer = await self._client.get(self._url, headers=self._headers, timeout_s=_TIMEOUT_S, limit=_LONGEST_ANSWER)
        header = Message()
        header["content-type"] = answer.content_type
        if header.get_content_type() != "application/json":
            message = f"{self.source}: unsupported content type {answer.content_type!r}, expected application/json"
            raise DiscoveryError(message)
        groups = await asyncio.to_thread(self._parse, answer.body, answer.content_encoding)
        self.last_error, self.last_refresh = "", self._clock.now_ms()
        return groups

    def _parse(self, body: bytes, encoding: str) -> list[TargetGroup]:
        try:
            document = orjson.loads(unpack(body, encoding, _LONGEST_ANSWER))
        except orjson.JSONDecodeError as error:
            message = f"{self.source}: {error}"
            raise DiscoveryError(message) from error
        return parse_groups(document, self.source, {"__meta_url": self.source})
