"""Runs test files of rules."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from fusewatch.documents.document import read_document
from fusewatch.documents.problems import Problem
from fusewatch.documents.validation import validate
from fusewatch.promql.engine import Engine
from fusewatch.promql.notation.errors import NotationError
from fusewatch.promql.notation.histograms import Written
from fusewatch.promql.notation.memory import MemoryReader
from fusewatch.promql.notation.series import parse_series
from fusewatch.rules.alerting import Surroundings
from fusewatch.rules.errors import EvaluationError
from fusewatch.rules.group_run import GroupRun, RuleTools
from fusewatch.rules.loading import RuleFile, find_rule_files, read_rule_file
from fusewatch.rules.model import Defaults, Group
from fusewatch.rules.queries import Moment
from fusewatch.rules.unit_tests.compare import alerts_difference, samples_difference
from fusewatch.rules.unit_tests.config import TestFile, TestGroup
from fusewatch.telemetry.alerts import Nobody
from fusewatch.telemetry.time_intervals import TimeInterval


@dataclass(frozen=True, slots=True)
class Failure:
    """What was expected and did not come: the test, what of it, and the difference."""

    test: str
    what: str
    difference: str

    def __str__(self) -> str:
        indented = "\n".join(f"      {line}" for line in self.difference.splitlines())
        return f"  {self.test}, {self.what}:\n{indented}"


class StillClock:
    """Stands where the test is."""

    def __init__(self) -> None:
        self.now = 0

    def now_ms(self) -> int:
        """See :class:`fusewatch.telemetry.clock.Clock`."""
        return self.now

    def monotonic(self) -> float:
        """See :class:`fusewatch.telemetry.clock.Clock`."""
        return self.now / 1000


def read_test_file(path: Path) -> tuple[TestFile | None, list[RuleFile], list[Problem]]:
    """The test file and its rule files, or what is wrong with them."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [], [Problem(str(path), 0, "", f"can't be read: {error}")]
    document = read_document(text, file=str(path), base=path.parent, environ=None)
    config = validate(document, TestFile, example="tests:") if document.value is not None or not document.problems else None
    if config is None or document.problems:
        return None, [], document.problems
    paths, missing = find_rule_files(config.rule_files, path.parent)
    for pattern in missing:
        document.report(("rule_files", config.rule_files.index(pattern)), f"there is no file {pattern}")
    read = [read_rule_file(found) for found in paths]
    problems = [*document.problems, *(problem for _, some in read for problem in some)]
    return (None if problems else config), [file for file, _ in read if file is not None], problems


def run_tests(config: TestFile, files: Sequence[RuleFile]) -> list[Failure]:
    """Everything that did not come as expected. Blocks."""
    # As promtool does: all groups at the moments of the test, whatever interval they name.
    interval = config.evaluation_interval
    groups = [replace(group, interval_ms=interval) for file in files for group in file.groups(Defaults())]
    order = {name: place for place, name in enumerate(config.group_eval_order)}
    groups.sort(key=lambda group: order.get(group.name, len(order)))
    with ThreadPoolExecutor(1) as threads:
        return [failure for number, test in enumerate(config.tests, 1) for failure in _Running(config, test, number, groups, threads).run()]


class _Running:
    """One test on its way."""

    def __init__(self, config: TestFile, test: TestGroup, number: int, groups: Sequence[Group], threads: ThreadPoolExecutor) -> None:
        self._config = config
        self._test = test
        self._name = test.name or f"test {number}"
        self._reader = MemoryReader()
        self._clock = StillClock()
        self._engine = Engine(self._reader)
        intervals = {interval.name: interval.time_intervals for interval in config.time_intervals}
        self._intervals: Mapping[str, Sequence[TimeInterval]] = intervals
        tools = RuleTools(
            engine=self._engine,
            sink=self._reader,
            notifier=Nobody(),
            clock=self._clock,
            threads=threads,
            concurrency=1,
            surroundings=Surroundings(external_labels=test.external_labels, external_url=test.external_url),
            intervals=intervals,
        )
        self._runs = [GroupRun(group, tools) for group in groups]

    def run(self) -> list[Failure]:
        try:
            self._load()
        except NotationError as error:
            return [Failure(self._name, "input_series", str(error))]
        return asyncio.run(self._evaluated())

    def _load(self) -> None:
        for line in self._test.input_series:
            labels, points = parse_series(f"{line.series} {line.values}")
            start, interval = self._test.start_timestamp, self._test.interval
            found = ((start + place * interval, point) for place, point in enumerate(points) if point is not None)
            self._reader.add(labels, [(time, point.histogram if isinstance(point, Written) else point) for time, point in found])

    async def _evaluated(self) -> list[Failure]:
        test, interval = self._test, self._config.evaluation_interval
        failures: list[Failure] = []
        for since in range(0, test.last_ms + 1, interval):
            self._clock.now = test.start_timestamp + since
            for run in self._runs:
                await run.evaluate(self._clock.now)
            failures += self._errors(since)
            failures += self._alerts(since, since + interval)
        return [*failures, *itertools.chain.from_iterable(map(self._expression, range(len(test.promql_expr_test))))]

    def _errors(self, since: int) -> Iterator[Failure]:
        for run in self._runs:
            for rule in run.rules:
                if rule.error:
                    yield Failure(self._name, f"rule {rule.rule.name} at {since // 1000}s", rule.error)

    def _alerts(self, since: int, until: int) -> Iterator[Failure]:
        """What was expected between this evaluation and the next."""
        for expected in self._test.alert_rule_test:
            if since <= expected.eval_time < until:
                rules = [rule for run in self._runs for rule in run.rules if rule.rule.name == expected.alertname]
                found = [alert for rule in rules if rule.alerting is not None for alert in rule.alerting.active()]
                difference = alerts_difference(expected, found)
                if difference:
                    yield Failure(self._name, f"alert {expected.alertname} at {expected.eval_time // 1000}s", difference)

    def _expression(self, place: int) -> Iterator[Failure]:
        expected = self._test.promql_expr_test[place]
        now = self._test.start_timestamp + expected.eval_time
        try:
            vector = Moment(self._engine, time_ms=now, now_ms=now, intervals=self._intervals).result(expected.expr)
            difference = samples_difference(expected, vector, fuzzy=self._config.fuzzy_compare)
        except (EvaluationError, NotationError) as error:
            difference = str(error)
        if difference:
            yield Failure(self._name, f"{expected.expr} at {expected.eval_time // 1000}s", difference)
