"""Groups of rules on a store in memory, evaluated moment by moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fusewatch.promql.engine import Engine
from fusewatch.promql.notation.memory import MemoryReader
from fusewatch.promql.notation.series import parse_series
from fusewatch.rules.alerting import Surroundings
from fusewatch.rules.group_run import GroupRun, RuleTools
from fusewatch.rules.loading import parse_rules
from fusewatch.rules.model import Defaults
from fusewatch.telemetry.alerts import Alert
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.time_intervals import TimeInterval

MINUTE = 60_000


@dataclass
class Told:
    """A notifier that remembers what it was told; ``refuses`` makes it fail."""

    alerts: list[Alert] = field(default_factory=list)
    refuses: bool = False

    async def notify(self, alerts: Sequence[Alert]) -> None:
        if self.refuses:
            raise OSError("disk full")
        self.alerts += alerts


@dataclass
class SetClock:
    """Time as a test sets it."""

    now: int = 0

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1000


class World:
    """A store, a group of rules, and who is told of their alerts."""

    def __init__(
        self,
        rules: str,
        *,
        intervals: Mapping[str, Sequence[TimeInterval]] | None = None,
        surroundings: Surroundings | None = None,
        defaults: Defaults | None = None,
        reader: MemoryReader | None = None,
    ) -> None:
        self.reader = reader or MemoryReader()
        self.told = Told()
        self.clock = SetClock()
        self.threads = ThreadPoolExecutor(2)
        self.tools = RuleTools(
            engine=Engine(self.reader),
            sink=self.reader,
            notifier=self.told,
            clock=self.clock,
            threads=self.threads,
            surroundings=surroundings or Surroundings(),
            intervals=intervals or {},
        )
        file, problems = parse_rules(rules, "rules.yml")
        assert file is not None, problems
        (group,) = file.groups(defaults or Defaults())
        self.run = GroupRun(group, self.tools)

    def load(self, interval: int, *lines: str, start: int = 0) -> None:
        """Stores series in the notation of Prometheus' tests, ``interval`` ms apart."""
        for line in lines:
            labels, points = parse_series(line)
            self.reader.add(labels, [(start + place * interval, point) for place, point in enumerate(points) if isinstance(point, float)])

    def evaluate(self, *minutes: float) -> None:
        """Evaluates the group at these minutes."""
        for minute in minutes:
            self.clock.now = int(minute * MINUTE)
            asyncio.run(self.run.evaluate(self.clock.now))

    def alerts(self, place: int = 0) -> dict[str, str]:
        """The states of a rule's alerts that are active, by their labels."""
        state = self.run.rules[place].alerting
        assert state is not None
        return {str(alert.labels.without(("alertname",))): alert.state for alert in state.active()}

    def query(self, text: str, minute: float) -> dict[str, float]:
        """An instant query's answer."""
        result = self.tools.engine.instant(text, int(minute * MINUTE))
        return {str(labels): float(value) for labels, value in zip(result.labels, result.values[:, 0], strict=True)}


def labels(text: str) -> Labels:
    """Labels as PromQL writes them."""
    return parse_series(f"{text} 1")[0]
