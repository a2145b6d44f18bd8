"""What a walk over a protobuf page writes: samples, native histograms, exemplars, and a list of what is unknown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.exposition.families import GAUGE_HISTOGRAM, NATIVE, Place, Print, When, sample_print
from fusewatch.telemetry.exposition.scan import NO_TIMESTAMP
from fusewatch.telemetry.exposition.walker import Int32s
from fusewatch.telemetry.hashing import U64, Bytes
from fusewatch.telemetry.kernels import bare, merged
from fusewatch.telemetry.samples import Int64s, UInt64s

#: What a known fingerprint stands for: metadata that was told, or FIRST_SLOT and a slot more, DROPPED (-1) for what relabelling drops.
TOLD, FIRST_SLOT = 1, 3
#: What a walk is given in its numbers, ...
STAMP, HONOR_TIMESTAMPS, NATIVE_WANTED, CLASSIC_TOO, CONVERT_CLASSIC, FINEST_SCHEMA, BUCKET_LIMIT = range(7)
#: ... and what it counts there, also beyond the room there is.
ROWS, UNREAD, SCRAPED, KEPT, REPEATED, HISTOGRAMS, EXEMPLARS, STATUS, BAD_FAMILY, NUMBERS = range(7, 17)
#: Columns of what is left unread: family, metric, the end of its labels, what part of it is unknown, bits of its bound, fingerprint.
FAMILY_START, FAMILY_END, METRIC_START, LABELS_END, PART, BOUND, LOW, HIGH, UNREAD_COLUMNS = range(9)
#: Columns of rows of samples.
SLOT, TIME, BITS, START, ROW_COLUMNS = range(5)
#: Columns of native histograms: slot, time, where the message is, start, whether it is a gauge, and where its family begins.
FIRST, LAST, IS_GAUGE, OWNER, HISTOGRAM_COLUMNS = 2, 4, 5, 6, 7
#: Columns of exemplars: slot, where the message is, and what it belongs to: a series, a native histogram, or a part of one to be.
MESSAGE, MESSAGE_END, OWNED_BY, EXEMPLAR_COLUMNS = range(1, 5)
A_SERIES, A_NATIVE, A_PART = range(3)
#: Statuses of a page that can't be read.
FINE, UNREADABLE, UNKNOWN_TYPE, BAD_HISTOGRAM, TOO_MANY_BUCKETS = range(5)

#: The page, known fingerprints (capacity, 2) and what they stand for (capacity), ``seen`` and ``timed`` by slot, numbers, rows, unread.
State = tuple[Bytes, UInt64s, NDArray[np.uint32], Int32s, NDArray[np.bool_], Int64s, Int64s, Int64s]
#: Native histograms, exemplars, and a number to convert.
Extras = tuple[Int64s, Int64s, Int64s]
#: Where a sample is: columns FAMILY_START to LABELS_END of what is left unread.
Where = tuple[np.int64, np.int64, np.int64, np.int64]


@bare
def find(keys: UInt64s, entries: NDArray[np.uint32], known: Print) -> int:
    """What a fingerprint stands for: TOLD, or FIRST_SLOT and a slot (or DROPPED) more; 0 where it is unknown."""
    mask = U64(len(entries) - 1)
    place = known[0] & mask
    while entries[place] and not (keys[place, 0] == known[0] and keys[place, 1] == known[1]):
        place = (place + U64(1)) & mask
    return int(entries[place])


@bare
def note(numbers: Int64s, unread: Int64s, where: Where, part: int, bound: np.uint64, known: Print) -> None:
    """Puts something unknown on the list."""
    row = numbers[UNREAD]
    if row < len(unread):
        unread[row, FAMILY_START], unread[row, FAMILY_END], unread[row, METRIC_START], unread[row, LABELS_END] = where
        unread[row, PART], unread[row, BOUND] = part, np.int64(bound)
        unread[row, LOW], unread[row, HIGH] = np.int64(known[0]), np.int64(known[1])
    numbers[UNREAD] += 1


@merged
def _slot(state: State, metric: Print, where: Where, part: int, bound: np.uint64, timestamp: int) -> int:
    """The slot of a sample that counts; -1: unknown, dropped, or of a series that the page showed before."""
    _, keys, entries, seen, timed, numbers, _, unread = state
    known = sample_print(metric, part, bound)
    entry = find(keys, entries, known)
    if entry == 0:
        note(numbers, unread, where, part, bound, known)
        return -1
    numbers[SCRAPED] += 1
    slot = entry - FIRST_SLOT
    if slot < 0:
        return -1
    numbers[KEPT] += 1
    if seen[slot] == numbers[STAMP]:
        numbers[REPEATED] += timestamp != NO_TIMESTAMP
        return slot if timestamp != NO_TIMESTAMP else -1
    seen[slot] = numbers[STAMP]
    timed[slot] = timestamp != NO_TIMESTAMP
    return slot


@merged
def write_sample(state: State, metric: Print, where: Where, part: int, bound: np.uint64, when: When, value: np.uint64) -> int:
    """Writes a float sample; its slot, -1 where it does not count."""
    slot = _slot(state, metric, where, part, bound, when[0])
    numbers, rows = state[5], state[6]
    if slot >= 0:
        row = numbers[ROWS]
        if row < len(rows):
            rows[row, SLOT], rows[row, TIME], rows[row, BITS], rows[row, START] = slot, when[0], np.int64(value), when[1]
        numbers[ROWS] += 1
    return slot


@merged
def list_exemplar(numbers: Int64s, exemplars: Int64s, place: Place, slot: int, owner: int) -> None:
    """Notes where an exemplar is, of a series that counts."""
    if place[0] == place[1] or slot < 0:
        return
    row = numbers[EXEMPLARS]
    if row < len(exemplars):
        exemplars[row, SLOT], exemplars[row, OWNED_BY] = slot, owner
        exemplars[row, MESSAGE], exemplars[row, MESSAGE_END] = place
    numbers[EXEMPLARS] += 1


@merged
def list_native(state: State, metric: Print, where: Where, kind: int, value: Place, when: When, histograms: Int64s) -> int:
    """Notes where a native histogram is; its slot, -1 where it does not count."""
    slot = _slot(state, metric, where, NATIVE, U64(0), when[0])
    numbers = state[5]
    if slot >= 0:
        row = numbers[HISTOGRAMS]
        if row < len(histograms):
            histograms[row, SLOT], histograms[row, TIME], histograms[row, START] = slot, when[0], when[1]
            histograms[row, FIRST], histograms[row, LAST] = value
            histograms[row, IS_GAUGE], histograms[row, OWNER] = kind == GAUGE_HISTOGRAM, where[0]
        numbers[HISTOGRAMS] += 1
    return slot
