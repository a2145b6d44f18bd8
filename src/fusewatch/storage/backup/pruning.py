"""Which backups are kept, and the removal of what only the others need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from fusewatch.storage.backup.catalog import find_backups, read_manifest
from fusewatch.storage.backup.layout import CONTENTS, content_name, manifest_name
from fusewatch.storage.backup.locks import Lock, locked
from fusewatch.storage.backup.target import Target
from fusewatch.telemetry.clock import Clock

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept: the newest ``last`` backups, and the newest of each of the last ``daily`` days and ``weekly`` weeks that have any.

    Days and weeks are UTC's, weeks begin on Monday.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0

    @property
    def everything(self) -> bool:
        """Whether nothing is ever removed: no rule was given."""
        return not (self.last or self.daily or self.weekly)

    def choose(self, backups: Sequence[str]) -> set[str]:
        """Those of these backups (the oldest first) that are kept."""
        if self.everything:
            return set(backups)
        kept = set(backups[len(backups) - min(self.last, len(backups)) :])
        kept |= _newest_of(backups, self.daily, _day)
        return kept | _newest_of(backups, self.weekly, lambda backup: _day(backup).isocalendar()[:2])


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be: backups, contents that none needs, their bytes."""

    kept: Sequence[str]
    removed: Sequence[str]
    contents: int
    bytes: int


def prune(target: Target, keep: Keep, *, clock: Clock, dry_run: bool = False) -> Pruned:
    """Removes the backups that are not kept, and what no kept one needs. Blocks.

    Manifests go first: a removal that is cut short leaves contents that the next one removes, never a backup without its contents.

    Raises:
        TargetBusyError: a backup is under way.
        DamagedError: a kept manifest can't be read, so that nobody knows what it needs; nothing is removed.
    """
    with locked(target, "prune", clock) as lock:
        backups = find_backups(target)
        kept = keep.choose(backups)
        needed = {content_name(entry.sha256) for backup in kept for _, entry in read_manifest(target, backup).entries()}
        surplus = [found for found in target.find(CONTENTS) if found.name not in needed]
        removed = [backup for backup in backups if backup not in kept]
        if not dry_run:
            _delete(target, lock, [manifest_name(backup) for backup in removed])
            _delete(target, lock, [found.name for found in surplus])
            target.clear_temporary()
    return Pruned(sorted(kept), removed, len(surplus), sum(found.size for found in surplus))


def _delete(target: Target, lock: Lock, names: Sequence[str]) -> None:
    for first in range(0, len(names), _AT_ONCE):
        lock.renew()
        target.delete(list(names[first : first + _AT_ONCE]))


def _newest_of(backups: Sequence[str], periods: int, period: Callable[[str], Hashable]) -> set[str]:
    newest = {period(backup): backup for backup in backups}
    return set(sorted(newest.values(), reverse=True)[:periods])


def _day(backup: str) -> date:
    return datetime.strptime(backup[:8] + "+0000", "%Y%m%d%z").date()
