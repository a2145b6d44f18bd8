"""Keeps saved queries: one name each, a bounded number, every change in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fusewatch.access.audit import Actor, Change
from fusewatch.access.errors import ConflictError, UnknownError
from fusewatch.access.service import Access
from fusewatch.saved_queries.records import SavedQueryRow

#: More than anyone finds again.
MOST_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Content:
    """What is saved: ``search`` is what stands behind the question mark of the page's address, without the time."""

    name: str
    description: str
    search: str


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A saved query; ``changed_at`` ms UTC."""

    id: int
    content: Content
    changed_at: int
    changed_by: str


class SavedQueryBook:
    """The saved queries of everyone on this server."""

    def __init__(self, access: Access, *, most: int = MOST_KEPT) -> None:
        self._access = access
        self._most = most

    async def all(self) -> Sequence[SavedQuery]:
        """All of them, by name."""
        return await self._access.read(
            lambda session: [_saved(row) for row in session.scalars(select(SavedQueryRow).order_by(SavedQueryRow.name))]
        )

    async def create(self, actor: Actor, content: Content) -> SavedQuery:
        """A new one.

        Raises:
            ConflictError: the name is taken, or there are too many.
        """

        def work(change: Change) -> SavedQuery:
            if change.session.scalars(select(func.count(SavedQueryRow.id))).one() >= self._most:
                raise ConflictError(f"{self._most} queries are saved already: delete one that nobody uses")
            _check_name(change.session, content.name)
            row = SavedQueryRow(**asdict(content), changed_at=change.now_ms, changed_by=change.actor.name)
            change.session.add(row)
            change.session.flush()
            change.record("query.save", content.name, after=asdict(content))
            return _saved(row)

        return await self._access.change(actor, work)

    async def replace(self, actor: Actor, number: int, content: Content) -> SavedQuery:
        """The one of that id, with another content.

        Raises:
            ConflictError: another has the name.
            UnknownError: there is no such query.
        """

        def work(change: Change) -> SavedQuery:
            row = _row(change.session, number)
            before = _saved(row).content
            if content.name != row.name:
                _check_name(change.session, content.name)
            row.name, row.description, row.search = content.name, content.description, content.search
            row.changed_at, row.changed_by = change.now_ms, change.actor.name
            change.record("query.change", before.name, before=asdict(before), after=asdict(content))
            return _saved(row)

        return await self._access.change(actor, work)

    async def delete(self, actor: Actor, number: int) -> None:
        """Drops the one of that id.

        Raises:
            UnknownError: there is no such query.
        """

        def work(change: Change) -> None:
            row = _row(change.session, number)
            change.session.delete(row)
            change.record("query.delete", row.name, before=asdict(_saved(row).content))

        await self._access.change(actor, work)


def _row(session: Session, number: int) -> SavedQueryRow:
    row = session.get(SavedQueryRow, number)
    if row is None:
        raise UnknownError(f"there is no saved query {number}; somebody may have deleted it")
    return row


def _check_name(session: Session, name: str) -> None:
    if session.scalar(select(SavedQueryRow.id).where(SavedQueryRow.name == name)) is not None:
        raise ConflictError(f"a query is saved as {name!r} already: choose another name, or replace that one")


def _saved(row: SavedQueryRow) -> SavedQuery:
    return SavedQuery(row.id, Content(row.name, row.description, row.search), row.changed_at, row.changed_by)
