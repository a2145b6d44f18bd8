"""Native histograms: the same histograms to every server that takes them, quantiles of their rates compared."""

from __future__ import annotations

import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import cramjam
import numpy as np

from benchmarks.ingest.bodies import field, varint
from benchmarks.query.asking import Window, agree, interleaved, line, mean, ratios, settle
from benchmarks.query.data import STEP_MS, load
from benchmarks.query.servers import running

#: Each with how far two answers may differ: Prometheus before 3 takes a straight line through a bucket, whose bounds are 9 % apart.
QUERIES = {
    "histogram_quantile(0.9, sum by (job) (rate(h_seconds[5m])))": 0.09,
    "histogram_quantile(0.5, rate(h_seconds[5m]))": 0.09,
    "sum by (job) (histogram_count(rate(h_seconds[5m])))": 1e-6,
    "sum(histogram_sum(rate(h_seconds[1h])))": 1e-6,
}
SERIES, BUCKETS, SCHEMA = 200, 24, 3
_ROWS = 500
_FLAGS = {"Prometheus": ("--enable-feature=native-histograms",)}


def _labels(series: int) -> bytes:
    pairs = {"__name__": "h_seconds", "instance": f"host-{series:05d}.example.org:9100", "job": f"job-{series % 10}"}
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in pairs.items())


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def histogram(counts: Sequence[int], total: float, moment: int) -> bytes:
    """A Histogram message: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto."""
    span = b"\x08" + _zigzag(-8) + b"\x10" + varint(len(counts))
    deltas = b"".join(_zigzag(after - before) for before, after in zip((0, *counts), counts, strict=False))
    return (
        b"\x08" + varint(sum(counts)) + _double(3, total) + b"\x20" + _zigzag(SCHEMA) + _double(5, 1e-128)
        + field(11, span) + field(12, deltas) + b"\x78" + varint(moment)
    )  # fmt: skip


def requests(*, steps: int, start_ms: int) -> Iterator[bytes]:
    """Snappy bodies: all histograms at one time, then all of them at the next; each grows in every bucket."""
    labels, random = [_labels(number) for number in range(SERIES)], np.random.default_rng(1)
    counts, totals = np.zeros((SERIES, BUCKETS), np.int64), np.zeros(SERIES)
    rows: list[bytes] = []
    for step in range(steps):
        more = random.integers(0, 5, counts.shape)
        counts += more
        totals += more.sum(axis=1) * random.random(SERIES)
        for name, of_series, total in zip(labels, counts.tolist(), totals.tolist(), strict=True):
            rows.append(field(1, name + field(4, histogram(of_series, total, start_ms + step * STEP_MS))))
            if len(rows) == _ROWS:
                yield bytes(cramjam.snappy.compress_raw(b"".join(rows)))
                rows = []
    if rows:
        yield bytes(cramjam.snappy.compress_raw(b"".join(rows)))


def compare_native(names: Sequence[str], hours: float, repetitions: int, settle_s: float) -> None:
    """Prints a line per query; a server that has no native histograms has no answer."""
    steps = int(hours * 3_600_000) // STEP_MS
    start_ms = (int(time.time() * 1000) - steps * STEP_MS) // STEP_MS * STEP_MS
    begin, measured = start_ms / 1000 + 3607.3, []
    window = Window(begin, start_ms / 1000 + hours * 3600 - 60 * repetitions, 60)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [stack.enter_context(running(name, Path(folder) / name, flags=_FLAGS.get(name, ()))) for name in names]
        load(servers, requests(steps=steps, start_ms=start_ms))
        settle(servers, settle_s)
        print(f"{f'{SERIES} native histograms of {BUCKETS} buckets, {hours:g} h':64}" + "".join(f"{name:>19}" for name in names), end="")
        print("   same as Prometheus")
        for query, tolerance in QUERIES.items():
            seconds, answers = interleaved(servers, query, window, repetitions)
            same = agree(answers["Prometheus"], answers["Fusewatch"], tolerance) if {"Prometheus", "Fusewatch"} <= seconds.keys() else None
            print(f"{line(query, names, seconds)}   {same} (to {tolerance:g})", flush=True)
            measured.append(seconds)
    print(
        f"{'geometric mean of how many times faster Fusewatch is':64}" + "".join(f"{mean(ratios(measured, name)):18.2f}x" for name in names)
    )
