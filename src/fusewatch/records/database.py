"""The relational database behind one small door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from fusewatch.records.config import RecordsSettings
from fusewatch.records.engine import READING, build_engine
from fusewatch.records.errors import AwayError, BusyError, OpenError, SlowError
from fusewatch.records.light import LightDatabase
from fusewatch.records.schema import bring_up_to_date

T = TypeVar("T")
_Begin = Callable[[], AbstractContextManager[Session]]

#: Units of work that may wait for a connection.
_MAX_WAITING: Final = 256


class Database:
    """An open database; close it when done.

    ``transaction`` and ``reading`` block and are for threads and the command line; ``run`` and ``read`` are the same for the event loop.
    ``light`` is the same database without SQLAlchemy.
    """

    def __init__(self, engine: Engine, light: LightDatabase, *, connections: int, timeout_ms: int) -> None:
        self.light = light
        self._engine = engine
        # PostgreSQL would show each statement its own moment.
        view = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._readers = engine.execution_options(**{READING: True}, **view)
        self._timeout_s = timeout_ms / 1000
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="records")
        self._waiting = 0
        self._closed = False

    @classmethod
    def open(cls, settings: RecordsSettings, data_dir: Path) -> Database:
        """The database of those settings, brought to this program's schema. Blocks.

        Raises:
            NewerSchemaError: a newer program wrote it.
            OpenError: it can't be reached, read or written, or belongs to something else.
        """
        url = settings.resolved_url(data_dir)
        try:
            engine = build_engine(url, connections=settings.connections, timeout_ms=settings.timeout)
        except ImportError as error:
            raise OpenError("records.url names PostgreSQL, whose driver is missing: pip install 'fusewatch[postgresql]'") from error
        except (OSError, ArgumentError) as error:
            raise OpenError(f"the records database can't be opened: {error}") from error
        shown = engine.url.render_as_string(hide_password=True)
        try:
            bring_up_to_date(engine)
        except SQLAlchemyError as error:
            engine.dispose()
            raise OpenError(f"the records database {shown} can't be opened: {_reason(error)}") from error
        except OpenError as error:
            engine.dispose()
            raise type(error)(f"the records database {shown} {error}") from error
        return cls(engine, LightDatabase(settings, data_dir), connections=settings.connections, timeout_ms=settings.timeout)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are kept together when the block ends well, and dropped when it raises.

        Raises:
            AwayError, SlowError: the database can't be used, or is locked for too long.
        """
        with _plain_errors(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only: one consistent view, never waiting for a writer; raises as :meth:`transaction` does."""
        with _plain_errors(), Session(self._readers, expire_on_commit=False) as session, session.begin():
            yield session

    async def run(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, done as one transaction in a worker thread.

        Raises:
            AwayError, BusyError, SlowError: see their classes; whatever ``work`` raises undoes the transaction.
        """
        return await self._in_thread(lambda: self._within(self.transaction, work))

    async def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, reading in a worker thread; raises as :meth:`run` does."""
        return await self._in_thread(lambda: self._within(self.reading, work))

    def close(self) -> None:
        """Waits for running work and gives up all connections; again is harmless."""
        self._closed = True
        self.light.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()

    @staticmethod
    def _within(begin: _Begin, work: Callable[[Session], T]) -> T:
        with begin() as session:
            return work(session)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise AwayError("the records database is closed")
        if self._waiting >= _MAX_WAITING:
            raise BusyError(f"{_MAX_WAITING} requests wait for the records database already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise SlowError(f"the records database did not answer within {self._timeout_s:g} s") from error
        finally:
            self._waiting -= 1


@contextmanager
def _plain_errors() -> Iterator[None]:
    """SQLAlchemy's errors about the database as ours; those about our statements stay what they are."""
    try:
        yield
    except PoolTimeoutError as error:
        raise SlowError("all connections to the records database are busy") from error
    except (OperationalError, InterfaceError) as error:
        raise AwayError(f"the records database can't be used: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    """The driver's own words on one line: SQLAlchemy's add the statement and a link."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split())
