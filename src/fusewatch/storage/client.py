"""ClickHouse behind one interface, embedded or over HTTP.

A handle serves one task at a time: in chDB, a second query on a handle whose result is still being read answers empty, and a `SELECT 1`
behind a long query waits for it. So handles are lent by a pool, and one is kept for rules, so that no dashboard delays an alert.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError as DriverError

from fusewatch.storage.config import StorageSettings
from fusewatch.storage.errors import ClickHouseError, FolderInUseError
from fusewatch.storage.native import Column, Encoded, encode_block, read_blocks
from fusewatch.storage.sql import identifier
from fusewatch.telemetry.imports import without
from fusewatch.telemetry.ports import OverloadedError

#: ClickHouse's database for our tables.
DATABASE: Final = "fusewatch"
_READ_BUFFER: Final = 1 << 20
#: An idle ClickHouse is kept busy by its pools; two threads merge what this program writes.
_EMBEDDED_OPTIONS: Final = {
    "background_pool_size": 2,
    "background_common_pool_size": 2,
    "background_schedule_pool_size": 4,
    "background_schedule_pool_initial_size": 2,
    "mark_cache_size": 64 << 20,
    "uncompressed_cache_size": 0,
    "max_server_memory_usage_to_ram_ratio": 0,
}
_LOCKED_CODE: Final = 76


class Handle:
    """A connection to ClickHouse, used by one thread at a time; every method blocks.

    Every method raises ClickHouseError when ClickHouse refuses or fails.
    """

    def __init__(self, driver: Any, inserter: Callable[[str, Sequence[Column | Encoded]], None]) -> None:
        self._driver = driver
        self._insert = inserter

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Runs a statement without a result."""
        with _as_clickhouse_errors():
            self._driver.command(sql, parameters=dict(parameters or {}))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Sequence[Any]]:
        """A small result, row by row."""
        with _as_clickhouse_errors():
            return list(self._driver.query(sql, parameters=dict(parameters or {})).result_rows)

    def blocks(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Generator[dict[str, Any]]:
        """A result of any size, block by block (numbers and strings only): columns by name.

        Close it where it may be left early (``contextlib.closing``): until then the handle is no use to anyone.
        """
        with _as_clickhouse_errors():
            raw = self._driver.raw_stream(sql, parameters=dict(parameters or {}), fmt="Native")
            try:
                yield from read_blocks(io.BufferedReader(raw, _READ_BUFFER))
            finally:
                raw.close()

    def insert(self, table: str, columns: Sequence[Column | Encoded]) -> None:
        """One insert of whole columns; all of it or, on an error, perhaps a part."""
        with _as_clickhouse_errors():
            self._insert(table, columns)

    def close(self) -> None:
        """Ends the connection."""
        with suppress(DriverError, OSError):
            self._driver.close()


@contextmanager
def _as_clickhouse_errors() -> Iterator[None]:
    try:
        yield
    except DriverError as error:
        raise ClickHouseError(_one_line(str(error)), getattr(error, "code", None) or 0) from error
    except RuntimeError as error:  # chDB's own, from an insert
        raise ClickHouseError(_one_line(str(error)), _code(str(error))) from error


def _one_line(message: str) -> str:
    return " ".join(message.split())[:500]


def _code(message: str) -> int:
    digits = message.partition("Code: ")[2].partition(".")[0]
    return int(digits) if digits.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where ClickHouse is and what it may use."""

    settings: StorageSettings
    data_dir: Path

    def connect(self) -> Handle:
        """A new handle, its database selected.

        Raises:
            ClickHouseError: the server can't be reached or refuses us.
            FolderInUseError: another process has the embedded ClickHouse's folder.
        """
        try:
            with _as_clickhouse_errors():
                return self._embedded() if self.settings.is_embedded else self._remote()
        except ClickHouseError as error:
            if error.code == _LOCKED_CODE:
                path = self.settings.embedded_path(self.data_dir)
                message = f"{path} is in use by another process: stop it first, or choose another folder with --data"
                raise FolderInUseError(message) from error
            raise

    @property
    def database(self) -> str:
        """The database that holds our tables."""
        return DATABASE if self.settings.is_embedded else urlsplit(self.settings.url).path.strip("/") or DATABASE

    def _session(self) -> dict[str, Any]:
        query_memory = self.settings.clickhouse_memory // 4
        return {
            "max_memory_usage": query_memory,
            # A selector of PromQL may have as many matchers as fit into the longest query, and each is a condition.
            "max_query_size": 16 << 20,
            "max_ast_elements": 1_000_000,
            "max_bytes_before_external_sort": query_memory // 2,
            "max_bytes_before_external_group_by": query_memory // 2,
            # One batch of late samples may touch any number of days.
            "max_partitions_per_insert_block": 0,
            "optimize_on_insert": 0,
        }

    def _embedded(self) -> Handle:
        with without("pyarrow"):  # Arrow is not how we read; it would take 33 MB.
            import chdb.state  # noqa: F401, PLC0415 - 200 MB, and a server needs none of it
        path = str(self.settings.embedded_path(self.data_dir).absolute())
        options = {**_EMBEDDED_OPTIONS, "max_server_memory_usage": self.settings.clickhouse_memory}
        driver = clickhouse_connect.get_client(interface="chdb", path=path, chdb_options=options, settings=self._session())
        driver.command(f"CREATE DATABASE IF NOT EXISTS {identifier(self.database)} ENGINE = Atomic")
        driver.database = self.database
        return Handle(driver, _EmbeddedInserter(driver, self.database))

    def _remote(self) -> Handle:
        parts = urlsplit(self.settings.url)
        driver = clickhouse_connect.get_client(
            host=parts.hostname or "localhost",
            port=parts.port or (8443 if parts.scheme == "clickhouses" else 8123),
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            secure=parts.scheme == "clickhouses",
            settings={**self._session(), **dict(parse_qsl(parts.query))},
        )
        driver.command(f"CREATE DATABASE IF NOT EXISTS {identifier(self.database)}")
        driver.database = self.database

        def insert(table: str, columns: Sequence[Column | Encoded]) -> None:
            names = [column.name for column in columns]
            driver.raw_insert(identifier(table), names, b"".join(encode_block(columns)), fmt="Native")

        return Handle(driver, insert)


class _EmbeddedInserter:
    """Inserts into chDB without the temporary file that clickhouse-connect writes: faster, and no second copy on disk."""

    def __init__(self, driver: Any, database: str) -> None:
        self._backend = driver._backend  # noqa: SLF001  # clickhouse-connect hands out no connection
        self._database = database

    def __call__(self, table: str, columns: Sequence[Column | Encoded]) -> None:
        names = ", ".join(identifier(column.name) for column in columns)
        target = f"{identifier(self._database)}.{identifier(table)}"
        handle = self._backend._handle  # noqa: SLF001  # as above; its lock keeps queries of the driver away meanwhile
        with handle.lock, handle.conn.send_insert(f"INSERT INTO {target} ({names})", "Native") as stream:
            for part in encode_block(columns):
                stream.append(part)
            stream.finish()


class ClientPool:
    """Lends handles, at most ``size`` at a time, connected at need; one more is kept for rules."""

    def __init__(self, endpoint: Endpoint, *, size: int = 8, wait_s: float = 30.0) -> None:
        self.endpoint = endpoint
        self._wait_s = wait_s
        self._free: deque[Handle] = deque()
        self._reserved: deque[Handle] = deque()
        self._slots = threading.BoundedSemaphore(size)
        self._reserved_slot = threading.BoundedSemaphore(1)
        self._closed = False

    @contextmanager
    def handle(self, *, reserved: bool = False) -> Iterator[Handle]:
        """A handle for this task alone; ``reserved``: the one that only rules may have.

        Raises:
            OverloadedError: none became free in time.
            ClickHouseError: no connection.
        """
        free, slots = (self._reserved, self._reserved_slot) if reserved else (self._free, self._slots)
        if not slots.acquire(timeout=self._wait_s):
            raise OverloadedError("too many queries at a time: try again", retry_after_s=5)
        try:
            handle = free.pop() if free else self.endpoint.connect()
            try:
                yield handle
            finally:
                if self._closed:
                    handle.close()
                else:
                    free.append(handle)
        finally:
            slots.release()

    def close(self) -> None:
        """Closes the handles that are free now; those at work when they come back."""
        self._closed = True
        for free in (self._free, self._reserved):
            while free:
                free.pop().close()
