"""The ``records`` block of fusewatch.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, field_validator

from fusewatch.telemetry.config import Block, DurationMs

#: The database file in the data folder, when no URL says otherwise.
DATABASE_FILE: Final = "records.sqlite"
_SCHEMES: Final = ("sqlite:///", "postgresql://")


def _without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    name, colon, _ = login.partition(":")
    return parts._replace(netloc=f"{name}:***@{host}").geturl() if colon else url


class RecordsSettings(Block):
    """Where users, tokens and everything else relational is kept.

    ``url`` is ``postgresql://user:password@host/database`` or ``sqlite:///path``; without one it is a file in the data folder.
    """

    url: Annotated[str, PlainSerializer(_without_password, when_used="json"), Field(repr=False)] = ""
    #: How long one unit of work may take before its caller hears that the database is slow.
    timeout: DurationMs = 10_000
    #: Units of work at the same time; further ones wait.
    connections: int = 4

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if url and not url.startswith(_SCHEMES):
            raise ValueError("expected postgresql://user:password@host/database or sqlite:///path")
        try:
            _ = urlsplit(url).port
        except ValueError:
            # The error repeats a part of the URL, and that may be of the password.
            raise ValueError("not a URL: quote special characters of the password as %XX") from None
        return url

    def sqlite_path(self, data_dir: Path) -> Path | None:
        """The database's file; None for PostgreSQL."""
        if not self.url:
            return data_dir / DATABASE_FILE
        return Path(self.url.removeprefix("sqlite:///").partition("?")[0]) if self.url.startswith("sqlite:") else None

    def resolved_url(self, data_dir: Path) -> str:
        """The URL for SQLAlchemy: the default file filled in, PostgreSQL through psycopg."""
        if not self.url:
            return f"sqlite:///{data_dir / DATABASE_FILE}"
        return self.url.replace("postgresql://", "postgresql+psycopg://", 1)
