"""The group ``fusewatch import``."""

from __future__ import annotations

import click

from fusewatch.cli.transfer.csv_files import csv
from fusewatch.cli.transfer.openmetrics import openmetrics
from fusewatch.cli.transfer.prometheus import prometheus


@click.group("import")
def import_() -> None:
    """Bring samples from elsewhere into a running server.

    What is imported twice is stored once: of two samples of one series and time the last one wins.
    """


for _command in (prometheus, openmetrics, csv):
    import_.add_command(_command)
