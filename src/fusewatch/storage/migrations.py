"""Brings the tables to the newest schema, and refuses one that is newer than this program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np

from fusewatch.storage.client import Handle
from fusewatch.storage.errors import NewerSchemaError
from fusewatch.storage.native import Column

_FILE: Final = re.compile(r"(\d{4})_\w+\.sql\Z")


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step of the schema."""

    version: int
    name: str
    statements: tuple[str, ...]


def load_migrations() -> list[Migration]:
    """All steps that this program knows, in order."""
    files = [file for file in resources.files("fusewatch.storage.schema").iterdir() if _FILE.match(file.name)]
    return [_parse(file.name, file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda file: file.name)]


def migrate(handle: Handle, migrations: list[Migration] | None = None) -> int:
    """Runs what is missing; the version that the tables have then.

    Raises:
        NewerSchemaError: the tables are newer than this program.
    """
    steps = load_migrations() if migrations is None else migrations
    handle.command("CREATE TABLE IF NOT EXISTS schema_version (version UInt32, name String) ENGINE = MergeTree ORDER BY version")
    current = int(handle.rows("SELECT max(version) FROM schema_version")[0][0])
    newest = steps[-1].version
    if current > newest:
        message = (
            f"the stored data has schema {current}, this Fusewatch knows {newest}: install the newer version again, or restore a backup"
        )
        raise NewerSchemaError(message)
    for step in steps:
        if step.version > current:
            for statement in step.statements:
                handle.command(statement)
            handle.insert("schema_version", [_version(step), Column("name", "String", [step.name])])
    return newest


def _version(step: Migration) -> Column:
    return Column("version", "UInt32", np.array([step.version], np.uint32))


def _parse(name: str, text: str) -> Migration:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    statements = tuple(part.strip() for part in "\n".join(lines).split(";") if part.strip())
    # A step that was cut short runs again from its start.
    repeatable = tuple(re.sub(r"\ACREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", statement) for statement in statements)
    return Migration(version=int(name[:4]), name=name.removesuffix(".sql"), statements=repeatable)
