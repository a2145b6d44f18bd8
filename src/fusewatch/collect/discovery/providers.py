"""Which discoveries a job's configuration asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.discovery.config import DnsSdConfig
from fusewatch.collect.discovery.file import FileDiscovery
from fusewatch.collect.discovery.groups import Discovery
from fusewatch.collect.discovery.http import HttpDiscovery
from fusewatch.collect.discovery.static import StaticDiscovery
from fusewatch.collect.discovery.watch import DirectoryWatch
from fusewatch.telemetry.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryTools:
    """What discoveries share."""

    clock: Clock
    base_dir: Path
    watch: DirectoryWatch
    version: str = ""


@dataclass(frozen=True, slots=True)
class DiscoveryPlan:
    """A discovery to be: its configuration, by which a reload tells whether it changed, and how to make it."""

    config: Any
    make: Callable[[], Discovery]


def make_discoveries(config: ScrapeConfig, tools: DiscoveryTools) -> dict[str, DiscoveryPlan]:
    """The discoveries of a job, by a name that stays the same across reloads."""
    clock, base = tools.clock, tools.base_dir
    plans: dict[str, DiscoveryPlan] = {}
    if config.static_configs:
        plans["static"] = DiscoveryPlan(config.static_configs, partial(StaticDiscovery, config.static_configs, clock=clock))
    for place, files in enumerate(config.file_sd_configs):
        plans[f"file/{place}"] = DiscoveryPlan(files, partial(FileDiscovery, files, base_dir=base, watch=tools.watch, clock=clock))
    for place, http in enumerate(config.http_sd_configs):
        plans[f"http/{place}"] = DiscoveryPlan(http, partial(HttpDiscovery, http, base_dir=base, clock=clock, version=tools.version))
    for place, names in enumerate(config.dns_sd_configs):
        plans[f"dns/{place}"] = DiscoveryPlan(names, partial(_dns, names, clock))
    return plans


def _dns(names: DnsSdConfig, clock: Clock) -> Discovery:
    from fusewatch.collect.discovery.dns import DnsDiscovery  # noqa: PLC0415 - its resolver is 57 modules, which few need

    return DnsDiscovery(names, clock=clock)
