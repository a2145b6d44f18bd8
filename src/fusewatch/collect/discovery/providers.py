"""Which discoveries a job's configuration asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.discovery.groups import Discovery
from fusewatch.collect.discovery.static import StaticDiscovery
from fusewatch.telemetry.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryTools:
    """What discoveries share."""

    clock: Clock
    base_dir: Path


@dataclass(frozen=True, slots=True)
class DiscoveryPlan:
    """A discovery to be: its configuration, by which a reload tells whether it changed, and how to make it."""

    config: Any
    make: Callable[[], Discovery]


def make_discoveries(config: ScrapeConfig, tools: DiscoveryTools) -> dict[str, DiscoveryPlan]:
    """The discoveries of a job, by a name that stays the same across reloads."""
    plans = {}
    if config.static_configs:
        plans["static"] = DiscoveryPlan(config.static_configs, lambda: StaticDiscovery(config.static_configs, clock=tools.clock))
    return plans
