"""What a store must hold after whatever was done to it, as plain dicts: samples by series and time, and what its roll-ups were made of."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from tests.storage.conftest import DAY, HOUR

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.rollups import FIVE_MINUTES, ONE_HOUR
from fusewatch.telemetry.samples import STALE_BITS

EVER = -(1 << 60)
#: How long what is kept. Metrics named here keep neither samples nor roll-ups for longer.
GENERAL = 3 * DAY
OWN = {"longer": 5 * DAY, "shorter": DAY}
ROLLED = {FIVE_MINUTES: 7 * DAY, ONE_HOUR: 10 * DAY}

#: By timestamp, a float's bits or a histogram's binary form.
Samples = dict[int, int | bytes]
Floats = dict[int, int]


@dataclass
class Rolled:
    """What the roll-ups of a series on a day were made of, and what was deleted afterwards.

    ``sure``: whether anybody can tell. A read may or may not show roll-ups that were made after a deletion whose tombstone is still there.
    """

    points: Floats
    cuts: list[tuple[int, int]] = field(default_factory=list)
    sure: bool = True
    sure_once_clean: bool = True

    def seen(self, resolution: int, over: int) -> Floats:
        """Without windows of which a part was deleted, or is not after ``over`` (ms)."""
        cuts = [*self.cuts, (EVER, over)]
        return {time: bits for time, bits in self.points.items() if not any(_is_cut(time, resolution, *cut) for cut in cuts)}


def _is_cut(time: int, resolution: int, start: int, end: int) -> bool:
    stop = time + -time % resolution
    return start <= stop and end > stop - resolution


class Model:
    """Floats and histograms of the same series stand beside each other; where both have a timestamp, reads show the histogram."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.floats: dict[Labels, Floats] = {}
        self.histograms: dict[Labels, dict[int, bytes]] = {}
        #: By the start of a day (ms).
        self.rolled: dict[int, dict[Labels, Rolled]] = {}
        self._graves: list[tuple[Labels, int, int]] = []

    def copy(self) -> Model:
        """The same, which goes its own way."""
        return deepcopy(self)

    def oldest(self, labels: Labels) -> int:
        """The first millisecond of which a series keeps samples."""
        return self.now - OWN.get(labels.metric, GENERAL)

    # What happens ---------------------------------------------------------------------------------------------------------------

    def write(self, labels: Labels, time: int, sample: int | bytes) -> None:
        """A sample, which replaces that of its kind; one of a day that its metric keeps nothing of leaves no trace."""
        if self._is_over(labels, time):
            return
        if isinstance(sample, bytes):
            self.histograms.setdefault(labels, {})[time] = sample
        else:
            self.floats.setdefault(labels, {})[time] = sample

    def delete(self, chosen: Callable[[Labels], bool], start: int, end: int) -> None:
        """The samples and roll-ups of some series from ``start`` to ``end`` (ms, both included)."""
        for labels in filter(chosen, self.series()):
            known = [*self.floats.get(labels, ()), *self.histograms.get(labels, ()), *self._rolled_times(labels)]
            is_found = start <= max(known, default=EVER) and end >= min(known, default=-EVER)
            for day, found in self.rolled.items():
                if labels in found and start < day + DAY and end >= day:
                    found[labels].cuts.append((start, end))
                    found[labels].sure &= is_found
            for samples in (self.floats, self.histograms):
                for time in [time for time in samples.get(labels, ()) if start <= time <= end]:
                    del samples[labels][time]
            self._graves.append((labels, start, end))

    def clean(self) -> None:
        """The tombstones are gone."""
        self._graves.clear()
        for found in self.rolled.values():
            for one in found.values():
                one.sure |= one.sure_once_clean

    def merge(self, day: int, *, settled: bool) -> None:
        """A day (its start, ms) is merged; ``settled``: nothing waits for ClickHouse."""
        for labels in self.series():
            fresh = {time: bits for time, bits in self.floats.get(labels, {}).items() if day <= time < day + DAY}
            if fresh and not self._is_over(labels, day):
                is_dead = any(labels == one and start < day + DAY and end >= day for one, start, end in self._graves)
                self.rolled.setdefault(day, {})[labels] = Rolled(fresh, sure=settled and not is_dead, sure_once_clean=settled)

    def expire(self) -> None:
        """Days that are over go; a day that is so in part is still there as a whole, but for reads."""
        for samples in (self.floats, self.histograms):
            for labels, points in samples.items():
                for time in [time for time in points if self._is_over(labels, time)]:
                    del points[time]
        for day in [day for day in self.rolled if self._resolutions(day) == []]:
            del self.rolled[day]

    # What is seen ---------------------------------------------------------------------------------------------------------------

    def series(self) -> set[Labels]:
        """Those that have anything."""
        return {*self.floats, *self.histograms, *(labels for found in self.rolled.values() for labels in found)}

    def read(self, chosen: Callable[[Labels], bool] = lambda _: True, start: int = EVER, end: int = -EVER) -> dict[Labels, Samples]:
        """The samples from ``start`` to ``end`` (ms, both included) of the series that have any."""
        out: dict[Labels, Samples] = {}
        for labels in filter(chosen, self.series()):
            both = self.floats.get(labels, {}) | self.histograms.get(labels, {})
            if found := {time: sample for time, sample in both.items() if max(start, self.oldest(labels)) <= time <= end}:
                out[labels] = found
        return out

    def keys(self) -> list[tuple[Labels, int, type]]:
        """Each sample's series, timestamp and kind, in a fixed order."""
        kinds = ((self.floats, int), (self.histograms, bytes))
        found = [(labels, time, kind) for samples, kind in kinds for labels, points in samples.items() for time in points]
        return sorted(found, key=lambda key: (key[0].canonical, key[1], key[2].__name__))

    def through_rollups(self, metric: str, resolution: int) -> dict[Labels, Floats] | None:
        """The floats behind windows that begin and end at multiples of ``resolution`` (ms); None where nobody can tell.

        Roll-ups speak for a day whose beginning is older than samples are kept, as long as they are.
        """
        oldest = self.now - OWN.get(metric, GENERAL)
        out = {
            labels: {time: bits for time, bits in points.items() if time >= oldest}
            for labels, points in self.floats.items()
            if labels.metric == metric
        }
        for day, found in self.rolled.items():
            if day >= oldest or resolution not in self._resolutions(day):
                continue
            for points in out.values():
                for time in [time for time in points if day <= time < day + DAY]:
                    del points[time]
            seen = {labels: one.seen(resolution, self._horizon(labels) - 1) for labels, one in found.items()}
            # With nothing left in them they may be gone, and what samples the day still has are seen.
            if day + DAY > oldest and not any(seen.values()):
                return None
            for labels, points in seen.items():
                if labels.metric == metric:
                    if not found[labels].sure and day + DAY > self._horizon(labels):
                        return None
                    out.setdefault(labels, {}).update(points)
        return out

    def _resolutions(self, day: int) -> list[int]:
        return [resolution for resolution, kept in ROLLED.items() if day + DAY > (self.now - kept) // HOUR * HOUR]

    def _is_over(self, labels: Labels, time: int) -> bool:
        """Whether a series keeps nothing of the day of a time."""
        return time - time % DAY + DAY <= self.oldest(labels)

    def _horizon(self, labels: Labels) -> int:
        """The first millisecond of which a series keeps roll-ups."""
        return self.now - OWN.get(labels.metric, max(ROLLED.values()))

    def _rolled_times(self, labels: Labels) -> list[int]:
        return [time for found in self.rolled.values() if labels in found for time in found[labels].points]


def over_time(function: str, points: Floats) -> float | None:
    """What ``<function>_over_time`` says of some samples; None without any. Staleness markers are none."""
    values = [struct.unpack("<d", struct.pack("<Q", bits))[0] for _, bits in sorted(points.items()) if bits != STALE_BITS]
    if not values:
        return None
    numbers = [value for value in values if not math.isnan(value)] or values
    answers = {
        "count": float(len(values)),
        "sum": sum(values),
        "min": min(numbers),
        "max": max(numbers),
        "first": values[0],
        "last": values[-1],
    }
    return answers[function]
