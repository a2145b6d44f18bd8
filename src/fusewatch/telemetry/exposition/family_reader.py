"""Protobuf pages of one target, read again and again: what was known at the last scrape costs no Python time at the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.errors import ExpositionError, MalformedMessageError
from fusewatch.telemetry.exposition.families import ABOUT, CONVERTED
from fusewatch.telemetry.exposition.family_extras import read_page_exemplars, write_bodies
from fusewatch.telemetry.exposition.family_names import FamilyNames
from fusewatch.telemetry.exposition.family_rows import (
    A_NATIVE,
    BAD_FAMILY,
    BAD_HISTOGRAM,
    BITS,
    EXEMPLAR_COLUMNS,
    EXEMPLARS,
    FIRST,
    FIRST_SLOT,
    HIGH,
    HISTOGRAM_COLUMNS,
    HISTOGRAMS,
    KEPT,
    LAST,
    LOW,
    MESSAGE,
    MESSAGE_END,
    NUMBERS,
    OWNED_BY,
    PART,
    REPEATED,
    ROW_COLUMNS,
    ROWS,
    SCRAPED,
    SLOT,
    START,
    STATUS,
    TIME,
    TOLD,
    TOO_MANY_BUCKETS,
    UNKNOWN_TYPE,
    UNREAD,
    UNREAD_COLUMNS,
    UNREADABLE,
)
from fusewatch.telemetry.exposition.family_walker import enter_prints, walk_families
from fusewatch.telemetry.exposition.lines import MetadataLine
from fusewatch.telemetry.exposition.members import Members
from fusewatch.telemetry.exposition.native import HistogramChoice
from fusewatch.telemetry.exposition.page import Naming, Page
from fusewatch.telemetry.exposition.page_rows import PageRows
from fusewatch.telemetry.exposition.slots import Slots
from fusewatch.telemetry.exposition.walker import DROPPED
from fusewatch.telemetry.hashing import SLACK, Bytes, draw_key
from fusewatch.telemetry.histogram_checks import Problem, problem_message
from fusewatch.telemetry.histogram_parts import HEAD_WORDS, histogram_parts
from fusewatch.telemetry.label_kernels import MOST_LABELS
from fusewatch.telemetry.labels import Labels, quote
from fusewatch.telemetry.samples import ExemplarRows, HistogramRows, Int64s, UInt64s
from fusewatch.telemetry.zero_samples import ZeroSamples

#: Series and families that no page shows any more are forgotten, with all others, once they outnumber the page by this much.
_SPARE: Final = 1_000


@dataclass(slots=True)
class _Walk:
    """What one walk over a page (with slack behind) wrote."""

    page: Bytes
    numbers: Int64s
    rows: Int64s
    unread: Int64s
    histograms: Int64s
    exemplars: Int64s

    @classmethod
    def fresh(cls, page: Bytes, needed: Int64s, given: Sequence[int]) -> _Walk:
        """Room as the last page needed it, and a little more."""
        numbers = np.zeros(NUMBERS, np.int64)
        numbers[: len(given)] = given
        widths = ((ROWS, ROW_COLUMNS), (UNREAD, UNREAD_COLUMNS), (HISTOGRAMS, HISTOGRAM_COLUMNS), (EXEMPLARS, EXEMPLAR_COLUMNS))
        return cls(page, numbers, *(np.empty((int(needed[number]) + 16, width), np.int64) for number, width in widths))

    @property
    def fits(self) -> bool:
        """Whether there was room for everything."""
        pairs = ((ROWS, self.rows), (UNREAD, self.unread), (HISTOGRAMS, self.histograms), (EXEMPLARS, self.exemplars))
        return all(self.numbers[number] <= len(room) for number, room in pairs)

    def check(self, body: bytes, problem: Problem | None = None) -> None:
        """Raises ExpositionError where the page is refused, from its family at BAD_FAMILY on; ``problem``: a histogram's."""
        status, family = self.numbers[STATUS], int(self.numbers[BAD_FAMILY])
        if status == UNREADABLE:
            raise MalformedMessageError("proto: the page is not a sequence of length-delimited MetricFamily messages")
        if status == TOO_MANY_BUCKETS:
            raise ExpositionError("histogram bucket limit exceeded")
        if status == UNKNOWN_TYPE:
            raise MalformedMessageError(f"unknown metric type for metric {quote(FamilyNames(body).name_at(family))}")
        if problem is not None and status == BAD_HISTOGRAM:
            raise MalformedMessageError(f"histogram {quote(FamilyNames(body).name_at(family))}: {problem_message(problem)}")


class FamilyReader:
    """The protobuf pages of one target. ``naming`` is called once for each new series; the labels it gives are left in ``unnamed``."""

    def __init__(
        self, naming: Naming, unnamed: dict[int, Labels], choice: HistogramChoice, *, honor_timestamps: bool, starts: bool
    ) -> None:
        self._naming = naming
        self._unnamed = unnamed
        wanted = (choice.native, choice.classic_too, choice.convert_classic)
        self._given = (int(honor_timestamps), *map(int, wanted), choice.finest_schema, choice.bucket_limit)
        self._choice = choice
        self._starts = starts
        self._key = draw_key()
        self._stamp = 0
        self._needed = np.zeros(NUMBERS, np.int64)
        self._forget()

    def _forget(self) -> None:
        self._count = 0
        self._keys: UInt64s = np.zeros((64, 2), np.uint64)
        self._entries: NDArray[np.uint32] = np.zeros(64, np.uint32)
        self._slots = Slots()
        self._members = Members(self._slots, self._series, self._choice)
        self._zeros = ZeroSamples() if self._starts else None
        self._said: dict[str, tuple[int, int]] = {}
        self._full = False

    def read(self, body: bytes) -> Page:
        """What the page says.

        Raises:
            MalformedMessageError: the page can't be read, or a histogram can't be stored; the message names it.
            Exception: whatever ``naming`` raised to refuse a series.
        """
        if self._full:
            self._forget()
        return self._finish(body, self._walk(body))

    def read_known(self, body: bytes, most_new: int) -> Page | None:
        """The same, quickly, or None when more than ``most_new`` series and families are new.

        Raises:
            MalformedMessageError, Exception: as :meth:`read`.
        """
        if self._full:
            return None
        walk = self._walk(body)
        return self._finish(body, walk) if walk.numbers[UNREAD] <= most_new else None

    def _finish(self, body: bytes, walk: _Walk) -> Page:
        metadata: list[MetadataLine] = []
        if walk.numbers[UNREAD]:
            self._learn(body, walk.unread[: walk.numbers[UNREAD]], metadata)
            walk = self._walk(body)
        self._full = self._count > 2 * int(walk.numbers[SCRAPED] + len(self._said)) + _SPARE
        return self._page(body, walk, metadata)

    def _walk(self, body: bytes) -> _Walk:
        page, slots = np.frombuffer(body + bytes(SLACK), np.uint8), self._slots
        while True:
            self._stamp += 1
            walk = _Walk.fresh(page, self._needed, (self._stamp, *self._given))
            state = (page, self._keys, self._entries, slots.seen, slots.timed, walk.numbers, walk.rows, walk.unread)
            walk_families(state, len(body), self._key, (walk.histograms, walk.exemplars, np.empty(1, np.int64)))
            walk.check(body)
            self._needed = np.maximum(walk.numbers, self._needed // 2)
            if walk.fits:
                return walk

    def _learn(self, body: bytes, unread: Int64s, metadata: list[MetadataLine]) -> None:
        names, entries = FamilyNames(body), np.empty(len(unread), np.uint32)
        for k, row in enumerate(unread.tolist()):
            if row[PART] == ABOUT:
                lines = names.metadata(row)
                metadata += lines
                self._replace(lines[0].family, (row[LOW], row[HIGH]))
                entries[k] = TOLD
            else:
                entries[k] = self._slot(names, row) + FIRST_SLOT
        need = 2 * (self._count + len(unread))
        if need > len(self._entries):
            self._grow(1 << need.bit_length())
        self._count += enter_prints(self._keys, self._entries, np.ascontiguousarray(unread[:, LOW : HIGH + 1]).view(np.uint64), entries)

    def _replace(self, family: str, said: tuple[int, int]) -> None:
        """Forgets what was said before of a family, so that saying it again is news."""
        before = self._said.get(family)
        self._said[family] = said
        if before is not None:
            low, high = (number & 0xFFFFFFFFFFFFFFFF for number in before)
            found = np.flatnonzero((self._keys[:, 0] == np.uint64(low)) & (self._keys[:, 1] == np.uint64(high)) & (self._entries > 0))
            self._keys[found] = 0  # no fingerprint is 0, and the place stays taken for those behind it

    def _slot(self, names: FamilyNames, row: list[int]) -> int:
        labels = names.labels(row)
        return self._members.part(labels, *names.member(row)) if row[PART] >= CONVERTED else self._series(labels)

    def _series(self, labels: dict[str, str]) -> int:
        named = self._naming(labels)
        if named is None:
            return DROPPED
        slot = self._slots.of(named.id)
        if slot is None:
            slot = self._slots.add(named.id)
            self._unnamed[named.id] = named
        return slot

    def _grow(self, places: int) -> None:
        keys, entries = np.zeros((places, 2), np.uint64), np.zeros(places, np.uint32)
        taken = self._entries > 0
        enter_prints(keys, entries, self._keys[taken], self._entries[taken])
        self._keys, self._entries = keys, entries

    def _page(self, body: bytes, walk: _Walk, metadata: list[MetadataLine]) -> Page:
        numbers = walk.numbers
        rows, histograms = walk.rows[: numbers[ROWS]], walk.histograms[: numbers[HISTOGRAMS]]
        found = PageRows(
            np.arange(len(rows)),
            rows[:, SLOT],
            rows[:, TIME].copy(),
            rows[:, BITS].copy().view(np.float64),
            rows[:, START].copy(),
            scraped=int(numbers[SCRAPED]),
            kept=int(numbers[KEPT]),
            is_repeated=bool(numbers[REPEATED]),
            histograms=self._histograms(body, walk),
            histogram_slots=histograms[:, SLOT],
            histogram_starts=histograms[:, START].copy(),
        )
        page = found.page(self._slots, self._stamp, self._members, self._zeros)
        return replace(page, metadata=metadata, exemplars=self._exemplars(walk))

    def _histograms(self, body: bytes, walk: _Walk) -> HistogramRows:
        rows = walk.histograms[: walk.numbers[HISTOGRAMS]]
        if not len(rows):
            return HistogramRows.empty()
        parts, offsets = histogram_parts(), np.empty(len(rows) + 1, np.int64)
        words = np.empty(int((rows[:, LAST] - rows[:, FIRST]).sum()) + HEAD_WORDS * len(rows), np.uint64)
        write_bodies(walk.page, rows, walk.numbers, parts, offsets, words)
        walk.check(body, parts[3])
        return HistogramRows(self._slots.ids[rows[:, SLOT]], rows[:, TIME].copy(), offsets * 8, words[: offsets[-1]].copy().view(np.uint8))

    def _exemplars(self, walk: _Walk) -> ExemplarRows:
        found = walk.exemplars[: walk.numbers[EXEMPLARS]]
        if not len(found):
            return ExemplarRows.empty()
        slots, times, bits, marks = (np.empty(len(found), np.int64) for _ in range(4))
        offsets, blob = np.empty(len(found) + 1, np.int64), np.empty(int((found[:, MESSAGE_END] - found[:, MESSAGE]).sum()), np.uint8)
        labels, last = np.empty((MOST_LABELS, 4), np.int64), self._slots.marks.view(np.int64)
        count = read_page_exemplars(walk.page, found, last, labels, (slots, times, bits, marks, offsets, blob))
        slots, marks = slots[:count], marks[:count]
        # Of several exemplars of a native histogram the newest leaves its mark; of any other series there is but one.
        last[slots] = marks
        native = found[:, SLOT][found[:, OWNED_BY] == A_NATIVE]
        newest = np.isin(slots, native)
        np.maximum.at(last, slots[newest], marks[newest])
        values = bits[:count].view(np.float64)
        return ExemplarRows(self._slots.ids[slots], times[:count], values, offsets[: count + 1], blob[: offsets[count]].copy())
