"""One group of rules at work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote_plus

import structlog

from fusewatch.promql.engine import Engine
from fusewatch.rules.alert_series import since_series, state_series
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.alerting import AlertingState, Surroundings
from fusewatch.rules.dependencies import stages
from fusewatch.rules.errors import EvaluationError
from fusewatch.rules.expansion import Expander
from fusewatch.rules.model import AlertingRule, Group, Rule
from fusewatch.rules.output import Output, SeriesKept, batch_of
from fusewatch.rules.queries import Moment
from fusewatch.rules.recording import recorded
from fusewatch.rules.schedule import Schedule
from fusewatch.telemetry.alerts import Alert, Notifier
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SampleSink, StorageError
from fusewatch.telemetry.samples import SampleBatch
from fusewatch.telemetry.time_intervals import TimeInterval

Health = Literal["unknown", "ok", "err"]

_WRITE_LIMIT_S: Final = 30.0
#: How long a group that ends waits for the queries under way.
_FAREWELL_S: Final = 30.0
#: An alert that is told of holds for so many times of what lies between two tellings.
_VALID_FOR: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTools:
    """What groups work with; ``threads`` has room for ``concurrency`` rules at a time."""

    engine: Engine
    sink: SampleSink
    notifier: Notifier
    clock: Clock
    threads: Executor
    concurrency: int = 4
    surroundings: Surroundings = field(default_factory=Surroundings)
    intervals: Mapping[str, Sequence[TimeInterval]] = field(default_factory=dict)
    resend_delay_ms: int = 60_000


class RunningRule:
    """A rule, what it found last, and how that went. ``evaluated_at`` in ms UTC, 0: never."""

    def __init__(self, rule: Rule, surroundings: Surroundings) -> None:
        self.rule = rule
        self.alerting = AlertingState(rule, surroundings) if isinstance(rule, AlertingRule) else None
        self.kept = SeriesKept()
        self.health: Health = "unknown"
        self.error = ""
        self.evaluated_at = 0
        self.seconds = 0.0
        self.samples = 0
        #: Series that its expression read; None before it was evaluated.
        self.read: int | None = None

    def failed(self, error: str) -> None:
        """It could not do its work."""
        self.health, self.error = "err", error

    def succeeded(self) -> None:
        """It did its work."""
        self.health, self.error = "ok", ""


@dataclass(slots=True)
class GroupFigures:
    """What a group counts."""

    iterations: int = 0
    missed: int = 0
    evaluations: int = 0
    failures: int = 0
    samples: int = 0
    seconds: float = 0.0
    #: When it was evaluated last (ms UTC), and the moment that was evaluated.
    evaluated_at: int = 0
    moment: int = 0


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a rule: its samples, the same with markers of what is over, and the alerts of which it is time to tell."""

    rule: RunningRule
    output: Output
    marked: Output
    due: Sequence[tuple[ActiveAlert, Alert]]


class GroupRun:
    """Evaluates a group's rules at its moments. ``evaluate`` may be called by itself, as tests and back-filling do."""

    def __init__(self, group: Group, tools: RuleTools) -> None:
        self.group = group
        self.rules = [RunningRule(rule, tools.surroundings) for rule in group.rules]
        self.figures = GroupFigures()
        self.tools = tools
        self._stages = stages(group.rules)
        self._schedule = Schedule(group.key, group.interval_ms)
        self._log = structlog.get_logger("fusewatch.rules").bind(component="rules", group=group.name, file=group.file)

    async def run(self) -> None:
        """Works until it is cancelled."""
        clock = self.tools.clock
        while True:
            if wait := self._schedule.wait_ms(clock.now_ms()):
                await asyncio.sleep(wait / 1000)
                continue  # the clock may have been set meanwhile
            turn = self._schedule.turn(clock.now_ms())
            if turn.missed:
                self.figures.missed += turn.missed
                self.figures.iterations += turn.missed
                self._log.warning("evaluations of a group were missed", missed=turn.missed)
            await self.evaluate(turn.at)

    async def evaluate(self, now: int) -> None:
        """Evaluates all rules at a moment (ms UTC), stage by stage, tells of alerts and writes what came of it."""
        begun = time.perf_counter()
        self._mind_the_gap(now)
        self.figures.samples = 0
        for stage in self._stages:
            done = await self._evaluated([self.rules[place] for place in stage], now)
            await self._tell([due for one in done for due in one.due], now)
            await self._write(done)
        figures = self.figures
        figures.iterations += 1
        figures.seconds = time.perf_counter() - begun
        figures.evaluated_at, figures.moment = self.tools.clock.now_ms(), now

    def _mind_the_gap(self, now: int) -> None:
        """Time in which nothing was evaluated (the machine slept, the clock was set) is no time that an alert was pending."""
        last, interval = self.figures.moment, self.group.interval_ms
        if last and not 0 <= now - last <= 3 * interval + 60_000:
            for rule in self.rules:
                if rule.alerting is not None:
                    rule.alerting.shift(now - last - interval)

    # Evaluating -----------------------------------------------------------------------------------------------------------------

    async def _evaluated(self, rules: Sequence[RunningRule], now: int) -> list[_Done]:
        """What came of each rule that could be evaluated; in as many threads as there may be."""
        parts = min(self.tools.concurrency, len(rules))
        loop = asyncio.get_running_loop()
        works = [loop.run_in_executor(self.tools.threads, self._evaluate_some, rules[part::parts], now) for part in range(parts)]
        try:
            found = await asyncio.shield(asyncio.gather(*works))
        except asyncio.CancelledError:
            # A thread can't be stopped, and whoever takes the alerts over must not share them with it.
            await asyncio.wait(works, timeout=_FAREWELL_S)
            raise
        done = [one for some in found for one in some]
        self.figures.evaluations += len(rules)
        self.figures.failures += len(rules) - len(done)
        return done

    def _evaluate_some(self, rules: Sequence[RunningRule], now: int) -> list[_Done]:
        done = [self._evaluate_one(rule, now) for rule in rules]
        return [one for one in done if one is not None]

    def _evaluate_one(self, rule: RunningRule, now: int) -> _Done | None:
        begun = time.perf_counter()
        time_ms = now - self.group.offset_ms
        moment = Moment(self.tools.engine, time_ms=time_ms, now_ms=now, intervals=self.tools.intervals)
        done = None
        try:
            output = self._output(rule, moment, now, time_ms)
            done = _Done(rule, output, rule.kept.marked(output), self._due(rule, now))
        except EvaluationError as error:
            self._fail(rule, str(error))
        except Exception as error:  # noqa: BLE001 - one rule must not stop the others
            self._fail(rule, f"{type(error).__name__}: {error}")
        rule.seconds, rule.evaluated_at = time.perf_counter() - begun, self.tools.clock.now_ms()
        return done

    def _output(self, rule: RunningRule, moment: Moment, now: int, time_ms: int) -> Output:
        if rule.alerting is None:
            assert not isinstance(rule.rule, AlertingRule)  # noqa: S101 - what alerts has a state
            output = recorded(rule.rule, moment.result(rule.rule.expr), time_ms, limit=self.group.limit)
        else:
            expander = Expander(ask=moment.samples, now_ms=now, external_url=self.tools.surroundings.external_url)
            rule.alerting.evaluate(now, moment, expander, limit=self.group.limit)
            output = _alert_series(rule.alerting.active(), time_ms)
        rule.read = moment.series
        rule.samples = len(output)
        rule.succeeded()
        return output

    def _fail(self, rule: RunningRule, error: str) -> None:
        rule.failed(error)
        self._log.warning("a rule could not be evaluated", rule=rule.rule.name, error=error)

    # Telling and writing --------------------------------------------------------------------------------------------------------

    def _due(self, rule: RunningRule, now: int) -> list[tuple[ActiveAlert, Alert]]:
        """The alerts of which it is time to tell."""
        if rule.alerting is None:
            return []
        until = now + _VALID_FOR * max(self.group.interval_ms, self.tools.resend_delay_ms)
        due = [alert for alert in rule.alerting.alerts if self._is_due(alert, now)]
        return [(alert, self._told(rule.alerting.rule, alert, until)) for alert in due]

    async def _tell(self, due: Sequence[tuple[ActiveAlert, Alert]], now: int) -> None:
        if not due:
            return
        try:
            await self.tools.notifier.notify([told for _, told in due])
        except OSError as error:
            self._log.error("alerts could not be handed on; they are tried again", alerts=len(due), error=str(error))
            return
        for alert, _ in due:
            alert.told_at = now

    def _is_due(self, alert: ActiveAlert, now: int) -> bool:
        if alert.state is State.PENDING:
            return False
        if alert.state is State.INACTIVE:
            return alert.told_at < alert.resolved_at
        return alert.told_at < alert.fired_at or now - alert.told_at >= self.tools.resend_delay_ms or now < alert.told_at

    def _told(self, rule: AlertingRule, alert: ActiveAlert, until: int) -> Alert:
        surroundings = self.tools.surroundings
        return Alert(
            labels=Labels({**surroundings.external_labels, **alert.labels}),
            annotations=alert.annotations,
            starts_at=alert.fired_at,
            ends_at=alert.resolved_at if alert.state is State.INACTIVE else until,
            generator_url=f"{surroundings.external_url}/explore?q={quote_plus(rule.expr)}",
        )

    async def _write(self, done: Sequence[_Done]) -> None:
        """All that the rules of a stage write, as one batch: the next stage sees it."""
        if any(len(one.marked) for one in done):
            loop = asyncio.get_running_loop()
            batch = await loop.run_in_executor(self.tools.threads, _batch_of, done)
            try:
                async with asyncio.timeout(_WRITE_LIMIT_S):
                    await self.tools.sink.write(batch)
            except (StorageError, TimeoutError) as error:
                self.figures.failures += len(done)
                for one in done:
                    # All series are named again, and marked again where they are over.
                    self._fail(one.rule, f"what it found could not be written: {error}")
                return
        for one in done:
            one.rule.kept.wrote(one.output)
            self.figures.samples += len(one.output)


def _batch_of(done: Sequence[_Done]) -> SampleBatch:
    return batch_of([one.marked for one in done], frozenset().union(*(one.rule.kept.last for one in done)))


def _alert_series(alerts: Sequence[ActiveAlert], timestamp: int) -> Output:
    output = Output(timestamp)
    for alert in alerts:
        output.numbers[state_series(alert.labels, alert.state)] = 1.0
        output.numbers[since_series(alert.labels)] = float(alert.active_at // 1000)
    return output
