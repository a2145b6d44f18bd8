"""What a backup of this server holds beside the store: its records and its configuration."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Final

from fusewatch import __version__
from fusewatch.records.copying import NotCopiedError, copy_database
from fusewatch.server.settings.model import Settings
from fusewatch.storage.backup.creating import Copied, Source
from fusewatch.storage.backup.manifest import Origin
from fusewatch.storage.backup.sending import LocalFile
from fusewatch.storage.log_folder import log_folder
from fusewatch.storage.store import MetricStore

#: How the configuration is called in a backup. It is the file as it was written: what it takes from the environment is not in it.
SETTINGS_FILE: Final = "fusewatch.yml"
_STAGING: Final = "backup-staging"


def settle_sums(settings: Settings) -> None:
    """Brings the sums of delta series to the end of the log, of a server that is not running: what commits the log must do it before.

    Raises:
        OSError: they can't be written.
    """
    # The engine is imported with this file, and has no use for these.
    from fusewatch.ingest.otlp.delta import DeltaState  # noqa: PLC0415
    from fusewatch.ingest.otlp.recovery import DeltaSnapshots  # noqa: PLC0415

    log = log_folder(settings.data_dir)
    if log.is_dir():
        DeltaSnapshots(log, DeltaState(max_series=settings.otlp.delta_max_series)).load()


def backup_source(store: MetricStore, settings: Settings, config: Path | None) -> Source:
    """What is backed up of a server with these settings, read from the file ``config``."""
    data_dir = settings.data_dir

    def copy(staging: Path) -> Copied:
        files, left_out = list[Path](), list[str]()
        try:
            files.append(copy_database(settings.records, data_dir, staging))
        except NotCopiedError as error:
            left_out.append(str(error))
        if config is not None:
            files.append(Path(shutil.copyfile(config, staging / SETTINGS_FILE)))
        return Copied([LocalFile(file, file.name) for file in files], left_out)

    origin = Origin(__version__, socket.gethostname(), str(data_dir))
    return Source(freezer=store.freezer(), copy=copy, staging=data_dir / _STAGING, origin=origin)
