"""``fusewatch export``."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import click

from fusewatch.cli.failures import Failure
from fusewatch.cli.options import connect, server_options, time_option

_PIECE_BYTES: Final = 1 << 20
#: With what a whole file ends.
_ENDS: Final = {"openmetrics": b"# EOF\n", "parquet": b"PAR1"}


@click.command()
@click.option("--match", "selectors", multiple=True, required=True, metavar="SELECTOR", help="Which series; may be repeated.")
@click.option("--start", metavar="TIME", help="Only samples from here on.")
@click.option("--end", metavar="TIME", help="Only samples up to here.")
@click.option("--format", "form", type=click.Choice(list(_ENDS)), default="openmetrics", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="[default: standard output]")
@server_options
def export(
    *,
    selectors: Sequence[str],
    start: str | None,
    end: str | None,
    form: str,
    output: Path | None,
    server: str,
    token: str | None,
    token_file: Path | None,
) -> None:
    """Write samples of a running server to a file, of any amount.

    OpenMetrics text is read by `fusewatch import openmetrics` and by `promtool tsdb create-blocks-from openmetrics`; it spells a
    staleness marker nAN, and has native histograms as classic ones, so that is what they are when they are imported. Parquet has the
    columns metric, labels, timestamp, value and histogram, the last as native histograms are stored.

    TIME is now, -1h, seconds since the epoch, or a date such as 2026-01-31T12:00:00Z.
    """
    client = connect(server, token, token_file)
    now = time.time_ns() // 1_000_000
    asked = [("match[]", selector) for selector in selectors] + [("format", form)]
    for name, text in (("start", start), ("end", end)):
        at = time_option(f"--{name}", text, now)
        if at is not None:
            asked.append((name, f"{at / 1000:.3f}"))
    if output is None and form == "parquet" and sys.stdout.isatty():
        raise Failure("Parquet is nothing for a terminal: name a file with --output", 2)
    with client.open("/api/v1/export", asked) as answer:
        size = _write(_whole(answer, _ENDS[form]), output)
    if output is not None:
        click.echo(f"{output}: {size:,} bytes", err=True)


def _whole(answer: http.client.HTTPResponse, end: bytes) -> Iterator[bytes]:
    """The pieces of the answer.

    Raises:
        Failure: it stopped before its end.
    """
    last = b""
    while piece := answer.read(_PIECE_BYTES):
        last = (last + piece)[-len(end) :]
        yield piece
    if last != end:
        raise Failure("the server stopped before the end; its log says why")


def _write(pieces: Iterator[bytes], output: Path | None) -> int:
    """Writes to a file beside ``output`` first, so that one with that name is always whole; how many bytes."""
    if output is None:
        return _copy(pieces, sys.stdout.buffer)
    beside = output.with_name(output.name + ".part")
    try:
        with beside.open("wb") as file:
            size = _copy(pieces, file)
        beside.replace(output)
    except OSError as error:
        raise Failure(f"{output} can't be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
    return size


def _copy(pieces: Iterator[bytes], file: IO[bytes]) -> int:
    size = 0
    for piece in pieces:
        size += file.write(piece)
    return size
