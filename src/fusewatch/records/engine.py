"""How SQLAlchemy talks to SQLite and PostgreSQL here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from fusewatch.records.light import postgresql_arguments

#: Connections with this option only read, and do not wait for SQLite's one writer.
READING: Final = "fusewatch_reading"


def build_engine(url: str, *, connections: int, timeout_ms: int) -> Engine:
    """An engine with bounded connections and a time limit on locks and, on PostgreSQL, on each statement.

    Raises:
        OSError: the database file can't be created.
        ImportError: PostgreSQL was asked for and its driver is not installed.
    """
    parsed = make_url(url)
    pool: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": timeout_ms / 1000}
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, connect_args=postgresql_arguments(timeout_ms), **pool)
    _create_private_file(parsed)
    engine = create_engine(parsed, connect_args={"timeout": timeout_ms / 1000, "check_same_thread": False}, **pool)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_private_file(url: URL) -> None:
    """Only its owner reads it: it holds password hashes and the key that signs sessions."""
    if url.database:
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: it would do so late, and a read could then not become a write.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Taking the write lock first makes a second writer wait for busy_timeout; taken later, it would fail at once.
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
