"""Rows that wait for their insert hold nothing of the samples that they were made of, which are hundreds of times as large."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fusewatch.storage.chunk_writer import ChunkWriter, SortedSamples, Target
from fusewatch.storage.client import ClientPool
from fusewatch.storage.partitions import MERGED
from fusewatch.storage.rollup_writer import RolledSeries, RollupWriter

DAY = 494_400
SERIES, SAMPLES, SLICES = 4, 50_000, 20


def part(number: int) -> SortedSamples:
    """Some series of constants, a sample a second."""
    ids = np.repeat(np.arange(SERIES, dtype=np.uint64) + np.uint64(SERIES * number), SAMPLES)
    times = np.tile(DAY * 3_600_000 + 1000 * np.arange(SAMPLES), SERIES)
    return SortedSamples(np.ones(len(ids), np.uint64), ids, times, np.zeros(len(ids), np.uint64))


@pytest.fixture
def pool(open_store) -> ClientPool:
    return open_store()._parts.pool


def held_after(add) -> int:
    """Bytes that are held when all parts were added."""
    add(part(0))
    tracemalloc.start()
    for number in range(1, SLICES):
        add(part(number))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


def test_chunks_that_wait_are_small(pool):
    writer = ChunkWriter(pool, Target("chunks_staging", DAY, MERGED, 1))
    assert held_after(writer.add) < SERIES * SAMPLES * 8
    assert writer.samples == SERIES * SAMPLES * SLICES


def test_roll_ups_that_wait_are_small(pool):
    writer = RollupWriter(pool, DAY, 3_600_000, 1)
    assert held_after(lambda samples: writer.add(RolledSeries.of(samples, 3_600_000))) < SERIES * SAMPLES * 8
    assert writer.rows == SERIES * SLICES
