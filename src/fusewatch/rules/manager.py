"""All groups of rules: started, exchanged at a reload, looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from fusewatch.promql.engine import Engine
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.alerting import Surroundings
from fusewatch.rules.group_run import GroupRun, RuleTools, RunningRule
from fusewatch.rules.model import AlertingRule, Group
from fusewatch.rules.output import Output, batch_of
from fusewatch.rules.restoring import Remembered, alerts_of, remembered_alerts
from fusewatch.telemetry.alerts import Notifier
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget, SampleSink, SeriesReader, StorageError
from fusewatch.telemetry.samples import STALE_NAN
from fusewatch.telemetry.time_intervals import TimeInterval

#: A group that fails by a fault of ours begins anew after this.
_BEGIN_ANEW_S: Final = 5.0
_WRITE_LIMIT_S: Final = 30.0

#: Rules of an earlier plan that nobody has taken over yet, by what makes them the same.
_Known = dict[tuple[object, ...], list[RunningRule]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """What is to be evaluated, and how."""

    groups: Sequence[Group] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)
    intervals: Mapping[str, Sequence[TimeInterval]] = field(default_factory=dict)
    outage_tolerance_ms: int = 3_600_000
    for_grace_period_ms: int = 600_000
    resend_delay_ms: int = 60_000


class RuleManager:
    """A component: evaluates the groups of the plan that was applied last."""

    name = "rules"

    def __init__(
        self,
        plan: RulePlan,
        *,
        engine: Engine,
        reader: SeriesReader,
        sink: SampleSink,
        notifier: Notifier,
        clock: Clock,
        concurrency: int = 4,
    ) -> None:
        self._reader = reader
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="rules")
        self._base = RuleTools(engine=engine, sink=sink, notifier=notifier, clock=clock, threads=self._threads, concurrency=concurrency)
        self._plan = plan
        self._runs: list[GroupRun] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._remembered: Mapping[str, Sequence[Remembered]] | None = None
        self._log = structlog.get_logger("fusewatch.rules").bind(component=self.name)

    @property
    def groups(self) -> Sequence[GroupRun]:
        """The groups as they run, in the order of their files."""
        return tuple(self._runs)

    def apply(self, plan: RulePlan) -> None:
        """Evaluates other groups from now on; what is known of rules that stay goes on."""
        self._plan = plan
        self._changed.set()

    async def run(self) -> None:
        """Works until it is cancelled."""
        self._changed.set()
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._exchange(self._plan)
        finally:
            await self._stop(list(self._tasks))

    def close(self) -> None:
        """Ends the threads once what runs in them is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    # Exchanging -----------------------------------------------------------------------------------------------------------------

    async def _exchange(self, plan: RulePlan) -> None:
        remembered = await self._read_remembered(plan)
        before = {run.group.key: run for run in self._runs}
        tools = replace(
            self._base,
            surroundings=plan.surroundings,
            intervals=plan.intervals,
            resend_delay_ms=plan.resend_delay_ms,
        )
        unchanged = {group.key for group in plan.groups if group.key in before and _is_same(before[group.key], group, tools)}
        await self._stop([key for key in self._tasks if key not in unchanged])
        # In a thread: ten thousand expressions are looked into.
        news = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: {group.key: GroupRun(group, tools) for group in plan.groups if group.key not in unchanged}
        )
        runs = [news.get(group.key) or before[group.key] for group in plan.groups]
        gone = _by_identity(rule for key, run in before.items() if key not in {group.key for group in plan.groups} for rule in run.rules)
        for run in news.values():
            known = _by_identity(before[run.group.key].rules) if run.group.key in before else gone
            self._fill(run, known, remembered, plan)
        # Only what begins with this process may go on where the one before it ended.
        self._remembered = {}
        over = self._left_over(runs)
        self._runs = runs
        for run in runs:
            if run.group.key not in self._tasks:
                self._tasks[run.group.key] = asyncio.create_task(self._keep_running(run), name=f"rules {run.group.name}")
        await self._mark_over(over)

    def _fill(self, run: GroupRun, known: _Known, remembered: Mapping[str, Sequence[Remembered]], plan: RulePlan) -> None:
        """What the group's rules know from before: of the last plan, of a group of another name too, or of the process before this one."""
        now = self._base.clock.now_ms()
        for rule in run.rules:
            waiting = known.get(_identity(rule), [])
            old = waiting.pop(0) if waiting else None
            if old is not None:
                rule.kept = old.kept
                if rule.alerting is not None and old.alerting is not None:
                    rule.alerting.take_over(old.alerting.alerts)
            elif rule.alerting is not None:
                of_name = remembered.get(rule.rule.name, ())
                rule.alerting.take_over(alerts_of(rule.alerting.rule, of_name, now, plan.for_grace_period_ms))

    def _left_over(self, runs: Sequence[GroupRun]) -> set[Labels]:
        """Series that rules of the last plan wrote and none of this plan goes on with."""
        kept = {id(rule.kept) for run in runs for rule in run.rules}
        return {labels for run in self._runs for rule in run.rules if id(rule.kept) not in kept for labels in rule.kept.last}

    async def _mark_over(self, series: set[Labels]) -> None:
        if not series:
            return
        output = Output(self._base.clock.now_ms(), dict.fromkeys(series, STALE_NAN))
        try:
            async with asyncio.timeout(_WRITE_LIMIT_S):
                await self._base.sink.write(batch_of([output], series))
        except (StorageError, TimeoutError) as error:
            self._log.warning("series of rules that are gone could not be marked as over", series=len(series), error=str(error))

    async def _read_remembered(self, plan: RulePlan) -> Mapping[str, Sequence[Remembered]]:
        """What was active before this process; read once."""
        if self._remembered is None:
            now = self._base.clock.now_ms()
            budget = Budget(deadline=self._base.clock.monotonic() + _WRITE_LIMIT_S)
            work = (self._reader, now, plan.outage_tolerance_ms, budget)
            try:
                self._remembered = await asyncio.get_running_loop().run_in_executor(self._threads, remembered_alerts, *work)
            except StorageError as error:
                self._log.error("alerts from before the restart could not be read: they begin anew", error=str(error))
                self._remembered = {}
        return self._remembered

    # Running --------------------------------------------------------------------------------------------------------------------

    async def _keep_running(self, run: GroupRun) -> None:
        while True:
            try:
                await run.run()
            except Exception:  # noqa: BLE001 - a fault of ours, said in the log
                self._log.exception("a group of rules failed; it begins anew", group=run.group.name, file=run.group.file)
            await asyncio.sleep(_BEGIN_ANEW_S)

    async def _stop(self, keys: Iterable[str]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _is_same(run: GroupRun, group: Group, tools: RuleTools) -> bool:
    return run.group == group and run.tools == tools


def _identity(rule: RunningRule) -> tuple[object, ...]:
    """What makes a rule the same one after its expression was changed."""
    return isinstance(rule.rule, AlertingRule), rule.rule.name, tuple(sorted(rule.rule.labels.items()))


def _by_identity(rules: Iterable[RunningRule]) -> _Known:
    known: _Known = {}
    for rule in rules:
        known.setdefault(_identity(rule), []).append(rule)
    return known


def active_alerts(runs: Iterable[GroupRun]) -> list[tuple[GroupRun, RunningRule, ActiveAlert]]:
    """All alerts that are pending or fire, with their rules and groups."""
    return [
        (run, rule, alert)
        for run in runs
        for rule in run.rules
        if rule.alerting is not None
        for alert in rule.alerting.alerts
        if alert.state is not State.INACTIVE
    ]
