"""``fusewatch`` and its commands."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

#: Where each command lives, and what the list of commands says of it (so that listing them imports nothing).
_COMMANDS: Final = {
    "up": ("fusewatch.cli.up:up", "Start Fusewatch."),
    "check": ("fusewatch.cli.check:check", "Check configuration and rule files, and run tests of rules."),
    "query": ("fusewatch.cli.query:query", "Ask a running server in PromQL."),
    "rules": ("fusewatch.cli.rules:rules", "Evaluate rules over the past."),
    "import": ("fusewatch.cli.transfer.commands:import_", "Bring samples into a running server."),
    "export": ("fusewatch.cli.transfer.export:export", "Write samples of a running server to a file."),
    "user": ("fusewatch.cli.user:user", "Manage users."),
    "token": ("fusewatch.cli.token:token", "Manage API tokens."),
    "backup": ("fusewatch.cli.backup:backup", "Make, list, check and prune backups."),
    "restore": ("fusewatch.cli.restore:restore", "Make a data folder from a backup."),
    "version": ("fusewatch.cli.version:version", "Print the version."),
    "completion": ("fusewatch.cli.completion:completion", "Print the completion script of a shell."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def fusewatch() -> None:
    """Fusewatch watches a platform: metrics and rules, and soon logs, traces and on-call, in one program.

    `fusewatch up` starts it; it watches this machine at once.
    """


def main() -> None:
    """The entry point of the command."""
    try:
        fusewatch.main(prog_name="fusewatch", standalone_mode=True)
    except BrokenPipeError:
        # Somebody closed our output, as `fusewatch query … | head` does: not worth a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
