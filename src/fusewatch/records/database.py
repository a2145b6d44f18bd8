"""The relational database behind one small door."""

from __future__ import annotations

from pathlib import Path

from fusewatch.records.config import RecordsSettings


class Database:
    """An open database; close it when done."""

    @classmethod
    def open(cls, settings: RecordsSettings, data_dir: Path) -> Database:
        """The database of those settings, brought to this program's schema. Blocks."""
        del settings, data_dir
        return cls()

    def close(self) -> None:
        """Gives up all connections."""
