"""Answers over steps in a row, and several of them as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fusewatch.promql.arrays import Bools
from fusewatch.promql.histograms import Histograms
from fusewatch.promql.histograms import joined as joined_pools
from fusewatch.promql.matrix import Grid
from fusewatch.promql.result import QueryResult
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Float64s

#: What a series takes beside its values.
_ROW_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class Block:
    """An answer over ``grid``, as :class:`QueryResult` has it."""

    grid: Grid
    labels: Sequence[Labels]
    values: Float64s
    present: Bools
    warnings: tuple[str, ...]
    infos: tuple[str, ...]
    histograms: Histograms | None = None

    @property
    def size(self) -> int:
        """Bytes in memory of a block without native histograms."""
        return self.values.nbytes + self.present.nbytes + len(self.labels) * _ROW_BYTES

    def within(self, start: int, end: int) -> Block | None:
        """Its steps from ``start`` to ``end`` (ms), and the series that have a sample there; None where it has no such step."""
        low = max(0, -((self.grid.start - start) // self.grid.step))
        high = min(self.grid.count, (end - self.grid.start) // self.grid.step + 1)
        if low >= high:
            return None
        if (low, high) == (0, self.grid.count):
            return self
        values, present = self.values[:, low:high], self.present[:, low:high]
        kept = np.flatnonzero(present.any(axis=1))
        labels = [self.labels[row] for row in kept.tolist()]
        grid = Grid(self.grid.start + low * self.grid.step, self.grid.step, high - low)
        histograms = None if self.histograms is None else Histograms(self.histograms.places[kept, low:high], self.histograms.pool)
        return Block(grid, labels, values[kept], present[kept], self.warnings, self.infos, histograms)


def block_of(result: QueryResult, grid: Grid) -> Block:
    """The block of an answer over ``grid``."""
    return Block(grid, result.labels, result.values, result.present, result.warnings, result.infos, result.histograms)


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks in a row as one, its series by labels as in an answer."""
    if len(blocks) == 1:
        return blocks[0]
    labels = sorted({labels for block in blocks for labels in block.labels}, key=lambda labels: labels.pairs)
    places = {one: place for place, one in enumerate(labels)}
    grid = Grid(blocks[0].grid.start, blocks[0].grid.step, sum(block.grid.count for block in blocks))
    values, present = np.zeros((len(labels), grid.count)), np.zeros((len(labels), grid.count), np.bool_)
    parts, at = [], 0
    for block in blocks:
        rows, columns = [places[one] for one in block.labels], slice(at, at + block.grid.count)
        values[rows, columns], present[rows, columns] = block.values, block.present
        parts.append((rows, columns))
        at += block.grid.count
    histograms = _joined_histograms([block.histograms for block in blocks], parts, values.shape)
    warnings = dict.fromkeys(text for block in blocks for text in block.warnings)
    infos = dict.fromkeys(text for block in blocks for text in block.infos)
    return Block(grid, labels, values, present, tuple(warnings), tuple(infos), histograms)


def _joined_histograms(
    found: Sequence[Histograms | None], parts: Sequence[tuple[list[int], slice]], shape: tuple[int, ...]
) -> Histograms | None:
    """Those of blocks, each with its rows and columns in a matrix of that shape."""
    some = [one for one in found if one is not None]
    if not some:
        return None
    places, before = np.full(shape, -1, np.int64), 0
    for one, (rows, columns) in zip(found, parts, strict=True):
        if one is not None:
            places[rows, columns] = np.where(one.places < 0, -1, one.places + before)
            before += len(one.pool.kinds)
    return Histograms(places, joined_pools([one.pool for one in some]))


def result_of(block: Block) -> QueryResult:
    """The block as an answer."""
    result = QueryResult("matrix", block.labels, block.grid.times(), block.values, block.present, histograms=block.histograms)
    return replace(result, warnings=block.warnings, infos=block.infos)
