"""Runs every kernel of sealed samples once, on next to nothing."""

from __future__ import annotations

import io

import numpy as np

from fusewatch.storage.chunk_decoding import Decoder, Recent, Samples, Wanted
from fusewatch.storage.chunk_kernels import copy_parts
from fusewatch.storage.chunk_rows import ChunkRows, TimePool
from fusewatch.storage.chunk_writer import MOST_SAMPLES
from fusewatch.storage.native import Column, encode_block, read_blocks
from fusewatch.storage.seal_kernels import cut_chunks
from fusewatch.storage.sealing import last_writes
from fusewatch.storage.tombstones import Tombstones


def warm_chunks() -> None:
    """Compiles them, or loads what an earlier process compiled."""
    # As ClickHouse's answers are: arrays that can't be written.
    (read,) = read_blocks(io.BytesIO(b"".join(encode_block([Column("x", "String", ["a"])]))))
    one, time = np.ones(1, np.uint64), np.zeros(1, np.int64)
    dead = Tombstones(one, one, one, time, time, one)
    samples = last_writes((one, one, time, one, one), dead.with_others(dead))
    samples = last_writes((one, one, time, one, one), Tombstones.none())
    cut_chunks(
        samples.ids, samples.times, samples.bits, MOST_SAMPLES, (np.empty(2, np.int64), np.empty(1, np.int64), np.empty(1, np.uint8))
    )
    numbers = {name: np.zeros(2, np.int64) for name in ("first", "last", "step")} | {"count": np.ones(2, np.int64)}
    numbers |= {name: np.zeros(2, np.uint64) for name in ("metric", "id", "times", "bits", "seq")}
    chunks = ChunkRows.of([{**numbers, "coding": np.zeros(2, np.uint8), "data": [*read["x"]] * 2}])
    recent = Recent(Samples(np.array([0, 1]), time, one), one)
    wanted = Wanted((0, 1), np.zeros(1, np.int64), recent, dead.by_series(one), lambda _: None)
    pool = TimePool(np.zeros(1, np.uint64), np.array([0, 1]), time)
    found = Decoder().decode(chunks, np.zeros(2, np.int64), pool, wanted)
    copy_parts(
        (np.zeros(1, np.int64), found.offsets, found.times, found.bits),
        np.zeros(2, np.int64),
        np.empty(2, np.int64),
        np.empty(2, np.uint64),
    )
