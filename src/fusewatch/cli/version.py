"""``fusewatch version``."""

from __future__ import annotations

import platform

import click

from fusewatch import __version__


@click.command()
def version() -> None:
    """Print the version of Fusewatch and of Python."""
    click.echo(f"fusewatch {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
