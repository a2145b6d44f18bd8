"""Deltas added up: what a series has come to, so that what is stored is cumulative as Prometheus' functions need it.

What a crash may cost
---------------------
The value that is logged is the sum itself. So a start brings this state back from a snapshot and from the log that follows it
(:mod:`fusewatch.ingest.otlp.recovery`):

- A point that was acknowledged is in the log: nothing acknowledged is lost from the sum, and none of it counts twice.
- A point that was logged, but whose answer was lost, is sent again with the same time. That is not later than the last one of its series,
  so it is refused (with a warning in the answer) and does not count twice.
- A point whose batch the log refused is taken back (:meth:`DeltaState.undo`) and may be sent again. Where a later point of the series was
  added meanwhile, the sum keeps it: it is in what that one logs, and sending it again is refused.
- :meth:`DeltaState.dump` is for what the log no longer has. Of snapshot and logged value the later one counts, so an old snapshot does no
  harm.

A series that was forgotten, because it had no point for long, begins at zero again, which ``rate`` and ``increase`` take for a counter
reset.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fusewatch.ingest.otlp.merging import Native, added
from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.otlp.columns import Int32s, UInt8s
from fusewatch.telemetry.ports import SeriesLimitError
from fusewatch.telemetry.samples import STALE_BITS, Float64s, Int64s, UInt64s

_STALE: Final = np.uint64(STALE_BITS)
_NEVER: Final = np.iinfo(np.int64).min
_MAGIC: Final = b"FWDELTA1"
_HEAD: Final = struct.Struct("<8sQQ")
_NATIVE: Final = struct.Struct("<QqI")


#: Slot, what it was before, and the time that a request gave it.
NativeUndo = tuple[int, Native | None, int]


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take back what a request added: slots, their time and value before, and the time that it gave them."""

    slots: Int32s
    times: Int64s
    values: Float64s
    given: Int64s
    natives: tuple[NativeUndo, ...] = ()

    def __len__(self) -> int:
        return len(self.slots) + len(self.natives)


@kernel
def _accumulate(
    rows: tuple[UInt32s, Int64s, UInt64s, Float64s, Int32s, UInt8s],
    times: Int64s,
    values: Float64s,
    undo: tuple[Int32s, Int64s, Float64s, Int64s],
) -> tuple[int, int]:
    """Turns each row with a slot from a delta into the sum so far; the reference of one that is too late becomes 0.

    ``rows``: references, times, bits, the same as float64, slots, and 1 where a point begins: its first row decides for all. Returns how
    many points were too late, and how many entries ``undo`` has.
    """
    refs, when, bits, as_floats, slots, leads = rows
    undo_slots, undo_times, undo_values, undo_given = undo
    late, count, refused = 0, 0, False
    for k in range(len(refs)):
        slot = slots[k]
        if slot < 0:
            continue
        if leads[k]:
            refused = when[k] <= times[slot]
            late += refused
        if refused:
            refs[k] = 0
        elif bits[k] != _STALE:
            undo_slots[count], undo_times[count], undo_values[count], undo_given[count] = slot, times[slot], values[slot], when[k]
            count += 1
            values[slot] += as_floats[k]
            times[slot] = when[k]
            as_floats[k] = values[slot]
    return late, count


@kernel
def _undo(slots: Int32s, before: Int64s, values_before: Float64s, given: Int64s, times: Int64s, values: Float64s) -> None:
    for j in range(len(slots)):
        k = len(slots) - 1 - j
        if times[slots[k]] == given[k]:
            times[slots[k]], values[slots[k]] = before[k], values_before[k]


@dataclass(slots=True)
class DeltaState:
    """The sums of delta series by series id; about 120 bytes each. Not for concurrent use.

    ``max_series`` bounds their number; ``version`` steps on when slots end, which makes whoever remembers slots forget them.
    """

    max_series: int = 1_000_000
    version: int = 0
    #: Ids of series that got a place since somebody cleared this.
    fresh: list[int] = field(default_factory=list)
    _slots: dict[int, int] = field(default_factory=dict)
    _free: list[int] = field(default_factory=list)
    _ids: UInt64s = field(default_factory=lambda: np.zeros(1 << 10, np.uint64))
    _times: Int64s = field(default_factory=lambda: np.full(1 << 10, _NEVER, np.int64))
    _values: Float64s = field(default_factory=lambda: np.zeros(1 << 10))
    _natives: dict[int, Native | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def ids(self) -> set[int]:
        """The series."""
        return set(self._slots)

    def slot(self, series_id: int) -> int:
        """The place of a series.

        Raises:
            SeriesLimitError: it is new, and there are ``max_series`` already.
        """
        found = self._slots.get(series_id)
        if found is not None:
            return found
        if len(self._slots) >= self.max_series:
            raise SeriesLimitError(
                f"the limit of {self.max_series} delta series is reached, new ones are refused (otlp.delta_max_series)", 1
            )
        place = self._free.pop() if self._free else len(self._slots)
        if place >= len(self._ids):
            self._grow()
        self._slots[series_id], self._ids[place] = place, series_id
        self.fresh.append(series_id)
        self._times[place], self._values[place] = _NEVER, 0.0
        return place

    def seed(self, slots: Int32s, times: Int64s, values: Float64s) -> None:
        """Tells the last logged samples of series (n each); they count where they are later than what is known."""
        later = times > self._times[slots]
        self._times[slots[later]], self._values[slots[later]] = times[later], values[later]

    def seed_native(self, slot: int, time: int, body: bytes) -> None:
        """The same for a native histogram."""
        known = self._natives.get(slot)
        if known is None or known.time < time:
            self._natives[slot] = Native.of(time, body)
            self._times[slot] = time

    def is_new(self, slot: int) -> bool:
        """Whether nothing is known of the series yet."""
        return bool(self._times[slot] == _NEVER)

    def add(self, rows: tuple[UInt32s, Int64s, UInt64s, Float64s, Int32s, UInt8s]) -> tuple[int, Undo]:
        """Adds the deltas among ``rows`` up, in place; how many points came too late (their references are 0 now), and how to undo it."""
        room = len(rows[0])
        slots, times, values, given = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room), np.empty(room, np.int64)
        late, count = _accumulate(rows, self._times, self._values, (slots, times, values, given))
        return late, Undo(slots[:count], times[:count], values[:count], given[:count])

    def add_native(self, slot: int, time: int, body: bytes) -> tuple[bytes, NativeUndo | None] | None:
        """The sum of a native histogram with what came before it, and how to undo that; None where it came too late."""
        before, now = self._natives.get(slot), Native.of(time, body)
        if time <= self._times[slot]:
            return None
        if now.is_stale:
            return body, None
        now = added(before, now)
        self._natives[slot], self._times[slot] = now, time
        return now.body, (slot, before, time)

    def undo(self, undo: Undo) -> None:
        """Takes back what a request added, where nothing was added behind it."""
        _undo(undo.slots, undo.times, undo.values, undo.given, self._times, self._values)
        for slot, before, given in reversed(undo.natives):
            if self._times[slot] == given:
                self._natives[slot] = before
                self._times[slot] = _NEVER if before is None else before.time

    def forget(self, before_ms: int) -> int:
        """Drops the series without a point since ``before_ms``; how many."""
        idle = [(number, place) for number, place in self._slots.items() if self._times[place] < before_ms]
        for number, place in idle:
            del self._slots[number]
            self._natives.pop(place, None)
            self._times[place], self._values[place], self._ids[place] = _NEVER, 0.0, 0
            self._free.append(place)
        self.version += bool(idle)
        return len(idle)

    def dump(self) -> bytes:
        """All sums as bytes: 24 a series, and the native histograms. Little-endian; :meth:`load` reads it."""
        places = np.fromiter(self._slots.values(), np.int64, len(self._slots))
        natives = [(int(self._ids[place]), native) for place, native in self._natives.items() if native is not None]
        parts = [_HEAD.pack(_MAGIC, len(places), len(natives))]
        parts += [self._ids[places].tobytes(), self._times[places].tobytes(), self._values[places].tobytes()]
        parts += [_NATIVE.pack(number, native.time, len(native.body)) + native.body for number, native in natives]
        return b"".join(parts)

    def load(self, data: bytes) -> None:
        """Takes a snapshot up, at a start; what is there already is kept.

        Raises:
            ValueError: not such a snapshot, or of more series than ``max_series``.
        """
        try:
            magic, size, natives = _HEAD.unpack_from(data)
            if magic != _MAGIC:
                raise ValueError("not a snapshot of delta sums")
            if size > self.max_series:
                raise ValueError(f"a snapshot of {size} delta sums, but at most {self.max_series} are kept (otlp.delta_max_series)")
            if len(data) < _HEAD.size + 24 * size:
                raise ValueError("a snapshot of delta sums that is cut off")
            columns = [np.frombuffer(data, kind, size, _HEAD.size + 8 * size * k) for k, kind in enumerate(("<u8", "<i8", "<f8"))]
            entries, at = [], _HEAD.size + 24 * size
            for _ in range(natives):
                number, time, length = _NATIVE.unpack_from(data, at)
                entries.append((number, Native.of(time, data[at + _NATIVE.size : at + _NATIVE.size + length])))
                at += _NATIVE.size + length
            if at != len(data):
                raise ValueError("a snapshot of delta sums of another length than it says")
        except struct.error as error:
            raise ValueError("a snapshot of delta sums that is cut off") from error
        fresh = set()
        for number, time, value in zip(*(column.tolist() for column in columns), strict=True):
            if number not in self._slots:
                place = self.slot(number)
                self._times[place], self._values[place] = time, value
                fresh.add(number)
        for number, native in entries:
            if number in fresh:
                self._natives[self._slots[number]] = native

    def _grow(self) -> None:
        self._ids = np.concatenate([self._ids, np.zeros_like(self._ids)])
        self._times = np.concatenate([self._times, np.full_like(self._times, _NEVER)])
        self._values = np.concatenate([self._values, np.zeros_like(self._values)])
