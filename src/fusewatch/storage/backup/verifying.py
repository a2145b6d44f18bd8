"""Whether everything that backups need is there, as it was written."""

from __future__ import annotations

from collections.abc import Sequence

from fusewatch.storage.backup.catalog import read_manifests
from fusewatch.storage.backup.contents import check_names, read_content
from fusewatch.storage.backup.errors import DamagedError
from fusewatch.storage.backup.manifest import FileEntry, Manifest
from fusewatch.storage.backup.moving import in_threads
from fusewatch.storage.backup.progress import Progress
from fusewatch.storage.backup.target import Target


def verify(target: Target, backups: Sequence[str], *, progress: Progress) -> list[str]:
    """Reads everything of these backups, each content once; a sentence for each file that is not what was written. Blocks.

    Raises:
        TargetError: the target can't be read.
        StoppedError: it was asked to stop.
    """
    progress.begin("reading the manifests")
    problems: list[str] = []
    wanted: dict[str, tuple[str, FileEntry]] = {}
    for found in read_manifests(target, backups):
        if isinstance(found, DamagedError):
            problems.append(str(found))
        else:
            problems += _collect(found, wanted)
    progress.begin("checking", len(wanted), sum(entry.size for _, entry in wanted.values()))

    def check(item: tuple[str, FileEntry]) -> str | None:
        name, entry = item
        progress.check()
        try:
            for _ in read_content(target, name, entry):
                pass
        except DamagedError as error:
            return str(error)
        finally:
            progress.done(entry.size, moved=entry.inline is None)
        return None

    problems += [problem for problem in in_threads(check, wanted.values()) if problem is not None]
    return problems


def _collect(manifest: Manifest, wanted: dict[str, tuple[str, FileEntry]]) -> list[str]:
    try:
        check_names(manifest)
    except DamagedError as error:
        return [str(error)]
    for name, entry in manifest.entries():
        wanted.setdefault(entry.sha256, (f"{manifest.id}: {name}", entry))
    return []
