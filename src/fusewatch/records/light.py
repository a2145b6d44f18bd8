"""The relational database by its driver alone.

SQLAlchemy takes 0.2 s and 25 MB of each process that imports it: too much for a few statements, and for a process that has no others.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from fusewatch.records.config import RecordsSettings
from fusewatch.records.errors import AwayError, SlowError

T = TypeVar("T")

_PARAMETER: Final = re.compile(r":(\w+)")


class Execute(Protocol):
    """Runs a statement, whose values are written ``:name``."""

    def __call__(self, sql: str, /, **values: object) -> Sequence[Sequence[Any]]:
        """Its rows, none for a change."""
        ...


class _Driver(Protocol):
    """What differs between databases."""

    error: type[Exception]
    begin_reading: str
    begin: str

    def connect(self) -> Any:
        """A connection that begins no transaction by itself."""
        ...

    def spelled(self, sql: str) -> str:
        """The statement with its values named as the driver wants it."""
        ...


class LightDatabase:
    """A database that :class:`fusewatch.records.database.Database` has brought to its schema.

    One connection in a thread of its own, opened at need, and again after an error.
    """

    def __init__(self, settings: RecordsSettings, data_dir: Path) -> None:
        path = settings.sqlite_path(data_dir)
        self._driver: _Driver = _PostgreSQL(settings.url, settings.timeout) if path is None else _Sqlite(path, settings.timeout)
        self._timeout_s = settings.timeout / 1000
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="light-records")
        self._connection: Any = None
        self._closed = False

    def read(self, work: Callable[[Execute], T]) -> T:
        """What ``work`` returns from one consistent view. Blocks.

        Raises:
            AwayError: the database can't be used.
        """
        self._refuse_closed()
        return self._thread.submit(self._within, self._driver.begin_reading, work).result()

    async def read_soon(self, work: Callable[[Execute], T]) -> T:
        """As :meth:`read`, for the event loop.

        Raises:
            AwayError, SlowError: see their classes.
        """
        return await self._in_thread(self._driver.begin_reading, work)

    async def run_soon(self, work: Callable[[Execute], T]) -> T:
        """What ``work`` returns, done as one transaction; raises as :meth:`read_soon` does."""
        return await self._in_thread(self._driver.begin, work)

    def run(self, work: Callable[[Execute], T]) -> T:
        """As :meth:`run_soon`. Blocks."""
        self._refuse_closed()
        return self._thread.submit(self._within, self._driver.begin, work).result()

    def close(self) -> None:
        """Waits for running work and gives up the connection; again is harmless."""
        if not self._closed:
            self._closed = True
            self._thread.submit(self._disconnect)
            self._thread.shutdown(wait=True)

    async def _in_thread(self, begin: str, work: Callable[[Execute], T]) -> T:
        self._refuse_closed()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._within, begin, work)
        except TimeoutError as error:
            raise SlowError(f"the records database did not answer within {self._timeout_s:g} s") from error

    def _within(self, begin: str, work: Callable[[Execute], T]) -> T:
        try:
            self._connection = self._connection or self._driver.connect()
            self._connection.execute(begin)
            result = work(self._execute)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._disconnect()  # which undoes what was done
            if isinstance(error, self._driver.error):
                raise AwayError(f"the records database can't be used: {' '.join(str(error).split())}") from error
            raise
        return result

    def _execute(self, sql: str, /, **values: object) -> Sequence[Sequence[Any]]:
        cursor = self._connection.execute(self._driver.spelled(sql), values)
        rows: Sequence[Sequence[Any]] = cursor.fetchall() if cursor.description else []
        return rows

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise AwayError("the records database is closed")


class _Sqlite:
    error: type[Exception] = sqlite3.Error
    begin_reading = "BEGIN"
    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: Path, timeout_ms: int) -> None:
        # A file that is gone must not become an empty one, in which there is nobody to ask for a password.
        self._address = path.absolute().as_uri() + "?mode=rw"
        self._timeout_s = timeout_ms / 1000

    def connect(self) -> Any:
        connection = sqlite3.connect(self._address, uri=True, timeout=self._timeout_s, isolation_level=None)
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def spelled(self, sql: str) -> str:
        return sql


class _PostgreSQL:
    begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    begin = "BEGIN"

    def __init__(self, url: str, timeout_ms: int) -> None:
        import psycopg  # noqa: PLC0415 - optional

        self.error: type[Exception] = psycopg.Error
        self._connect = psycopg.connect
        self._url = url
        self._arguments: dict[str, Any] = postgresql_arguments(timeout_ms)

    def connect(self) -> Any:
        return self._connect(self._url, autocommit=True, **self._arguments)

    def spelled(self, sql: str) -> str:
        return _PARAMETER.sub(r"%(\1)s", sql)


def postgresql_arguments(timeout_ms: int) -> dict[str, Any]:
    """What psycopg is told beside the URL: limits on locks and on each statement, UTC, and who we are."""
    limits = f"-c statement_timeout={timeout_ms} -c lock_timeout={timeout_ms} -c timezone=UTC"
    return {"options": limits, "connect_timeout": max(2, timeout_ms // 1000), "application_name": "fusewatch"}
