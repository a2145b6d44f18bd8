"""``fusewatch import openmetrics``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Final

import click

from fusewatch.cli.failures import Failure
from fusewatch.cli.options import connect, server_options
from fusewatch.cli.transfer.batches import batches
from fusewatch.cli.transfer.report import Report
from fusewatch.cli.transfer.sender import Sender

_PIECE_BYTES: Final = 4 << 20


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE…")
@server_options
@click.option("--in-flight", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at once.")
def openmetrics(files: Sequence[Path], *, server: str, token: str | None, token_file: Path | None, in_flight: int) -> None:
    """Import OpenMetrics text whose samples have timestamps; - is standard input.

    Files may be of any size. `fusewatch export` and `promtool tsdb dump-openmetrics` write such text.
    """
    client = connect(server, token, token_file)
    sizes = [path.stat().st_size if path.is_file() else None for path in files]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    with Report("import", total=total, unit="bytes") as report, Sender(client, in_flight=in_flight) as sender:
        for path in files:
            report.describe(path.name)
            with _opened(path) as file:
                _send(path, file, sender, report)
    report.finish()


def _send(path: Path, file: IO[bytes], sender: Sender, report: Report) -> None:
    from fusewatch.telemetry.exposition.errors import MalformedLineError  # noqa: PLC0415 - loads compiled code
    from fusewatch.telemetry.exposition.history import HistoryReader  # noqa: PLC0415
    from fusewatch.telemetry.remote_write_encode import write_request  # noqa: PLC0415

    reader = HistoryReader()
    try:
        for piece in _pieces(file):
            found = reader.read(piece)
            for columns in batches(found.series, found.slots, found.timestamps, found.bits):
                sender.send(write_request(columns), columns.samples, partial(report.told, amount=0))
            report.pass_over(len(piece))
        reader.finish()
    except MalformedLineError as error:
        raise Failure(f"{'standard input' if str(path) == '-' else path}: {error}; what stands before it was imported") from error


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces that end where lines end."""
    rest = b""
    while piece := file.read(_PIECE_BYTES):
        whole, newline, rest = (rest + piece).rpartition(b"\n")
        if newline:
            yield whole + newline
    if rest:
        yield rest


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    if str(path) == "-":
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise Failure(f"{path} can't be read: {error.strerror}") from None
