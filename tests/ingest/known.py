"""The series of a receiver, in dicts."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SeriesLimitError


class KnownInMemory:
    """KnownSeries as plainly as can be; at most ``limit`` series. ``learned`` counts how often a label set was asked for."""

    def __init__(self, limit=1 << 20, slots=1 << 12):
        self.epoch = 0
        self.key = draw_key()
        self.limit = limit
        self.fingerprints = (np.zeros((slots, 2), np.uint64), np.zeros(slots, np.uint32))
        self.refs = {}
        self.learned = 0
        self._seen = set()

    def learn(self, labels):
        self.learned += 1
        if labels not in self.refs and len(self.refs) >= self.limit:
            raise SeriesLimitError(f"the limit of {self.limit} series is reached, new series {labels} refused", 1)
        return self.refs.setdefault(labels, len(self.refs) + 1)

    def learn_many(self, blob, offsets):
        refs, first = np.zeros(len(offsets) - 1, np.uint32), None
        for k in range(len(refs)):
            canonical = blob[offsets[k] : offsets[k + 1]].tobytes()
            labels = Labels.from_canonical(canonical)
            assert labels.canonical == canonical
            try:
                refs[k] = self.learn(labels)
            except SeriesLimitError as error:
                first = first or error
        return refs, first

    def remember(self, low, high, ref):
        if (int(low), int(high)) in self._seen or not ref:
            return
        self._seen.add((int(low), int(high)))
        keys, refs = self.fingerprints
        assert len(self._seen) < len(refs)
        slot = int(low) & (len(refs) - 1)
        while refs[slot]:
            slot = (slot + 1) & (len(refs) - 1)
        keys[slot], refs[slot] = (low, high), ref

    def remember_many(self, lows, highs, refs):
        for low, high, ref in zip(lows, highs, refs.tolist(), strict=True):
            self.remember(low, high, ref)

    def labels_of(self, ref):
        return next(labels for labels, number in self.refs.items() if number == ref)
