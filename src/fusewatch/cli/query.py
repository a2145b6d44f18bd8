"""``fusewatch query``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fusewatch.cli.client import Client, read_token
from fusewatch.cli.failures import Failure
from fusewatch.cli.results import FORMATS, as_tree
from fusewatch.cli.times import parse_step, parse_time

# As many points as a terminal is wide, roughly.
_POINTS = 250


@click.command()
@click.argument("promql")
@click.option("--time", "at", metavar="TIME", help="Ask for this moment.  [default: now]")
@click.option("--start", metavar="TIME", help="Ask for a range that begins here.")
@click.option("--end", metavar="TIME", help="… and ends here.  [default: now]")
@click.option("--step", metavar="DURATION", help=f"Distance of the points.  [default: the range in {_POINTS} steps]")
@click.option("--format", "output", type=click.Choice(list(FORMATS)), default="table", show_default=True)
@click.option("--explain", is_flag=True, help="Show what each part of the query found, in what time, and why a part is empty.")
@click.option("--server", envvar="FUSEWATCH_SERVER", default="http://127.0.0.1:9470", show_default=True, show_envvar=True, metavar="URL")
@click.option("--token", envvar="FUSEWATCH_TOKEN", show_envvar=True, metavar="TOKEN", help="API token, where the server wants one.")
@click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="File that holds the API token.")
def query(  # noqa: PLR0913 - one per option
    promql: str,
    *,
    at: str | None,
    start: str | None,
    end: str | None,
    step: str | None,
    output: str,
    explain: bool,
    server: str,
    token: str | None,
    token_file: Path | None,
) -> None:
    """Ask a running server in PromQL, for a moment or a range.

    TIME is now, -1h, seconds since the epoch, or a date such as 2026-01-31T12:00:00Z.
    """
    client = Client(server, token=read_token(token, token_file))
    if start is None and (end is not None or step is not None):
        raise click.UsageError("--end and --step go with --start")
    if start is not None and at is not None:
        raise click.UsageError("--time and --start exclude each other")
    now = time.time_ns() // 1_000_000
    try:
        if start is None:
            path, form = "/api/v1/query", {"query": promql, "time": _seconds(parse_time(at or "now", now))}
        else:
            path, form = "/api/v1/query_range", _range(promql, parse_time(start, now), parse_time(end or "now", now), step)
    except ValueError as error:
        raise Failure(str(error), 2) from None
    answer = client.ask(path, {**form, "explain": "1"} if explain else form)
    for warning in answer.get("warnings", []):
        click.echo(f"warning: {warning}", err=True)
    click.echo(as_tree(answer["data"]["explain"]) if explain else FORMATS[output](answer["data"]), nl=False)


def _range(promql: str, start: int, end: int, step: str | None) -> dict[str, str]:
    if end < start:
        raise ValueError("the range ends before it starts")
    step_ms = parse_step(step) if step else max(1_000, (end - start) // _POINTS // 1_000 * 1_000)
    return {"query": promql, "start": _seconds(start), "end": _seconds(end), "step": _seconds(step_ms)}


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
