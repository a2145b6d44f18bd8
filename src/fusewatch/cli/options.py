"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fusewatch.cli.client import Client, read_token
from fusewatch.cli.failures import Failure
from fusewatch.cli.times import parse_time

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--server",
        "--url",
        "server",
        envvar="FUSEWATCH_SERVER",
        default="http://127.0.0.1:9470",
        show_default=True,
        show_envvar=True,
        metavar="URL",
        help="The running server.",
    ),
    click.option("--token", envvar="FUSEWATCH_TOKEN", show_envvar=True, metavar="TOKEN", help="API token, where the server wants one."),
    click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="File that holds the API token."),
)


def server_options(command: F) -> F:
    """Adds ``server``, ``token`` and ``token_file``; :func:`connect` makes a client of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def connect(server: str, token: str | None, token_file: Path | None) -> Client:
    """The server that the options name.

    Raises:
        Failure: the address is none, or the token's file can't be read.
    """
    return Client(server, token=read_token(token, token_file))


def time_option(name: str, text: str | None, now_ms: int) -> int | None:
    """Milliseconds UTC of the option ``name``, None where it was not given.

    Raises:
        Failure: not a time.
    """
    if text is None:
        return None
    try:
        return parse_time(text, now_ms)
    except ValueError as error:
        raise Failure(f"{name}: {error}", 2) from None
