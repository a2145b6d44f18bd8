"""Which partitions of rows and of chunks there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fusewatch.storage.client import Handle

#: The time range of a partition of rows, in hours.
BLOCK_HOURS: Final = 2
DAY_HOURS: Final = 24
#: Levels of chunks.
SEALED: Final = 0
MERGED: Final = 1
_ROWS: Final = """
SELECT
    toUInt32(splitByChar('-', partition_id)[1]) AS block,
    toUInt32(splitByChar('-', partition_id)[2]) AS generation,
    sum(rows),
    sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'samples'
GROUP BY block, generation
ORDER BY block, generation
"""
_DAYS: Final = """
SELECT toUInt32(splitByChar('-', partition_id)[1]) AS day, toUInt32(splitByChar('-', partition_id)[2]) AS level, sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'chunks'
GROUP BY day, level
ORDER BY day, level
"""
_ROLLUPS: Final = """
SELECT toUInt32(splitByChar('-', partition_id)[1]) AS day, toUInt32(splitByChar('-', partition_id)[2]) AS seconds, sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'rollups'
GROUP BY day, seconds
ORDER BY day, seconds
"""


@dataclass(frozen=True, slots=True)
class BlockRows:
    """What ClickHouse holds of the rows of a block: start in hours since the epoch, rows, bytes on disk, its generations."""

    block: int
    rows: int
    size: int
    generations: tuple[int, ...]

    @property
    def day(self) -> int:
        """The start of its day, in hours since the epoch."""
        return day_of(self.block)


def find_blocks(handle: Handle) -> list[BlockRows]:
    """The blocks that have rows, the oldest first."""
    found: dict[int, BlockRows] = {}
    for block, generation, rows, size in handle.rows(_ROWS):
        old = found.get(int(block), BlockRows(int(block), 0, 0, ()))
        found[old.block] = BlockRows(old.block, old.rows + int(rows), old.size + int(size), (*old.generations, int(generation)))
    return list(found.values())


def day_of(block: int) -> int:
    """The start of the day of a block, both in hours since the epoch."""
    return block - block % DAY_HOURS


@dataclass(frozen=True, slots=True)
class ChunkDay:
    """What ClickHouse holds of the chunks of a day (hours since the epoch): bytes of sealed and of merged ones."""

    day: int
    sealed: int = 0
    merged: int = 0


def find_days(handle: Handle) -> list[ChunkDay]:
    """The days that have chunks, the oldest first."""
    sizes: dict[int, list[int]] = {}
    for day, level, size in handle.rows(_DAYS):
        sizes.setdefault(int(day), [0, 0])[int(level)] += int(size)
    return [ChunkDay(day, *both) for day, both in sizes.items()]


def drop_rows(handle: Handle, block: BlockRows, before: int | None = None) -> None:
    """Drops the rows of a block, or of its generations before one."""
    for generation in block.generations:
        if before is None or generation < before:
            handle.command(f"ALTER TABLE samples DROP PARTITION ID '{block.block}-{generation}'")


def drop_chunks(handle: Handle, day: int, levels: tuple[int, ...] = (SEALED, MERGED)) -> None:
    """Drops the chunks of a day."""
    for level in levels:
        handle.command(f"ALTER TABLE chunks DROP PARTITION ID '{day}-{level}'")


def find_rollups(handle: Handle) -> dict[int, dict[int, int]]:
    """The days that have roll-ups, the oldest first: bytes on disk by resolution (ms)."""
    found: dict[int, dict[int, int]] = {}
    for day, seconds, size in handle.rows(_ROLLUPS):
        found.setdefault(int(day), {})[int(seconds) * 1000] = int(size)
    return found


def drop_rollups(handle: Handle, day: int, resolution: int) -> None:
    """Drops the roll-ups of a day in one resolution (ms)."""
    handle.command(f"ALTER TABLE rollups DROP PARTITION ID '{day}-{resolution // 1000}'")
