"""The garbage collector around a start."""

from __future__ import annotations

import gc
import weakref

from fusewatch.server.garbage import hold_back, settle


class Ring:
    """Refers to itself, so that only the collector finds it unused."""

    def __init__(self):
        self.itself = self


def test_what_is_there_is_not_looked_through_again_and_the_threshold_is_the_usual_one():
    usual = gc.get_threshold()
    hold_back()
    assert gc.get_threshold()[0] > usual[0]
    gone = weakref.ref(Ring())
    frozen = gc.get_freeze_count()
    settle(collect=True)
    try:
        assert gone() is None
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold() == usual
    finally:
        gc.unfreeze()
