"""The trail of every change: who, when, what, from where, before and after. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fusewatch.access.records import AuditRow, StateRow

#: Entries in one answer.
MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something, and from which address ("" from this machine's command line)."""

    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change as it is shown; times in ms UTC, ``before`` and ``after`` hold the fields that say what changed."""

    id: int
    timestamp: int
    actor: str
    action: str
    target: str
    address: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class Change:
    """A change in the making: the transaction, who makes it and when.

    Whatever changes access takes one of these, so nothing changes without an entry, or unseen by other processes.
    """

    def __init__(self, session: Session, *, actor: Actor, now_ms: int) -> None:
        self.session = session
        self.actor = Actor(actor.name[:64], actor.address)
        self.now_ms = now_ms
        # Changes happen one after another: two at once could each take away "another" administrator.
        session.scalars(select(StateRow).with_for_update()).one()

    def record(self, action: str, target: str, *, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> None:
        """Adds the entry, and lets every process know that what it remembers is old."""
        self.session.add(
            AuditRow(
                timestamp=self.now_ms,
                actor=self.actor.name,
                action=action,
                target=target,
                address=self.actor.address,
                before=dict(before) if before is not None else None,
                after=dict(after) if after is not None else None,
            )
        )
        self.session.execute(update(StateRow).values(version=StateRow.version + 1))
        self.session.flush()


def entries(session: Session, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
    """The newest entries, or those older than the entry ``before``; at most ``limit``, newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(min(limit, MAX_ENTRIES))
    if before is not None:
        query = query.where(AuditRow.id < before)
    return [
        AuditEntry(
            id=row.id,
            timestamp=row.timestamp,
            actor=row.actor,
            action=row.action,
            target=row.target,
            address=row.address,
            before=row.before,
            after=row.after,
        )
        for row in session.scalars(query)
    ]
