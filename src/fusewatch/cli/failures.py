"""How a command says that it did not work: one line on standard error, no traceback."""

from __future__ import annotations

from typing import IO, Any

import click


class Failure(click.ClickException):
    """The command did not do what was asked; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        # click declares it for the class and reads it from the instance.
        vars(self)["exit_code"] = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes ``fusewatch: …`` to standard error."""
        click.echo(f"fusewatch: {self.format_message()}", file=file, err=file is None)
