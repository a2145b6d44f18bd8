"""Kernels over the series table: open addressing with linear probing, a power of two of slots, reference 0 for a free one."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import U64
from fusewatch.telemetry.kernels import inlined, kernel
from fusewatch.telemetry.samples import Int64s, UInt64s

UInt32s = NDArray[np.uint32]
UInt8s = NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)

#: States of a series: known to the receiver, named in the log, in ClickHouse.
KNOWN, LOGGED, COMMITTED = 0, 1, 2
HOUR_MS = 3_600_000


def plain(array: NDArray[Any], dtype: type[Number]) -> NDArray[Number]:
    """The array as kernels are compiled for it: of this type, contiguous and writable; a copy only where it is not."""
    return np.require(array, dtype, ["C", "W"])


@inlined
def _slot(number: np.uint64, mask: np.uint64) -> np.uint64:
    # Ids are hashes already; the multiplication keeps a sender that chooses them (replayed data) from one long probe.
    return (number * U64(0x9E3779B97F4A7C15) >> U64(20)) & mask


@kernel
def put_ids(slots: UInt32s, ids: UInt64s, first: int, stop: int) -> None:
    """Enters references ``first`` up to ``stop`` under their ids (0: none)."""
    mask = U64(len(slots) - 1)
    for ref in range(first, stop):
        if ids[ref] == 0:
            continue  # gone
        slot = _slot(ids[ref], mask)
        while slots[slot]:
            slot = (slot + U64(1)) & mask
        slots[slot] = ref


@kernel
def find_ids(slots: UInt32s, ids: UInt64s, wanted: UInt64s, out: UInt32s) -> int:
    """``out`` (n): the reference of each wanted id (n), 0 where it is unknown; how many are unknown."""
    mask, unknown = U64(len(slots) - 1), 0
    for k in range(len(wanted)):
        slot = _slot(wanted[k], mask)
        ref = slots[slot]
        while ref and ids[ref] != wanted[k]:
            slot = (slot + U64(1)) & mask
            ref = slots[slot]
        out[k] = ref
        unknown += ref == 0
    return unknown


@kernel
def put_fingerprints(keys: UInt64s, refs: UInt32s, lows: UInt64s, highs: UInt64s, new: UInt32s) -> int:
    """Enters references (n; 0: none) under fingerprints (n) that are not there yet; how many were not.

    Each slot is written last, so that a lookup beside it never sees half an entry. One request may bring the same fingerprint thousands of
    times: entered each time, they would make one long probe.
    """
    mask, count = U64(len(refs) - 1), 0
    for k in range(len(new)):
        if new[k]:
            slot = lows[k] & mask
            while refs[slot] and not (keys[slot, 0] == lows[k] and keys[slot, 1] == highs[k]):
                slot = (slot + U64(1)) & mask
            if refs[slot] == 0:
                keys[slot, 0], keys[slot, 1] = lows[k], highs[k]
                refs[slot] = new[k]
                count += 1
    return count


@kernel
def copy_fingerprints(keys: UInt64s, refs: UInt32s, place: UInt32s, to_keys: UInt64s, to_refs: UInt32s) -> int:
    """Enters all of one table into another under the references ``place[ref]``, those with 0 left out; how many were entered."""
    mask, count = U64(len(to_refs) - 1), 0
    for k in range(len(refs)):
        if refs[k] and place[refs[k]]:
            slot = keys[k, 0] & mask
            while to_refs[slot]:
                slot = (slot + U64(1)) & mask
            to_keys[slot, 0], to_keys[slot, 1] = keys[k, 0], keys[k, 1]
            to_refs[slot] = place[refs[k]]
            count += 1
    return count


@kernel
def touch(refs: UInt32s, timestamps: Int64s, now_hour: int, hours: tuple[UInt32s, UInt32s, UInt32s], samples: UInt32s) -> None:
    """Widens the hours of each row's series, notes the hour of its coming, and counts its samples (modulo 2**32).

    ``hours``: first, last and hour of the last coming by reference.
    """
    first, last, touched = hours
    for k in range(len(refs)):
        ref, hour = refs[k], np.uint32(max(timestamps[k] // HOUR_MS, 0))
        first[ref] = min(hour, first[ref])
        last[ref] = max(hour, last[ref])
        touched[ref] = now_hour
        samples[ref] += np.uint32(1)


@kernel
def admit(refs: UInt32s, series: tuple[UInt64s, UInt8s, UInt32s, UInt8s], now: tuple[int, int], out_ids: UInt64s, out_new: UInt32s) -> int:
    """What the log needs to know of samples: ``out_ids`` (n) their ids, ``out_new`` the references that no record has named yet; how many.

    ``series``: id, state, minute and sender of the last sample by reference. New ones become LOGGED, and all were seen in the minute and
    sent by the sender that ``now`` holds.
    """
    ids, states, seen, senders = series
    minute, sender = now
    new = 0
    for k in range(len(refs)):
        ref = refs[k]
        out_ids[k] = ids[ref]
        seen[ref] = minute
        senders[ref] = sender
        if states[ref] == KNOWN:
            states[ref] = LOGGED
            out_new[new] = ref
            new += 1
    return new


@kernel
def moved_hours(first: UInt32s, last: UInt32s, saved_first: UInt32s, saved_last: UInt32s, out: UInt32s) -> int:
    """``out``: the references whose hours are wider than what was saved; how many."""
    count = 0
    for ref in range(1, len(first)):
        if last[ref] > saved_last[ref] or first[ref] < saved_first[ref]:
            out[count] = ref
            count += 1
    return count


@kernel
def outside(timestamps: Int64s, low: int, high: int) -> int:
    """How many timestamps are below ``low`` or above ``high``."""
    count = 0
    for k in range(len(timestamps)):
        count += (timestamps[k] < low) | (timestamps[k] > high)
    return count
