"""The ``records`` block of fusewatch.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import field_validator

from fusewatch.telemetry.config import Block, DurationMs

#: The database file in the data folder, when no URL says otherwise.
DATABASE_FILE: Final = "records.sqlite"
_SCHEMES: Final = ("sqlite:///", "postgresql://")


class RecordsSettings(Block):
    """Where users, tokens and everything else relational is kept.

    ``url`` is ``postgresql://user:password@host/database`` or ``sqlite:///path``; without one it is a file in the data folder.
    """

    url: str = ""
    #: How long one unit of work may take before its caller hears that the database is slow.
    timeout: DurationMs = 10_000
    #: Units of work at the same time; further ones wait.
    connections: int = 4

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if url and not url.startswith(_SCHEMES):
            raise ValueError("expected postgresql://user:password@host/database or sqlite:///path")
        return url

    def resolved_url(self, data_dir: Path) -> str:
        """The URL for SQLAlchemy: the default file filled in, PostgreSQL through psycopg."""
        if not self.url:
            return f"sqlite:///{data_dir / DATABASE_FILE}"
        return self.url.replace("postgresql://", "postgresql+psycopg://", 1)
