"""Options by which commands find the place of backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from fusewatch.cli.failures import Failure
from fusewatch.documents.problems import SettingsError
from fusewatch.records.errors import RecordsError
from fusewatch.server.settings.loading import DEFAULT_FILE
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.storage.backup.target import S3Access, Target, normal, open_target
from fusewatch.telemetry.ports import StorageError

Decorated = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What the command line says of an S3-compatible store."""

    endpoint: str
    region: str
    profile: str


def bucket_options(command: Decorated) -> Decorated:
    """Adds ``--endpoint``, ``--region`` and ``--profile``. Keys come from AWS' environment variables, its files, or the settings."""
    for name, text in (
        ("profile", "Profile in AWS' credentials file."),
        ("region", "Region of the bucket."),
        ("endpoint", "Address of an S3-compatible store that is not AWS."),
    ):
        command = click.option(f"--{name}", default="", metavar=name.upper(), help=text)(command)
    return command


def config_option(command: Decorated) -> Decorated:
    """Adds ``--config``."""
    text = "Configuration, whose block backup may name target and keys; fusewatch.yml when there is one."
    return click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help=text)(command)


def read_settings(config: Path | None, data: str | None = None) -> tuple[Settings, Path | None]:
    """The settings and the file that they come from.

    Raises:
        Failure: they can't be used.
    """
    if config is None and DEFAULT_FILE.is_file():
        config = DEFAULT_FILE
    try:
        return SettingsSource(config, data=data).load(rules=False), config
    except SettingsError as error:
        raise Failure(str(error), 2) from None


def target_of(address: str | None, settings: Settings, bucket: Bucket, *, create: bool = False) -> Target:
    """The target that was named, else that of the settings.

    Raises:
        Failure: there is none.
        TargetError: it can't be reached.
    """
    chosen = address or settings.backup.target
    if not chosen:
        raise Failure("name a target: a folder, or s3://bucket/prefix", 2)
    access = settings.backup.access() if normal(chosen) == normal(settings.backup.target) else S3Access()
    given = {"endpoint": bucket.endpoint, "region": bucket.region, "profile": bucket.profile}
    return open_target(chosen, replace(access, **{name: value for name, value in given.items() if value}), create=create)


@contextmanager
def failures() -> Iterator[None]:
    """What a backup or restore can fail with becomes one line."""
    try:
        yield
    except (StorageError, RecordsError) as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{error.filename or 'a file'} can't be used: {error.strerror or error}") from None
