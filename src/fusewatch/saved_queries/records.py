"""The table of saved queries. Its migration is numbered in ``records/migrations``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Identity, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fusewatch.records.tables import Table


class SavedQueryRow(Table):
    """What Explore showed, by name."""

    __tablename__ = "saved_queries"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text)
    #: The page's address behind its question mark, without the time.
    search: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[int] = mapped_column(BigInteger)
    changed_by: Mapped[str] = mapped_column(String(64))
