"""``fusewatch check``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fusewatch.documents.problems import SettingsError
from fusewatch.server.settings.loading import load_settings


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
def check(files: tuple[Path, ...]) -> None:
    """Check configuration files: fusewatch.yml, or a prometheus.yml.

    Prints one line per problem and exits with 1 when there is any.
    """
    problems = 0
    for file in files:
        try:
            load_settings(file)
        except SettingsError as error:
            problems += len(error.problems)
            for problem in error.problems:
                click.echo(str(problem))
        else:
            click.echo(f"{file}: valid", err=True)
    sys.exit(1 if problems else 0)
