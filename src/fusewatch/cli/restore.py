"""``fusewatch restore``."""

from __future__ import annotations

from pathlib import Path

import click

from fusewatch.api.fusewatch.words import size
from fusewatch.cli.backup import summary
from fusewatch.cli.failures import Failure
from fusewatch.cli.progress import with_bar
from fusewatch.cli.targets import Bucket, bucket_options, config_option, failures, read_settings, target_of
from fusewatch.cli.times import parse_time, show_time
from fusewatch.storage.backup.catalog import choose
from fusewatch.storage.backup.restoring import held_by
from fusewatch.storage.backup.restoring import restore as restore_backup
from fusewatch.telemetry.clock import SystemClock


@click.command()
@click.argument("source", required=False)
@click.option("--backup", metavar="NAME", help="This one; `fusewatch backup list` shows them.  [default: the newest]")
@click.option("--at", metavar="TIME", help="The newest that shows no later time: -1d, seconds since the epoch, or 2026-01-31T12:00:00Z.")
@click.option("--data", metavar="DIR", help="Data folder to make.  [default: fusewatch-data]")
@click.option("--force", is_flag=True, help="Replace the store that is in DIR.")
@config_option
@bucket_options
def restore(  # noqa: PLR0913 - one per option
    *,
    source: str | None,
    backup: str | None,
    at: str | None,
    data: str | None,
    force: bool,
    config: Path | None,
    endpoint: str,
    region: str,
    profile: str,
) -> None:
    """Make a data folder from a backup in SOURCE, a folder or s3://bucket/prefix; `fusewatch up --data DIR` starts with it.

    Everything is checked before anything is replaced.
    """
    if backup is not None and at is not None:
        raise click.UsageError("--backup and --at exclude each other")
    try:
        moment = None if at is None else parse_time(at, SystemClock().now_ms())
    except ValueError as error:
        raise Failure(str(error), 2) from None
    settings, _ = read_settings(config, data)
    folder = settings.data_dir
    with failures():
        held = held_by(folder)
        if held is not None:
            found = f"a store of {size(held.size)}, last written {show_time(held.modified // 1000)}"
            if not force:
                raise Failure(f"{folder} holds {found}, which would be lost: --force replaces it, --data names another folder")
            click.echo(f"replacing {found} in {folder}", err=True)
        target = target_of(source, settings, Bucket(endpoint, region, profile))
        manifest = choose(target, backup=backup, at=moment)
        with_bar(lambda progress: restore_backup(target, manifest, folder, force=force, progress=progress))
    click.echo(f"{manifest.id}\t{show_time(manifest.moment / 1000)}\t{summary(manifest)}")
    for one in manifest.left_out:
        click.echo(f"not in it: {one}", err=True)
    names = {entry.path for entry in manifest.files}
    if "fusewatch.yml" in names:
        click.echo(f"the configuration of that time is {folder / 'fusewatch.yml'}", err=True)
    if "records.pgdump" in names:
        click.echo(f"the records are in {folder / 'records.pgdump'}: bring them into PostgreSQL with pg_restore", err=True)
    click.echo(f"start it with: fusewatch up --data {folder}", err=True)
