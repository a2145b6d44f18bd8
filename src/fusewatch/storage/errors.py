"""Why a store can't be opened, or not be read. Each message is one line that says what to do.

StorageError (telemetry.ports)
├── StoreOpenError
│   ├── FolderInUseError       another process has the data folder
│   ├── FolderNotWritableError read-only, no permission
│   ├── ForeignFolderError     the folder holds something else
│   ├── NewerSchemaError       a newer Fusewatch wrote it
│   ├── DiskFullError          no space to start
│   └── CorruptLogError        a record in the middle of the write-ahead log is damaged
├── ClickHouseError            a query or an insert failed
└── CorruptChunkError          stored samples can't be decoded
"""

from __future__ import annotations

from fusewatch.telemetry.ports import StorageError


class StoreOpenError(StorageError):
    """The store can't be opened."""


class FolderInUseError(StoreOpenError):
    """Another process works with this data folder."""


class FolderNotWritableError(StoreOpenError):
    """The data folder can't be written."""


class ForeignFolderError(StoreOpenError):
    """The folder is not a data folder of Fusewatch."""


class NewerSchemaError(StoreOpenError):
    """A newer version wrote this data."""


class DiskFullError(StoreOpenError):
    """There is no space left to start."""


class CorruptLogError(StoreOpenError):
    """The write-ahead log is damaged before its end."""


class ClickHouseError(StorageError):
    """ClickHouse refused or failed; ``code`` is its error code, 0 where it gave none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class CorruptChunkError(StorageError):
    """Compressed samples can't be decoded."""
