"""All targets of remote write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fusewatch.forward.config import RemoteWriteConfig, named_targets
from fusewatch.forward.figures import Figures, TargetStatistics
from fusewatch.forward.target import ForwardTools, RemoteTarget
from fusewatch.telemetry.components import Component


class Runner(Protocol):
    """What runs components."""

    def start(self, components: Sequence[Component]) -> None:
        """Starts some more."""
        ...

    async def end(self, name: str) -> None:
        """Stops one for good."""
        ...


class RemoteWrites:
    """A component for each target; ``external`` are the labels that are added to all series."""

    def __init__(self, configs: Sequence[RemoteWriteConfig], *, external: Mapping[str, str], tools: ForwardTools) -> None:
        self._tools = tools
        self._figures: dict[str, Figures] = {}
        self._targets = {name: self._make(name, config, external) for name, config in named_targets(configs).items()}

    def components(self) -> list[Component]:
        """What must run."""
        return list(self._targets.values())

    async def apply(self, configs: Sequence[RemoteWriteConfig], external: Mapping[str, str], runner: Runner) -> None:
        """Goes on with other targets. One that has changed goes on from its place, one that is gone loses it."""
        wanted = named_targets(configs)
        for name, target in list(self._targets.items()):
            if wanted.get(name) == target.config and target.external == external:
                continue
            await runner.end(target.name)
            del self._targets[name]
            if name not in wanted:
                self._figures.pop(name, None)
                self._tools.backlog.forget(name)
        fresh = {name: self._make(name, config, external) for name, config in wanted.items() if name not in self._targets}
        self._targets |= fresh
        runner.start(list(fresh.values()))

    def statistics(self) -> list[TargetStatistics]:
        """How each target fares."""
        return [target.statistics() for target in self._targets.values()]

    def _make(self, name: str, config: RemoteWriteConfig, external: Mapping[str, str]) -> RemoteTarget:
        return RemoteTarget(name, config, external=external, tools=self._tools, figures=self._figures.setdefault(name, Figures()))
