"""Why a backup, or a restore, did not happen. Each message is one line that says what to do.

StorageError (telemetry.ports)
└── BackupError
    ├── TargetError          the target can't be reached, read or written
    │   └── TargetFullError  it has no space left
    ├── TargetBusyError      another process works there in a way that excludes this
    ├── NoBackupError        there is no such backup
    ├── DamagedError         something in a backup is not what was written; names it
    ├── RestoreRefusedError  the folder to restore into holds something
    └── StoppedError         it was asked to stop
"""

from __future__ import annotations

from fusewatch.telemetry.ports import StorageError


class BackupError(StorageError):
    """The backup or restore did not end well; earlier backups are as they were."""


class TargetError(BackupError):
    """The target can't be reached, read or written."""


class TargetFullError(TargetError):
    """The target has no space left."""


class TargetBusyError(BackupError):
    """Another process works with the target in a way that excludes this one."""


class NoBackupError(BackupError):
    """There is no such backup."""


class DamagedError(BackupError):
    """Something in a backup is not what was written."""


class RestoreRefusedError(BackupError):
    """The folder to restore into holds something that would be lost."""


class StoppedError(BackupError):
    """It was asked to stop; what was sent already need not be sent again."""
