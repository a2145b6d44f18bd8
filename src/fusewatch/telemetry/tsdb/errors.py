"""What can be wrong with a block.

BlockError
├── NotABlockError   the folder holds no block
└── DamagedError     a file of the block is not what it should be, at a known place
"""

from __future__ import annotations

from pathlib import Path


class BlockError(ValueError):
    """A block can't be read."""


class NotABlockError(BlockError):
    """The folder holds no block."""


class DamagedError(BlockError):
    """A file is damaged; ``offset`` in bytes says where."""

    def __init__(self, path: Path, offset: int, reason: str) -> None:
        super().__init__(f"{path} is damaged at offset {offset}: {reason}")
        self.path = path
        self.offset = offset
