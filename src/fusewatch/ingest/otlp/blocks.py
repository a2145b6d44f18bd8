"""What the decoder remembers of points that one reference does not tell: of several series, with a start time, or deltas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fusewatch.telemetry.kernels import kernel
from fusewatch.telemetry.otlp.columns import Int32s, UInt8s, UInt32s
from fusewatch.telemetry.otlp.wire import find
from fusewatch.telemetry.samples import Int64s, UInt64s

#: Blocks are forgotten and learnt anew over this number: points may come under many encodings, and no sender may fill the memory with them.
MOST_BLOCKS: Final = 1 << 22
_CAPACITY: Final = 1 << 10


@kernel
def _enter(keys: UInt64s, blocks: UInt32s, low: np.uint64, high: np.uint64, block: int) -> None:
    """Enters a block under its fingerprint, its slot last."""
    mask = np.uint64(len(blocks) - 1)
    slot = low & mask
    while blocks[slot]:
        slot = (slot + np.uint64(1)) & mask
    keys[slot, 0], keys[slot, 1] = low, high
    blocks[slot] = block


@kernel
def _copy(keys: UInt64s, blocks: UInt32s, to_keys: UInt64s, to_blocks: UInt32s) -> None:
    """Enters all of one table into another."""
    mask = np.uint64(len(to_blocks) - 1)
    for k in range(len(blocks)):
        if blocks[k]:
            slot = keys[k, 0] & mask
            while to_blocks[slot]:
                slot = (slot + np.uint64(1)) & mask
            to_keys[slot, 0], to_keys[slot, 1] = keys[k, 0], keys[k, 1]
            to_blocks[slot] = blocks[k]


@kernel
def _find(keys: UInt64s, blocks: UInt32s, low: np.uint64, high: np.uint64) -> int:
    return find(keys, blocks, low, high)


class Blocks:
    """Blocks of references by fingerprint, in arrays; see :class:`fusewatch.telemetry.otlp.columns.Known` for their meaning.

    A block of one series takes about 90 bytes, each further series 8. ``generation`` steps on when blocks end.
    """

    def __init__(self, most: int = MOST_BLOCKS) -> None:
        self._most = most
        self.generation = 0
        self.clear()

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        """Forgets all."""
        self._count, self._used = 0, 0
        self.generation += 1
        self.keys: UInt64s = np.zeros((2 * _CAPACITY, 2), np.uint64)
        self.blocks: UInt32s = np.zeros(2 * _CAPACITY, np.uint32)
        self.firsts: Int64s = np.zeros(_CAPACITY, np.int64)
        self.starts: Int64s = np.zeros(_CAPACITY, np.int64)
        self.described: UInt8s = np.zeros(_CAPACITY, np.uint8)
        self.members: UInt32s = np.zeros(_CAPACITY, np.uint32)
        self.slots: Int32s = np.full(_CAPACITY, -1, np.int32)

    def find(self, low: int, high: int) -> int:
        """The block under a fingerprint, 0 where there is none."""
        return _find(self.keys, self.blocks, np.uint64(low), np.uint64(high))

    def add(self, low: int, high: int, refs: Sequence[int], slots: Sequence[int] = ()) -> int:
        """A new block; ``slots`` are the places of its series in the delta state. Without references it has nothing to tell."""
        if self._count >= self._most:
            self.clear()
        self._make_room(len(refs))
        self._count += 1
        block, first = self._count, self._used
        self.members[first : first + len(refs)] = refs
        self.slots[first : first + len(refs)] = slots if len(slots) else -1
        self._used += len(refs)
        self.firsts[block + 1] = self._used
        _enter(self.keys, self.blocks, np.uint64(low), np.uint64(high), block)
        return block

    def _make_room(self, members: int) -> None:
        if self._count + 3 > len(self.firsts):
            for name in ("firsts", "starts", "described"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
            keys, blocks = np.zeros((2 * len(self.blocks), 2), np.uint64), np.zeros(2 * len(self.blocks), np.uint32)
            _copy(self.keys, self.blocks, keys, blocks)
            self.keys, self.blocks = keys, blocks
        while self._used + members > len(self.members):
            self.members = np.concatenate([self.members, np.zeros_like(self.members)])
            self.slots = np.concatenate([self.slots, np.full_like(self.slots, -1)])
