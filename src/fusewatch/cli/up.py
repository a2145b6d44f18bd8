"""``fusewatch up``: becomes the parent process, which starts the engine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_DEFAULT_FILE = Path("fusewatch.yml")


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration; fusewatch.yml of the current folder when there is one, else the defaults: watch this machine.",
)
@click.option("--data", metavar="DIR", help="Folder that holds all data.  [default: fusewatch-data]")
@click.option("--listen", metavar="HOST:PORT", help="Address of everything; port 0 takes a free one.  [default: 127.0.0.1:9470]")
def up(config: Path | None, data: str | None, listen: str | None) -> None:
    """Start Fusewatch: collect, store, answer queries and show pages, until Ctrl-C."""
    # Imported here: listing the commands needs none of it.
    from fusewatch.server.parent import run_parent  # noqa: PLC0415

    if config is None and _DEFAULT_FILE.is_file():
        config = _DEFAULT_FILE
    options = {"--config": None if config is None else str(config), "--data": data, "--listen": listen}
    sys.exit(run_parent([f"{name}={value}" for name, value in options.items() if value is not None]))
