"""``python -m benchmarks.rollups``: weeks of a node_exporter's mix asked for hour by hour, from samples and from roll-ups; their sizes.

``--series 100 --days 365`` is the other load to look at. Every repetition begins an hour later.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.storage.__main__ import KINDS, TARGETS, values_of
from benchmarks.storage.day import STEP_MS, STEPS, NextDay
from fusewatch.promql.engine import Engine, QueryLimits, QueryOptions
from fusewatch.promql.rollups import RollupUse
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.partitions import DAY_HOURS
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import SampleBatch

HOUR = 3_600_000
#: A Monday, 00:00 UTC, in hours since the epoch.
FIRST = 1_790_553_600_000 // HOUR
QUERIES = (
    "sum(rate({0}[1h]))",
    "sum(rate({0}[10m]))",
    "avg(avg_over_time({0}[1h]))",
    "max(max_over_time({0}[1d]))",
    "sum by (instance) ({0})",
)
SIZES = """
SELECT table, splitByChar('-', partition_id)[2] AS part, sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('chunks', 'rollups')
GROUP BY table, part
ORDER BY table, part
"""


def labels_of(series: int) -> Labels:
    """One metric, so that one query is about all of it."""
    return Labels({"__name__": "node_total", "n": str(series // TARGETS), "instance": f"host-{series % TARGETS:03d}:9100", "job": "node"})


def fill(store: MetricStore, series: int, days: int) -> float:
    """Writes and merges a day after the other; the seconds that the merges took."""
    random = np.random.default_rng(1)
    kinds = random.choice(list(KINDS), series, p=list(KINDS.values()))
    known = {labels.id: labels for labels in map(labels_of, range(series))}
    ids, offsets = np.array(list(known), np.uint64), random.integers(0, STEP_MS, series)
    seconds = 0.0
    for day in range(FIRST, FIRST + days * DAY_HOURS, DAY_HOURS):
        times = day * HOUR + STEP_MS * np.arange(STEPS) + offsets[:, None]
        for rows in np.array_split(np.arange(series), max(1, series // 50)):
            values = np.stack([values_of(kinds[row], random) for row in rows])
            asyncio.run(store.write(SampleBatch(np.repeat(ids[rows], STEPS), times[rows].ravel(), values.ravel(), known)))
            store._parts.committer.commit_all()  # noqa: SLF001
        begun = time.perf_counter()
        store._sealer.merge_day(day)  # noqa: SLF001
        seconds += time.perf_counter() - begun
    return seconds


def ask(engine: Engine, query: str, days: int, use: RollupUse, repetitions: int) -> tuple[float, int, str]:
    """The median seconds, the rows read, and what the answer says."""
    seconds = []
    for repetition in range(repetitions):
        start, end = (FIRST + 24 + repetition) * HOUR, (FIRST + (days - 1) * 24 + repetition) * HOUR
        begun = time.perf_counter()
        found = engine.range(query, start, end, HOUR, options=QueryOptions(rollups=use))
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), found.statistics.samples, "; ".join(info for info in found.infos if "roll-ups" in info)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    MetricStore.warm()
    Engine.warm()
    with tempfile.TemporaryDirectory() as folder:
        settings = StorageSettings.model_validate({"retention": {"metrics": 0, "rollups_5m": 0, "rollups_1h": 0}})
        store = MetricStore.open(settings, Path(folder) / "data", clock=NextDay((FIRST + 24 * options.days + 6) * HOUR))
        seconds, series_days = fill(store, options.series, options.days), options.series * options.days
        print(f"merged     {series_days * STEPS / seconds / 1e6:.2f} M samples/s, seals included")
        with store._parts.pool.handle() as handle:  # noqa: SLF001
            for table, part, size in handle.rows(SIZES):
                print(f"{table:10} {part:>5}   {size / series_days:9.0f} bytes a series and day")
        engine = Engine(store, QueryLimits(max_samples=1 << 40))
        for template in QUERIES:
            query = template.replace("{0}", 'node_total{job="node"}')
            raw, samples, _ = ask(engine, query, options.days, RollupUse.NEVER, options.repetitions)
            rolled, windows, infos = ask(engine, query, options.days, RollupUse.EXACT, options.repetitions)
            print(f"{query:52} samples {raw * 1000:8.0f} ms ({samples:>11,})   roll-ups {rolled * 1000:7.0f} ms ({windows:>9,})", end="")
            print(f"   {raw / rolled:5.1f}x   {infos}")
        store.close()


if __name__ == "__main__":
    main()
