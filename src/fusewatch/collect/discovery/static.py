"""Targets written in the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fusewatch.collect.discovery.config import StaticConfig
from fusewatch.collect.discovery.groups import Publish, TargetGroup
from fusewatch.telemetry.clock import Clock


class StaticDiscovery:
    """``static_configs``."""

    kind = "static"
    source = "static_configs"
    last_error = ""

    def __init__(self, configs: Sequence[StaticConfig], *, clock: Clock) -> None:
        self._groups = [
            TargetGroup(str(place), [{"__address__": target} for target in config.targets], config.labels)
            for place, config in enumerate(configs)
        ]
        self.last_refresh = clock.now_ms()

    async def run(self, publish: Publish) -> None:
        """Publishes the groups once and waits."""
        publish(self._groups)
        await asyncio.Event().wait()
