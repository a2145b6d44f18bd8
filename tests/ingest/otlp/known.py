"""Series in memory, as a receiver knows them; and what a decoded request says, in words."""

from __future__ import annotations

import numpy as np

from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.known_series import Decoded
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import SeriesLimitError


class MemorySeries:
    """References in the order of learning; at most ``limit`` series."""

    def __init__(self, limit: int = 1 << 30) -> None:
        self.epoch = 0
        self.key = draw_key()
        self.limit = limit
        self.labels: list[Labels] = []
        self.refs: dict[Labels, int] = {}
        self.fingerprints = np.zeros((1 << 16, 2), np.uint64), np.zeros(1 << 16, np.uint32)
        self.remembered = 0

    def learn(self, labels: Labels) -> int:
        if labels not in self.refs:
            if len(self.refs) >= self.limit:
                raise SeriesLimitError(f"the limit of {self.limit} series is reached", 1)
            self.labels.append(labels)
            self.refs[labels] = len(self.labels)
        return self.refs[labels]

    def remember(self, low, high, ref) -> None:
        keys, refs = self.fingerprints
        mask = len(refs) - 1
        slot = int(low) & mask
        while refs[slot]:
            slot = (slot + 1) & mask
        keys[slot], refs[slot] = (low, high), ref
        self.remembered += 1

    def forget(self) -> None:
        """Ends all references, as retention does."""
        self.epoch += 1
        self.labels, self.refs = [], {}
        self.fingerprints = np.zeros((1 << 16, 2), np.uint64), np.zeros(1 << 16, np.uint32)

    def of(self, ref: int) -> Labels:
        return self.labels[ref - 1]


def floats(series: MemorySeries, decoded: Decoded) -> dict[str, list[tuple[int, float]]]:
    """Series as PromQL writes them, with (ms, value)."""
    found: dict[str, list[tuple[int, float]]] = {}
    for ref, time, value in zip(decoded.refs.tolist(), decoded.timestamps.tolist(), decoded.bits.view(np.float64).tolist(), strict=True):
        found.setdefault(str(series.of(ref)), []).append((time, value))
    return found


def histograms(series: MemorySeries, decoded: Decoded) -> dict[str, list[tuple[int, Histogram]]]:
    found: dict[str, list[tuple[int, Histogram]]] = {}
    rows = decoded.histograms
    for k, (ref, time) in enumerate(zip(rows.refs.tolist(), rows.timestamps.tolist(), strict=True)):
        body = rows.bodies[rows.offsets[k] : rows.offsets[k + 1]].tobytes()
        found.setdefault(str(series.of(ref)), []).append((time, Histogram.decode(body)))
    return found


def exemplars(series: MemorySeries, decoded: Decoded) -> list[tuple[str, int, float, dict[str, str]]]:
    rows = decoded.exemplars
    return [
        (
            str(series.of(ref)),
            time,
            value,
            dict(Labels.from_canonical(rows.labels[rows.offsets[k] : rows.offsets[k + 1]].tobytes())),
        )
        for k, (ref, time, value) in enumerate(zip(rows.refs.tolist(), rows.timestamps.tolist(), rows.values.tolist(), strict=True))
    ]
