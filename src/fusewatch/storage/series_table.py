"""All series of the store, as numbers: which id has which reference, and what is known of each.

References are small numbers from 1 on, valid in this process only. Labels are kept here only until ClickHouse has them.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
import xxhash

from fusewatch.storage.series_kernels import (
    COMMITTED,
    KNOWN,
    LOGGED,
    UInt8s,
    UInt32s,
    copy_fingerprints,
    find_ids,
    moved_hours,
    plain,
    put_fingerprint,
    put_ids,
)
from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.labels import METRIC_NAME, SEPARATOR
from fusewatch.telemetry.samples import UInt64s

_NEVER: Final = np.iinfo(np.uint32).max
_NAME_KEY: Final = METRIC_NAME.encode()
#: The same label set may come in several encodings; more fingerprints than this share, and they are forgotten and learnt anew.
_FINGERPRINTS_PER_SERIES: Final = 2
_SPARE_FINGERPRINTS: Final = 1 << 16


def metric_of(canonical: bytes) -> bytes:
    """The metric's name in a canonical label set, b"" without one."""
    parts = canonical.split(SEPARATOR)
    names = parts[::2]
    return parts[names.index(_NAME_KEY) * 2 + 1] if _NAME_KEY in names else b""


def metric_hash(name: bytes) -> int:
    """XXH3-64 of a metric's name: the first part of the samples' order."""
    return xxhash.xxh3_64_intdigest(name)


class SeriesTable:
    """Ids and fingerprints to references, in arrays: about 80 bytes a series.

    ``lock`` guards every change; lookups need none. ``version`` grows whenever the set of visible series changes, ``epoch`` when
    references end. ``count`` is the highest reference.
    """

    def __init__(self, capacity: int = 1 << 12) -> None:
        self.lock = threading.RLock()
        self.count = 0
        self.gone = 0
        self.version = 0
        self.epoch = 0
        self.key = draw_key()
        #: Canonical labels of series that ClickHouse does not have yet.
        self.labels: dict[int, bytes] = {}
        self.ids: UInt64s = np.zeros(capacity, np.uint64)
        self.metrics: UInt64s = np.zeros(capacity, np.uint64)
        self.states: UInt8s = np.zeros(capacity, np.uint8)
        self.first: UInt32s = np.full(capacity, _NEVER, np.uint32)
        self.last: UInt32s = np.zeros(capacity, np.uint32)
        self._saved_first: UInt32s = np.full(capacity, _NEVER, np.uint32)
        self._saved_last: UInt32s = np.zeros(capacity, np.uint32)
        self._slots: UInt32s = np.zeros(capacity * 2, np.uint32)
        self._fingerprints = 0
        self.fingerprints: tuple[UInt64s, UInt32s] = (np.zeros((capacity * 2, 2), np.uint64), np.zeros(capacity * 2, np.uint32))

    @property
    def alive(self) -> int:
        """How many series there are."""
        return self.count - self.gone

    def find(self, ids: UInt64s) -> tuple[UInt32s, int]:
        """The references (n) uint32 of ids (n), 0 for unknown ones, and how many are unknown."""
        ids, out = plain(ids, np.uint64), np.empty(len(ids), np.uint32)
        return out, find_ids(self._slots, self.ids, ids, out)

    def add(self, canonical: bytes, series_id: int | None = None) -> int:
        """The reference of a label set, new or known."""
        number = xxhash.xxh3_64_intdigest(canonical) if series_id is None else series_id
        with self.lock:
            found, unknown = self.find(np.array([number], np.uint64))
            if not unknown:
                return int(found[0])
            ref = self._extend(np.array([number], np.uint64))
            self.metrics[ref] = metric_hash(metric_of(canonical))
            self.labels[ref] = canonical
            return ref

    def load(self, ids: UInt64s, metrics: UInt64s, first: UInt32s, last: UInt32s) -> None:
        """Enters series that ClickHouse has (each id once, none known yet), with their hours."""
        with self.lock:
            start = self._extend(ids)
            rows = slice(start, start + len(ids))
            self.metrics[rows], self.states[rows] = metrics, COMMITTED
            self.first[rows] = self._saved_first[rows] = first
            self.last[rows] = self._saved_last[rows] = last
            self.version += 1

    def remember(self, low: np.uint64, high: np.uint64, ref: int) -> None:
        """Recognises label bytes of this fingerprint from now on."""
        with self.lock:
            keys, refs = self.fingerprints
            if self._fingerprints > self.count * _FINGERPRINTS_PER_SERIES + _SPARE_FINGERPRINTS:
                keys, refs = np.zeros_like(keys), np.zeros_like(refs)
                self._fingerprints = 0
            elif self._fingerprints * 2 >= len(refs):
                wider = np.zeros((len(refs) * 2, 2), np.uint64), np.zeros(len(refs) * 2, np.uint32)
                copy_fingerprints(keys, refs, *wider)
                keys, refs = wider
            put_fingerprint(keys, refs, low, high, ref)
            self._fingerprints += 1
            self.fingerprints = keys, refs

    def mark(self, refs: UInt32s, state: int) -> None:
        """Sets the state of series; their labels are dropped once ClickHouse has them."""
        with self.lock:
            self.states[refs] = state
            if state == COMMITTED:
                for ref in refs.tolist():
                    self.labels.pop(ref, None)
            self.version += 1

    def uncommitted(self) -> dict[int, bytes]:
        """Canonical labels by reference of the series that are in the log, but not in ClickHouse yet."""
        with self.lock:
            return {ref: labels for ref, labels in self.labels.items() if self.states[ref] == LOGGED}

    def take_moved_hours(self) -> tuple[UInt32s, UInt32s, UInt32s]:
        """References, first and last hours of the series whose hours are wider than :meth:`save_hours` was told."""
        with self.lock:
            size = self.count + 1
            out = np.empty(size, np.uint32)
            moved = out[: moved_hours(self.first[:size], self.last[:size], self._saved_first[:size], self._saved_last[:size], out)]
            committed = moved[self.states[moved] != KNOWN]
            return committed, self.first[committed], self.last[committed]

    def save_hours(self, refs: UInt32s, first: UInt32s, last: UInt32s) -> None:
        """Notes which hours are in ClickHouse."""
        with self.lock:
            self._saved_first[refs], self._saved_last[refs] = first, last

    def forget(self, before_hour: int) -> UInt64s:
        """Drops the committed series whose last hour is earlier; their ids (n) uint64. Their references end here: :attr:`epoch` steps on.

        The references are used again after the next start.
        """
        with self.lock:
            size = self.count + 1
            gone = (self.states[:size] == COMMITTED) & (self.last[:size] < before_hour) & (self.ids[:size] != 0)
            dropped: UInt64s = self.ids[:size][gone]
            if len(dropped):
                self.ids[:size][gone] = 0
                slots = np.zeros_like(self._slots)
                put_ids(slots, self.ids, 1, size)
                keys, refs = self.fingerprints
                self._slots, self.fingerprints, self._fingerprints = slots, (np.zeros_like(keys), np.zeros_like(refs)), 0
                self.first[:size][gone], self.last[:size][gone] = _NEVER, 0
                self._saved_first[:size][gone], self._saved_last[:size][gone] = _NEVER, 0
                self.gone += len(dropped)
                self.epoch += 1
                self.version += 1
            return dropped

    def _extend(self, ids: UInt64s) -> int:
        """Room for new series, entered under their ids; the first reference."""
        first = self.count + 1
        stop = first + len(ids)
        if stop > len(self.ids):
            self._grow(max(stop, len(self.ids) * 2))
        self.ids[first:stop] = ids
        if stop * 2 > len(self._slots):
            slots = np.zeros(len(self._slots) * 2, np.uint32)
            while stop * 2 > len(slots):
                slots = np.zeros(len(slots) * 2, np.uint32)
            put_ids(slots, self.ids, 1, stop)
            self._slots = slots
        else:
            put_ids(self._slots, self.ids, first, stop)
        self.count = stop - 1
        return first

    def _grow(self, capacity: int) -> None:
        for name, empty in (
            ("ids", 0),
            ("metrics", 0),
            ("states", KNOWN),
            ("last", 0),
            ("_saved_last", 0),
            ("first", _NEVER),
            ("_saved_first", _NEVER),
        ):
            old = getattr(self, name)
            wider = np.full(capacity, empty, old.dtype)
            wider[: len(old)] = old
            setattr(self, name, wider)
