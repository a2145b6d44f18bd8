"""The group ``fusewatch rules``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fusewatch.cli.client import Client
from fusewatch.cli.failures import Failure
from fusewatch.cli.options import connect, server_options
from fusewatch.cli.times import parse_step, parse_time
from fusewatch.cli.transfer.batches import batches
from fusewatch.cli.transfer.report import Report
from fusewatch.cli.transfer.sender import Sender

if TYPE_CHECKING:
    from fusewatch.rules.model import Group, RecordingRule

#: Points of a series that are asked for at a time; a server answers 11,000 at most.
_STEPS: Final = 5_000


@click.group("rules")
def rules() -> None:
    """Work with recording and alerting rules; `fusewatch check` checks and tests rule files."""


@rules.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE…")
@click.option("--start", required=True, metavar="TIME", help="From when on.")
@click.option("--end", metavar="TIME", help="Until when.  [default: now]")
@click.option("--eval-interval", metavar="DURATION", default="60s", show_default=True, help="For groups that name no interval.")
@server_options
def backfill(
    files: Sequence[Path],
    *,
    start: str,
    end: str | None,
    eval_interval: str,
    server: str,
    token: str | None,
    token_file: Path | None,
) -> None:
    """Evaluate recording rules over the past, and store what they would have written.

    TIME is -7d, seconds since the epoch, or a date such as 2026-01-31T12:00:00Z. Rules that build on each other are evaluated one after
    the other; alerting rules are passed over. Doing it again does no harm.
    """
    client, now = connect(server, token, token_file), time.time_ns() // 1_000_000
    try:
        first, last, interval = parse_time(start, now), parse_time(end or "now", now), parse_step(eval_interval)
    except ValueError as error:
        raise Failure(str(error), 2) from None
    if last < first:
        raise Failure("the range ends before it starts", 2)
    works = [(group, rule) for group in _groups(files, interval) for rule in _in_order(group)]
    with Report("rules", total=len(works), unit="rules") as report:
        for group, rule in works:
            report.describe(rule.name)
            # One after the other: the next may build on it, and what was acknowledged is there to be asked.
            with Sender(client) as sender:
                _fill(client, sender, report, rule, _Steps(first, last, group.interval_ms))
            report.pass_over(1)
    report.finish()


def _groups(files: Sequence[Path], interval: int) -> list[Group]:
    from fusewatch.rules.loading import read_rule_file  # noqa: PLC0415 - PromQL is a heavy import
    from fusewatch.rules.model import Defaults  # noqa: PLC0415

    groups: list[Group] = []
    for path in files:
        file, problems = read_rule_file(path)
        if file is None:
            raise Failure("\n".join(str(problem) for problem in problems))
        groups += file.groups(Defaults(interval_ms=interval))
    return groups


def _in_order(group: Group) -> list[RecordingRule]:
    from fusewatch.rules.dependencies import stages  # noqa: PLC0415 - PromQL is a heavy import
    from fusewatch.rules.model import RecordingRule  # noqa: PLC0415

    ordered = [group.rules[place] for stage in stages(group.rules) for place in stage]
    return [rule for rule in ordered if isinstance(rule, RecordingRule)]


class _Steps:
    """The moments of a rule's evaluations, multiples of its interval (ms), some at a time."""

    def __init__(self, first: int, last: int, interval: int) -> None:
        self.interval = interval
        self._first = -(-first // interval) * interval
        self._last = last

    def parts(self) -> list[tuple[int, int]]:
        """First and last moment of each part."""
        length = _STEPS * self.interval
        starts = range(self._first, self._last + 1, length)
        return [(start, min(start + length - self.interval, self._last)) for start in starts]


def _fill(client: Client, sender: Sender, report: Report, rule: RecordingRule, steps: _Steps) -> None:
    for start, end in steps.parts():
        form = {"query": rule.expr, "start": f"{start / 1000:.3f}", "end": f"{end / 1000:.3f}", "step": f"{steps.interval / 1000:.3f}"}
        found = client.ask("/api/v1/query_range", {**form, "nocache": "1"})["data"]["result"]
        if any(series.get("histograms") for series in found):
            raise Failure(f"{rule.name}: its result has native histograms, which can't be back-filled")
        _send(found, sender, report, rule)


def _send(found: Sequence[Mapping[str, Any]], sender: Sender, report: Report, rule: RecordingRule) -> None:
    import numpy as np  # noqa: PLC0415 - other commands do without

    from fusewatch.telemetry.labels import METRIC_NAME, Labels  # noqa: PLC0415 - as above
    from fusewatch.telemetry.remote_write_encode import write_request  # noqa: PLC0415 - loads compiled code

    changes = {METRIC_NAME: rule.name, **rule.labels}
    series = [Labels(one["metric"]).replace(changes) for one in found]
    if len(set(series)) < len(series):
        raise Failure(f"{rule.name}: two series have the same labels once they are renamed")
    points = [one["values"] for one in found]
    slots = np.repeat(np.arange(len(points), dtype=np.int64), [len(some) for some in points])
    times = np.array([round(time_s * 1000) for some in points for time_s, _ in some], np.int64)
    values = np.array([float(value) for some in points for _, value in some], np.float64)
    for columns in batches(series, slots, times, values.view(np.uint64)):
        sender.send(write_request(columns), columns.samples, partial(report.told, amount=0))
