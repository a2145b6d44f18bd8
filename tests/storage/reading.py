"""What the tests ask a store."""

from __future__ import annotations

import numpy as np

from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget

FOREVER = (-(1 << 60), 1 << 60)


def matcher(text: str) -> Matcher:
    """A matcher from ``name=value``, with any of the four operators."""
    for op in (MatchOp.NOT_REGEX, MatchOp.REGEX, MatchOp.NOT_EQUAL, MatchOp.EQUAL):
        name, found, value = text.partition(op.value)
        if found:
            return Matcher(name, op, value)
    raise ValueError(text)


def read(store: MetricStore, *matchers: str, start: int = FOREVER[0], end: int = FOREVER[1]) -> dict[Labels, dict[int, float]]:
    """The samples as series -> timestamp -> value; a timestamp that comes twice fails."""
    found = store.fetch([matcher(text) for text in matchers], start, end, Budget())
    out: dict[Labels, dict[int, float]] = {}
    for k, labels in enumerate(found.labels):
        rows = slice(found.offsets[k], found.offsets[k + 1])
        timestamps = found.timestamps[rows]
        assert (np.diff(timestamps) > 0).all()
        out[labels] = dict(zip(timestamps.tolist(), found.values[rows].tolist(), strict=True))
    assert [labels.canonical for labels in out] == sorted(labels.canonical for labels in out)
    return out


def bits(value: float) -> int:
    """A value's bits."""
    return int(np.float64(value).view(np.uint64))
