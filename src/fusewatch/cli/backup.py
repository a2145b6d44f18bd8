"""``fusewatch backup``."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from fusewatch.api.fusewatch.words import count, size
from fusewatch.cli.client import Client, read_token
from fusewatch.cli.failures import Failure
from fusewatch.cli.progress import Bar, with_bar
from fusewatch.cli.targets import Bucket, bucket_options, config_option, failures, read_settings, target_of
from fusewatch.cli.times import show_time
from fusewatch.server.settings.model import Settings
from fusewatch.storage.backup.catalog import choose, find_backups, read_manifests
from fusewatch.storage.backup.errors import DamagedError
from fusewatch.storage.backup.manifest import Manifest
from fusewatch.storage.backup.progress import Snapshot
from fusewatch.storage.backup.pruning import Keep
from fusewatch.storage.backup.pruning import prune as prune_target
from fusewatch.storage.backup.restoring import restore
from fusewatch.storage.backup.target import normal
from fusewatch.storage.backup.verifying import verify as verify_target
from fusewatch.storage.errors import FolderInUseError
from fusewatch.storage.folder import MARKER
from fusewatch.telemetry.clock import SystemClock

_PATH: Final = "/api/fusewatch/v1/backups"
_LOOK_S: Final = 0.3


class _Group(click.Group):
    """``fusewatch backup TARGET`` is short for ``fusewatch backup create TARGET``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
def backup() -> None:
    """Make, list, check and prune backups; `fusewatch backup TARGET` makes one.

    TARGET is a folder, or s3://bucket/prefix. Credentials of a bucket come from AWS' environment variables or files.
    """


@backup.command()
@click.argument("target", required=False)
@click.option("--data", metavar="DIR", help="Data folder of the server.  [default: fusewatch-data]")
@click.option("--server", envvar="FUSEWATCH_SERVER", show_envvar=True, metavar="URL", help="Ask this server.  [default: the one on DIR]")
@click.option("--token", envvar="FUSEWATCH_TOKEN", show_envvar=True, metavar="TOKEN", help="API token, where the server wants one.")
@click.option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="File that holds the API token.")
@config_option
@bucket_options
def create(  # noqa: PLR0913 - one per option
    *,
    target: str | None,
    data: str | None,
    server: str | None,
    token: str | None,
    token_file: Path | None,
    config: Path | None,
    endpoint: str,
    region: str,
    profile: str,
) -> None:
    """Make a backup of everything that was acknowledged so far.

    A running server makes it itself, into a folder or bucket that it reaches with its own credentials.
    """
    settings, file = read_settings(config, data)
    bucket = Bucket(endpoint, region, profile)
    if server is None:
        with failures():
            try:
                _create_here(target, settings, file, bucket)
            except FolderInUseError:
                server = _address(settings)
            else:
                return
    _create_there(Client(server, token=read_token(token, token_file)), target, bucket)


@backup.command("list")
@click.argument("target", required=False)
@config_option
@bucket_options
def list_(target: str | None, config: Path | None, endpoint: str, region: str, profile: str) -> None:
    """List backups: name, the time that it shows, its size, what of it was new, machine and folder."""
    with failures():
        place = target_of(target, read_settings(config)[0], Bucket(endpoint, region, profile))
        found = list(read_manifests(place, find_backups(place)))
    if not found:
        click.echo("there are no backups yet", err=True)
    for one in found:
        if isinstance(one, DamagedError):
            click.echo(f"fusewatch: {one}", err=True)
        else:
            where = f"{one.origin.host}:{one.origin.data}"
            click.echo(f"{one.id}\t{show_time(one.moment / 1000)}\t{size(one.size)}\t{size(one.sent)} new\t{where}")


@backup.command()
@click.argument("target", required=False)
@click.option("--keep-last", type=click.IntRange(0), default=0, metavar="N", help="Keep the newest N.")
@click.option("--keep-daily", type=click.IntRange(0), default=0, metavar="N", help="Keep the newest of each of the last N days.")
@click.option("--keep-weekly", type=click.IntRange(0), default=0, metavar="N", help="Keep the newest of each of the last N weeks.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@config_option
@bucket_options
def prune(  # noqa: PLR0913 - one per option
    *,
    target: str | None,
    keep_last: int,
    keep_daily: int,
    keep_weekly: int,
    dry_run: bool,
    config: Path | None,
    endpoint: str,
    region: str,
    profile: str,
) -> None:
    """Remove the backups that no --keep option keeps, and what only they needed."""
    keep = Keep(keep_last, keep_daily, keep_weekly)
    if keep.everything:
        raise Failure("say what to keep: --keep-last, --keep-daily or --keep-weekly", 2)
    with failures():
        place = target_of(target, read_settings(config)[0], Bucket(endpoint, region, profile))
        done = prune_target(place, keep, clock=SystemClock(), dry_run=dry_run)
    for one in done.removed:
        click.echo(one)
    verb = "would be removed" if dry_run else "removed"
    click.echo(f"{count(len(done.removed), 'backup')} {verb}, {size(done.bytes)} freed, {len(done.kept)} kept", err=True)


@backup.command()
@click.argument("target", required=False)
@click.option("--backup", "name", metavar="NAME", help="Only this one.  [default: all; with --restore the newest is restored]")
@click.option("--restore", "restored", is_flag=True, help="Restore it into a scratch folder too, open that, and compare.")
@click.option("--scratch", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where the scratch folder is made.")
@config_option
@bucket_options
def verify(
    *,
    target: str | None,
    name: str | None,
    restored: bool,
    scratch: Path | None,
    config: Path | None,
    endpoint: str,
    region: str,
    profile: str,
) -> None:
    """Read everything back and compare it with its checksums; name each file that is damaged or missing, and exit with 1."""
    with failures():
        place = target_of(target, read_settings(config)[0], Bucket(endpoint, region, profile))
        names = find_backups(place) if name is None else [name]
        problems = with_bar(lambda progress: verify_target(place, names, progress=progress))
        for problem in problems:
            click.echo(problem)
        if problems:
            sys.exit(1)
        click.echo(f"{count(len(names), 'backup')} checked: all is as it was written", err=True)
        if restored:
            manifest = choose(place, backup=name)
            folder = Path(tempfile.mkdtemp(prefix="fusewatch-verify-", dir=scratch))
            try:
                with_bar(lambda progress: restore(place, manifest, folder, force=False, progress=progress))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            click.echo(f"{manifest.id} was restored and opened: {summary(manifest)}", err=True)


def summary(manifest: Manifest) -> str:
    """What a backup shows, in words."""
    newest = manifest.figures.newest
    until = "no samples" if newest is None else f"samples until {show_time(newest / 1000)}"
    return f"{count(manifest.figures.series, 'series', 'series')}, {until}, {count(manifest.rows, 'row')}"


def _create_here(target: str | None, settings: Settings, config: Path | None, bucket: Bucket) -> None:
    # The store takes a second to import, and only this needs it.
    from fusewatch.server.backup_source import backup_source, settle_sums  # noqa: PLC0415
    from fusewatch.storage.backup.creating import create_backup  # noqa: PLC0415
    from fusewatch.storage.store import MetricStore  # noqa: PLC0415

    folder = settings.data_dir
    if not (folder / MARKER).exists():
        raise Failure(f"there is no data folder {folder}: name it with --data, or a running server with --server")
    store = MetricStore.open(settings.storage, folder, before=lambda: settle_sums(settings))
    try:
        place = target_of(target, settings, bucket, create=True)
        source = backup_source(store, settings, config)
        made = with_bar(lambda progress: create_backup(source, place, clock=SystemClock(), progress=progress))
    finally:
        store.close()
    _tell(made.id, made.size, made.sent, made.left_out)


def _create_there(client: Client, target: str | None, bucket: Bucket) -> None:
    # A folder as seen from here: the server may run in another one.
    wish = {"target": normal(target or ""), "endpoint": bucket.endpoint, "region": bucket.region, "profile": bucket.profile}
    number = client.post(_PATH, wish)["number"]
    bar = Bar()
    try:
        while True:
            state = client.get(_PATH)
            done = next((run for run in state["runs"] if run["number"] == number), None)
            if done is not None:
                break
            if (state["running"] or {}).get("number") != number:
                raise Failure("the server was started again meanwhile: ask for another backup")
            bar.show(_snapshot(state["running"]))
            time.sleep(_LOOK_S)
    finally:
        bar.close()
    if done["state"] == "failed":
        raise Failure(done["error"])
    _tell(done["backup"], done["total_bytes"], done["sent_bytes"], done["left_out"])


def _tell(name: str, total: int, sent: int, left_out: Sequence[str]) -> None:
    click.echo(f"{name}\t{size(total)}\t{size(sent)} new")
    for one in left_out:
        click.echo(f"not in it: {one}", err=True)


def _snapshot(run: dict[str, Any]) -> Snapshot:
    names = ("files", "total_files", "bytes", "total_bytes")
    return Snapshot(run.get("phase") or "starting", **{name: run.get(name, 0) for name in names}, moved=run.get("sent_bytes", 0))


def _address(settings: Settings) -> str:
    host, port = settings.address
    scheme = "http" if settings.access.tls is None else "https"
    host = "127.0.0.1" if host in {"", "0.0.0.0"} else host  # noqa: S104 - every address is also this one
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
