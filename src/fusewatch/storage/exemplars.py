"""Reads exemplars: of the head and of ClickHouse as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from fusewatch.storage.catalog import Catalog, Selection
from fusewatch.storage.client import ClientPool
from fusewatch.storage.follower import LogFollower
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.series_kernels import HOUR_MS
from fusewatch.telemetry.exemplars import Exemplar
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher
from fusewatch.telemetry.ports import Budget, LimitExceededError

#: More than this nobody looks at; a graph shows some hundreds.
MOST_EXEMPLARS: Final = 50_000
_ROWS: Final = """
SELECT id, timestamp, value, labels
FROM exemplars FINAL
WHERE metric IN {metrics:Array(UInt64)}
  AND timestamp BETWEEN {start:Int64} AND {end:Int64}
  AND day BETWEEN {first:UInt32} AND {last:UInt32}
LIMIT {limit:UInt64}
"""


class ExemplarStore:
    """Thread-safe; blocks. ``oldest`` says where the retention begins (ms)."""

    def __init__(self, *, follower: LogFollower, pool: ClientPool, catalog: Catalog, oldest: Callable[[], int]) -> None:
        self._follower = follower
        self._pool = pool
        self._catalog = catalog
        self._oldest = oldest

    def exemplars(
        self, selectors: Sequence[Sequence[Matcher]], start: int, end: int, budget: Budget
    ) -> list[tuple[Labels, list[Exemplar]]]:
        """See :meth:`fusewatch.telemetry.ports.SeriesReader.exemplars`."""
        start = max(start, self._oldest())
        series: dict[int, Labels] = {}
        found: dict[int, dict[tuple[int, bytes], float]] = {}
        for matchers in selectors:
            selection = self._catalog.select(matchers, start, end, budget)
            series |= dict(zip(selection.ids.tolist(), selection.labels, strict=True))
            if len(selection) and start <= end:
                self._add(selection, start, end, found)
        listed = sorted(((series[one], rows) for one, rows in found.items()), key=lambda pair: pair[0].canonical)
        return [
            (labels, [Exemplar(time, value, Labels.from_canonical(text)) for (time, text), value in sorted(rows.items())])
            for labels, rows in listed
        ]

    def _add(self, selection: Selection, start: int, end: int, found: dict[int, dict[tuple[int, bytes], float]]) -> None:
        views, wanted = self._follower.view(), set(selection.ids.tolist())
        parameters = {
            "metrics": np.unique(selection.metrics).tolist(),
            "start": start,
            "end": end,
            "first": _day(start),
            "last": _day(end),
            "limit": MOST_EXEMPLARS + 1,
        }
        with self._pool.handle() as handle:
            blocks = list(handle.blocks(_ROWS, parameters))
        if sum(len(block["id"]) for block in blocks) > MOST_EXEMPLARS:
            raise LimitExceededError(f"the query would load more than {MOST_EXEMPLARS} exemplars: ask for a shorter time or fewer series")
        rows = [
            row
            for block in blocks
            for row in zip(block["id"].tolist(), block["timestamp"].tolist(), block["value"].tolist(), block["labels"], strict=True)
        ]
        rows += [
            (int(part.ids[k]), int(part.timestamps[k]), float(part.values[k]), part.labels[part.offsets[k] : part.offsets[k + 1]].tobytes())
            for view in views
            for part in view.exemplars
            for k in np.flatnonzero((part.timestamps >= start) & (part.timestamps <= end)).tolist()
        ]
        for one, time, value, text in rows:
            if one in wanted:
                found.setdefault(one, {})[time, text] = value


def _day(timestamp: int) -> int:
    hour = min(max(timestamp // HOUR_MS, 0), (1 << 32) - 1)
    return hour - hour % DAY_HOURS
