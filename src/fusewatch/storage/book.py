"""The receiver's series: recognised by the bytes that named them on the wire, counted against the limits, forgotten when they rest.

The book starts empty with each receiver: a series that the engine knows already is named once more in the log, which does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import xxhash

from fusewatch.storage.id_table import IdTable
from fusewatch.storage.series_kernels import (
    KNOWN,
    LOGGED,
    UInt8s,
    UInt32s,
    copy_fingerprints,
    put_fingerprints,
)
from fusewatch.storage.series_limits import Groups, LimitCheck, SeriesLimits
from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SamplesRejectedError
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

#: Series without a sample for so many minutes are forgotten, at the latest a third of that later.
REST_MINUTES: Final = 120
#: How often the book is looked through.
LOOK_MINUTES: Final = 10
#: The same label set may come in several encodings; more fingerprints than this share, and they are forgotten and learnt anew.
_FINGERPRINTS_PER_SERIES: Final = 4
_SPARE_FINGERPRINTS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Named:
    """Series that the log names for the first time: references and ids (n), hashes of their metrics' names (n), canonical labels."""

    refs: UInt32s
    ids: UInt64s
    metrics: UInt64s
    labels: Sequence[bytes]


class SeriesBook(IdTable):
    """Implements :class:`fusewatch.telemetry.known_series.KnownSeries`; about 75 bytes a series.

    ``senders`` has the number of each series' last sender (0: none, or it is forgotten).
    """

    COLUMNS = dict.fromkeys(("ids", "states", "seen", "senders"), 0)

    def __init__(self, limits: SeriesLimits | None = None, *, capacity: int = 1 << 12) -> None:
        super().__init__(capacity)
        self.limits = limits or SeriesLimits()
        self.key = draw_key()
        self.epoch = 0
        self.states: UInt8s = np.zeros(capacity, np.uint8)
        self.seen: UInt32s = np.zeros(capacity, np.uint32)
        self.senders: UInt8s = np.zeros(capacity, np.uint8)
        self.fingerprints: tuple[UInt64s, UInt32s] = (np.zeros((capacity * 2, 2), np.uint64), np.zeros(capacity * 2, np.uint32))
        self._used = 0
        self.metrics, self.jobs = Groups(capacity), Groups(capacity)
        #: Canonical labels of series that no record has named yet.
        self._unnamed: dict[int, bytes] = {}
        self._looked = 0

    def learn(self, labels: Labels) -> int:
        """See :meth:`fusewatch.telemetry.known_series.KnownSeries.learn`."""
        refs, problem = self.learn_all([labels.canonical])
        if problem is not None:
            raise problem
        return int(refs[0])

    def learn_many(self, blob: Bytes, offsets: Int64s) -> tuple[UInt32s, SamplesRejectedError | None]:
        """See :meth:`fusewatch.telemetry.known_series.KnownSeries.learn_many`."""
        text, ends = blob[: int(offsets[-1])].tobytes(), offsets.tolist()
        return self.learn_all([text[start:stop] for start, stop in pairwise(ends)])

    def learn_all(self, canonical: Sequence[bytes]) -> tuple[UInt32s, SamplesRejectedError | None]:
        """The references of canonical label sets, new or known, 0 where a limit refuses a new one; the first refusal, if any."""
        hashed = xxhash.xxh3_64_intdigest
        ids = np.array([hashed(one) for one in canonical], np.uint64)
        with self.lock:
            refs, unknown = self.find(ids)
            if not unknown:
                return refs, None
            check = LimitCheck(self.limits, self.metrics, self.jobs, self.count)
            unknown_ids, places = np.unique(ids[refs == 0], return_index=True)
            new = [canonical[place] for place in np.flatnonzero(refs == 0)[places].tolist()]
            taken = check.admit(new)
            if any(taken):
                self._enter(unknown_ids[taken], check, [one for one, good in zip(new, taken, strict=True) if good])
                refs, _ = self.find(ids)
            return refs, check.problem

    def vouch(self, ids: UInt64s) -> None:
        """Enters series that the engine has named before; nothing is known of them but their ids (n, unknown ones, each once)."""
        with self.lock:
            self.states[self._extend(ids)] = LOGGED

    def remember(self, low: np.uint64, high: np.uint64, ref: int) -> None:
        """See :meth:`fusewatch.telemetry.known_series.KnownSeries.remember`."""
        self.remember_many(np.array([low], np.uint64), np.array([high], np.uint64), np.array([ref], np.uint32))

    def remember_many(self, lows: UInt64s, highs: UInt64s, refs: UInt32s) -> None:
        """See :meth:`fusewatch.telemetry.known_series.KnownSeries.remember_many`."""
        with self.lock:
            if self._used > self.count * _FINGERPRINTS_PER_SERIES + _SPARE_FINGERPRINTS:
                keys, known = self.fingerprints
                self.fingerprints, self._used = (np.zeros_like(keys), np.zeros_like(known)), 0
            self._widen_fingerprints(len(refs))
            self._used += put_fingerprints(*self.fingerprints, lows, highs, refs)

    def disown(self, sender: int) -> None:
        """Nobody has sent the series of this sender: its number is about to be another one's."""
        with self.lock:
            self.senders[self.senders == sender] = 0

    def series_by_sender(self) -> list[int]:
        """How many series each number has sent last."""
        with self.lock:
            counts: list[int] = np.bincount(self.senders[1 : self.count + 1], minlength=256).tolist()
            return counts

    def take_named(self, refs: UInt32s) -> Named:
        """What the log must be told of ``refs``, which it names now for the first time."""
        labels = [self._unnamed[ref] for ref in refs.tolist()]
        return Named(refs, self.ids[refs], self.metrics.hashes_of(refs), labels)

    def named(self, refs: UInt32s, *, written: bool) -> None:
        """The record that names ``refs`` is written, or could not be."""
        if not written:
            self.states[refs] = KNOWN
            return
        for ref in refs.tolist():
            self._unnamed.pop(ref, None)

    def look_through(self, minute: int, *, late: bool = False) -> None:
        """Forgets the series that rest, when it is time to look. ``late``: only when that is overdue.

        References may end: then :attr:`epoch` steps on.
        """
        with self.lock:
            if not self._looked:
                self._looked = minute
            if minute < self._looked + LOOK_MINUTES * (1 + late):
                return
            self._looked = minute
            size = self.count + 1
            keep = (self.seen[:size] + REST_MINUTES >= minute) & (self.ids[:size] != 0)
            kept = np.flatnonzero(keep).astype(np.uint32)
            if len(kept) < self.count:
                self._keep(kept)

    def _keep(self, kept: UInt32s) -> None:
        place = np.zeros(self.count + 1, np.uint32)
        place[kept] = np.arange(1, len(kept) + 1, dtype=np.uint32)
        size, count = len(kept) + 1, len(kept)
        for name in self.COLUMNS:
            column = getattr(self, name)
            fresh = np.zeros_like(column)
            fresh[1:size] = column[kept]
            setattr(self, name, fresh)
        self.metrics.keep(kept)
        self.jobs.keep(kept)
        self._unnamed = {int(place[ref]): labels for ref, labels in self._unnamed.items() if place[ref]}
        keys, refs = self.fingerprints
        fingerprints = np.zeros_like(keys), np.zeros_like(refs)
        self._used = copy_fingerprints(keys, refs, place, *fingerprints)
        self._hash_again(size, len(self._slots))
        self.count, self.fingerprints = count, fingerprints
        self.epoch += 1

    def _enter(self, ids: UInt64s, check: LimitCheck, labels: Sequence[bytes]) -> None:
        rows = self._extend(ids)
        self.metrics.assign(rows.start, check.metric_numbers)
        self.jobs.assign(rows.start, check.job_numbers)
        self._unnamed |= {rows.start + k: one for k, one in enumerate(labels)}

    def _extend(self, ids: UInt64s) -> slice:
        rows = super()._extend(ids)
        self.states[rows] = KNOWN
        # Not seen yet, but no reason to forget them before their first sample.
        self.seen[rows] = self._looked + LOOK_MINUTES
        return rows

    def _grow(self, capacity: int) -> None:
        super()._grow(capacity)
        self.metrics.grow(capacity)
        self.jobs.grow(capacity)

    def _widen_fingerprints(self, more: int) -> None:
        keys, refs = self.fingerprints
        size = len(refs)
        while (self._used + more) * 2 > size:
            size *= 2
        if size > len(refs):
            wider = np.zeros((size, 2), np.uint64), np.zeros(size, np.uint32)
            copy_fingerprints(keys, refs, np.arange(self.count + 1, dtype=np.uint32), *wider)
            self.fingerprints = wider
