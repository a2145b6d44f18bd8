"""``fusewatch import csv``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from fusewatch.cli.failures import Failure
from fusewatch.cli.options import connect, server_options
from fusewatch.cli.transfer.batches import batches
from fusewatch.cli.transfer.report import Report
from fusewatch.cli.transfer.sender import Sender


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE")
@click.option("--metric", metavar="NAME", help="The metric that the values belong to.  [default: a column __name__]")
@click.option("--timestamp-column", default="timestamp", show_default=True, metavar="COLUMN")
@click.option("--value-column", default="value", show_default=True, metavar="COLUMN")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=COLUMN",
    help="A label and the column of its values; may be repeated.  [default: all other columns, under their names]",
)
@server_options
@click.option("--in-flight", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at once.")
def csv(  # noqa: PLR0913 - one per option
    file: Path,
    *,
    metric: str | None,
    timestamp_column: str,
    value_column: str,
    labels: Sequence[str],
    server: str,
    token: str | None,
    token_file: Path | None,
    in_flight: int,
) -> None:
    """Import a CSV file with a sample in each line; - is standard input.

    The first line names the columns. Timestamps are dates such as 2026-01-31T12:00:00Z, or seconds or milliseconds since the epoch,
    told apart by their size. Lines without a value are left out, and so are labels without one.
    """
    # Imported here: takes a while.
    from fusewatch.cli.transfer.csv_reader import Columns, read_csv  # noqa: PLC0415
    from fusewatch.telemetry.remote_write_encode import write_request  # noqa: PLC0415

    client = connect(server, token, token_file)
    columns = Columns(metric=metric, timestamp=timestamp_column, value=value_column, labels=_pairs(labels))
    total = file.stat().st_size if file.is_file() else None
    with Report(file.name, total=total, unit="bytes") as report, Sender(client, in_flight=in_flight) as sender:
        for found in read_csv(file, columns):
            for part in batches(found.series, found.slots, found.timestamps, found.bits):
                sender.send(write_request(part), part.samples, partial(report.told, amount=0))
            report.pass_over(found.size)
    report.finish()


def _pairs(labels: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in labels:
        name, equals, column = text.partition("=")
        if not (name and equals and column):
            raise Failure(f"--label {text}: expected name=column", 2)
        found[name] = column
    return found
