"""``python -m benchmarks.storage``: a day of a node_exporter's mix, sealed and merged; sizes, speeds, and reads before and after.

``--jitter 20`` scatters the scrapes of a target by so many milliseconds; its series still share their timestamps.
``python -m benchmarks.storage.node_exporter`` takes what a real one sends, and puts the peers' sizes beside ours.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

from benchmarks.storage.day import DAY, STEP_MS, STEPS, commit, merge, open_store, seal, sizes
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget
from fusewatch.telemetry.samples import SampleBatch

TARGETS = 20
#: Shares of what node_exporter sends, after its values.
KINDS = {"constant": 0.35, "counter": 0.3, "bytes gauge": 0.2, "two decimals": 0.1, "noise": 0.05}


def labels_of(series: int) -> Labels:
    return Labels({"__name__": f"node_metric_{series // TARGETS}", "instance": f"host-{series % TARGETS:03d}:9100", "job": "node"})


def values_of(kind: str, random: np.random.Generator) -> np.ndarray:
    """A day of values (STEPS) float64."""
    start = float(random.integers(0, 1_000_000))
    match kind:
        case "constant":
            return np.full(STEPS, start)
        case "counter":
            return start + np.cumsum(random.poisson(random.integers(1, 300), STEPS))
        case "bytes gauge":
            return start + 4096.0 * np.cumsum(random.integers(-50, 50, STEPS))
        case "two decimals":
            return np.round(start / 1000 + np.cumsum(random.normal(0, 1, STEPS)), 2)
        case _:
            return random.normal(0, 1, STEPS)


def fill(store: MetricStore, series: int, jitter: int) -> None:
    """Writes the day, an hour of all series at a time."""
    random = np.random.default_rng(1)
    kinds = random.choice(list(KINDS), series, p=list(KINDS.values()))
    values = np.stack([values_of(kind, random) for kind in kinds])
    offsets = random.integers(0, STEP_MS - jitter, TARGETS)
    times = DAY * 3_600_000 + STEP_MS * np.arange(STEPS) + offsets[:, None] + random.integers(0, jitter + 1, (TARGETS, STEPS))
    known = {labels.id: labels for labels in map(labels_of, range(series))}
    ids, targets, hour = np.array(list(known), np.uint64), np.arange(series) % TARGETS, STEPS // 24
    for first in range(0, STEPS, hour):
        part = slice(first, first + hour)
        batch = SampleBatch(np.repeat(ids, hour), times[targets, part].ravel(), values[:, part].ravel(), known)
        asyncio.run(store.write(batch))
        commit(store)


def read(store: MetricStore, what: str, *matchers: Matcher, repetitions: int = 5) -> None:
    """Prints the median time of reads of the whole day, on the clock and of processors: the latter is the same on a busy machine."""
    seconds, busy = [], []
    for _ in range(repetitions):
        begun, used = time.perf_counter(), time.process_time()
        found = store.fetch(matchers, 0, 1 << 60, Budget(max_samples=1 << 40))
        seconds.append(time.perf_counter() - begun)
        busy.append(time.process_time() - used)
    middle, work, samples = statistics.median(seconds), statistics.median(busy), len(found.timestamps)
    print(f"  read {what:24} {middle * 1000:8.1f} ms, {work * 1000:8.1f} of processors   {samples / work / 1e6:8.1f} M samples/s of those")


def reads(store: MetricStore, series: int) -> None:
    read(store, "everything")
    read(store, f"one metric, {TARGETS} series", Matcher("__name__", MatchOp.EQUAL, "node_metric_0"))
    read(store, "one series", *(Matcher(name, MatchOp.EQUAL, value) for name, value in labels_of(series // 2).items()))


@contextmanager
def asking(store: MetricStore, series: int) -> Iterator[None]:
    """Reads one series after the other meanwhile, and prints how long that takes."""
    over, seconds = threading.Event(), list[float]()
    random = np.random.default_rng(2)

    def ask() -> None:
        while not over.is_set():
            wanted = labels_of(int(random.integers(0, series)))
            begun = time.perf_counter()
            store.fetch([Matcher(name, MatchOp.EQUAL, value) for name, value in wanted.items()], 0, 1 << 60, Budget())
            seconds.append(time.perf_counter() - begun)
            over.wait(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        late = np.percentile(np.array(seconds) * 1000, [50, 99, 100])
        print(f"  one series beside it: p50 {late[0]:.0f} ms, p99 {late[1]:.0f} ms, longest {late[2]:.0f} ms")


def report(what: str, store: MetricStore, table: str, samples: int, seconds: float) -> None:
    disk, values, times = (size / samples for size in sizes(store, table))
    parts = f" (values {values:.3f}, timestamps {times:.4f})" if table != "samples" else ""
    print(f"{what:10} {samples / seconds / 1e6:6.2f} M samples/s of a processor   {disk:6.3f} bytes a sample on disk{parts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--quiet", action="store_true", help="no reads beside sealing and merging, for their speed alone")
    parser.add_argument("--jitter", type=int, default=0, metavar="MS")
    options = parser.parse_args()
    samples = options.series * STEPS
    MetricStore.warm()
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "data") as store:
        begun = time.process_time()
        fill(store, options.series, options.jitter)
        report("written", store, "samples", samples, time.process_time() - begun)
        reads(store, options.series)
        begun = time.process_time()
        with nullcontext() if options.quiet else asking(store, options.series):
            seal(store)
            seconds = time.process_time() - begun
        report("sealed", store, "chunks", samples, seconds)
        reads(store, options.series)
        begun = time.process_time()
        with nullcontext() if options.quiet else asking(store, options.series):
            merge(store)
            seconds = time.process_time() - begun
        report("merged", store, "chunks", samples, seconds)
        reads(store, options.series)


if __name__ == "__main__":
    main()
