"""Memory of large arrays that is used again."""

from __future__ import annotations

import threading

import numpy as np

from fusewatch.storage.spare_memory import SpareMemory

LARGE = 1 << 20  # float64: 8 MB


def place(array):
    return array.__array_interface__["data"][0]


def test_what_nobody_holds_any_more_is_handed_out_again():
    memory = SpareMemory(1 << 30)
    first = memory.empty(LARGE, np.float64)
    first[:] = 1.0
    at = place(first)
    del first
    assert memory.size >= 8 * LARGE
    again = memory.empty(LARGE - 1000, np.int64)
    assert (place(again), len(again), again.dtype) == (at, LARGE - 1000, np.int64)
    assert memory.size == 0


def test_what_a_part_is_held_of_is_not():
    memory = SpareMemory(1 << 30)
    whole = memory.empty(LARGE, np.float64)
    at, part = place(whole), whole[5:10].view(np.uint64)
    del whole
    assert memory.size == 0
    other = memory.empty(LARGE, np.float64)
    assert place(other) != at
    del part
    assert memory.size > 0


def test_a_block_is_for_what_is_about_as_large():
    memory = SpareMemory(1 << 30)
    at = place(memory.empty(4 * LARGE, np.float64))
    assert place(memory.empty(LARGE, np.float64)) != at
    assert place(memory.empty(3 * LARGE, np.float64)) == at


def test_not_more_is_kept_than_may_be_and_small_ones_not_at_all():
    memory = SpareMemory(20 << 20)
    held = [memory.empty(LARGE, np.float64) for _ in range(4)]
    del held
    memory.tidy()
    assert 0 < memory.size <= 20 << 20
    assert len(memory.empty(100 * LARGE, np.float64)) == 100 * LARGE
    few = SpareMemory(1 << 30)
    few.empty(100, np.float64)
    assert few.size == 0


def test_what_rests_goes_back():
    memory = SpareMemory(1 << 30, rest_s=0.0)
    memory.empty(LARGE, np.float64)
    memory.tidy()
    memory.tidy()
    assert memory.size == 0


def test_threads_never_share_an_array():
    memory, wrong = SpareMemory(1 << 30), []

    def work(number):
        for _ in range(30):
            array = memory.empty(LARGE, np.int64)
            array[:] = number
            if (array != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
