"""``fusewatch import prometheus``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusewatch.cli.failures import Failure
from fusewatch.cli.options import connect, server_options, time_option
from fusewatch.cli.transfer.report import Report
from fusewatch.cli.transfer.sender import Outcome, Sender
from fusewatch.cli.transfer.state import StateFile, state_folder
from fusewatch.telemetry.labels import Labels

if TYPE_CHECKING:
    from fusewatch.telemetry.tsdb.block import BlockMeta, Selection

#: Where a block is read to its end.
_DONE = -1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@server_options
@click.option("--match", "selectors", multiple=True, metavar="SELECTOR", help='Only series such as up{job="api"}; may be repeated.')
@click.option("--min-time", metavar="TIME", help="Only samples from here on.")
@click.option("--max-time", metavar="TIME", help="Only samples up to here.")
@click.option("--in-flight", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at once.")
@click.option("--restart", is_flag=True, help="Begin anew, also where an interrupted import could go on.")
def prometheus(  # noqa: PLR0913 - one per option
    folder: Path,
    *,
    server: str,
    token: str | None,
    token_file: Path | None,
    selectors: Sequence[str],
    min_time: str | None,
    max_time: str | None,
    in_flight: int,
    restart: bool,
) -> None:
    """Import the blocks of a Prometheus data directory, or one block.

    Prometheus may go on running. Its newest samples are not in blocks yet: to have them too, take a snapshot
    (POST /api/v1/admin/tsdb/snapshot) and import that. Interrupted, the import goes on where it was when it is started again.

    TIME is now, -1h, seconds since the epoch, or a date such as 2026-01-31T12:00:00Z.
    """
    # Imported here: compiled code is loaded with it.
    from fusewatch.telemetry.tsdb.block import LEAST_TIME, MOST_TIME, Selection, find_blocks  # noqa: PLC0415
    from fusewatch.telemetry.tsdb.errors import BlockError  # noqa: PLC0415

    client = connect(server, token, token_file)
    now = time.time_ns() // 1_000_000
    first, last = time_option("--min-time", min_time, now), time_option("--max-time", max_time, now)
    selection = Selection(LEAST_TIME if first is None else first, MOST_TIME if last is None else last, _condition(selectors))
    key = {"target": client.base, "match": sorted(selectors), "min_time": min_time, "max_time": max_time}
    state = StateFile(state_folder(), key)
    if restart:
        state.forget()
    try:
        blocks = [meta for meta in find_blocks(folder) if meta.min_time <= selection.max_time and meta.max_time >= selection.min_time]
        with Report("import", total=sum(meta.series for meta in blocks), unit="series") as report:
            _Import(report, state, selection).run(blocks, Sender(client, in_flight=in_flight))
    except BlockError as error:
        raise Failure(str(error)) from error
    report.finish()


class _Import:
    """Blocks on their way to a server."""

    def __init__(self, report: Report, state: StateFile, selection: Selection) -> None:
        self._report = report
        self._state = state
        self._selection = selection
        self._progress = state.load()

    def run(self, blocks: Sequence[BlockMeta], sender: Sender) -> None:
        """Sends all blocks, and remembers how far it has come if it does not come to the end.

        Raises:
            BlockError, Failure: see there.
        """
        earlier = self._progress
        self._report.refuse(earlier.refused, earlier.reason)
        if any(meta.ulid in earlier.positions for meta in blocks):
            click.echo("going on where the interrupted import was (--restart begins anew)", err=True)
        try:
            with sender:
                for number, meta in enumerate(blocks, 1):
                    self._report.describe(f"block {number} of {len(blocks)}")
                    self._send(meta, sender)
        except BaseException:
            self._remember(now=True)
            raise
        self._state.forget()

    def _send(self, meta: BlockMeta, sender: Sender) -> None:
        from fusewatch.telemetry.remote_write_encode import write_request  # noqa: PLC0415 - as above
        from fusewatch.telemetry.tsdb.block import Block  # noqa: PLC0415

        start = self._progress.positions.get(meta.ulid)
        if start == _DONE:
            self._report.pass_over(meta.series)
            return
        skipped = 0
        for part in Block(meta.folder).read(self._selection, start):
            if part.columns.samples:
                told = self._teller(meta.ulid, part.position, part.series + skipped)
                sender.send(write_request(part.columns), part.columns.samples, told)
                skipped = 0
            else:
                skipped += part.series
        # An empty request's worth: it is told once everything before it was.
        sender.mark(self._teller(meta.ulid, _DONE, skipped))

    def _teller(self, ulid: str, position: int, series: int) -> Callable[[Outcome], None]:
        def told(outcome: Outcome) -> None:
            self._report.told(outcome, series)
            self._progress.positions[ulid] = position
            self._remember(now=False)

        return told

    def _remember(self, *, now: bool) -> None:
        self._progress.refused, self._progress.reason = self._report.refused, self._report.reason
        try:
            self._state.save(self._progress, now=now)
        except OSError as error:
            raise Failure(f"{self._state.path} can't be written, so that an interrupted import could not go on: {error.strerror}") from None


def _condition(selectors: Sequence[str]) -> Callable[[Labels], bool] | None:
    """Whether a series is meant by any selector; None where there are none.

    Raises:
        Failure: one is no selector.
    """
    if not selectors:
        return None
    from fusewatch.api.prometheus.errors import BadDataError  # noqa: PLC0415 - loads the parser
    from fusewatch.api.prometheus.selectors import parse_selector  # noqa: PLC0415
    from fusewatch.telemetry.matchers import match_all  # noqa: PLC0415

    try:
        parsed = [parse_selector(text) for text in selectors]
    except BadDataError as error:
        raise Failure(f"--match: {error}", 2) from None
    return lambda labels: any(match_all(matchers, labels) for matchers in parsed)
