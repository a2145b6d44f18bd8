"""The garbage collector, kept from looking again and again through what a start makes and a server keeps."""

from __future__ import annotations

import gc
from typing import Final

_USUAL: Final = gc.get_threshold()
#: New objects before the collector looks. A start makes a quarter of a million, of which it drops a few hundred.
_WHILE_STARTING: Final = 100_000


def hold_back() -> None:
    """Until :func:`settle`; saves each process 0.3 s of its start."""
    gc.set_threshold(_WHILE_STARTING)


def settle(*, collect: bool) -> None:
    """Takes what is there for good out of the collector's sight: a full collection would hold everything for 0.2 s and more.

    ``collect``: garbage goes first, which takes as long; worth it where there is some.
    """
    if collect:
        gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)
