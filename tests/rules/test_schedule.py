"""Groups are evaluated at moments one interval apart, whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusewatch.rules.schedule import Schedule

NOW = 1_800_000_000_000
MINUTE = 60_000


def test_moments_lie_one_interval_apart_and_differ_between_groups() -> None:
    one, other = Schedule("a;one", MINUTE), Schedule("a;other", MINUTE)
    assert one.slot_before(NOW) <= NOW < one.slot_before(NOW) + MINUTE
    assert one.slot_before(NOW) != other.slot_before(NOW)
    assert one.slot_before(NOW + MINUTE) == one.slot_before(NOW) + MINUTE


def test_the_next_moment_is_waited_for() -> None:
    schedule = Schedule("group", MINUTE)
    wait = schedule.wait_ms(NOW)
    assert 0 < wait <= MINUTE
    assert schedule.wait_ms(NOW + wait) == 0
    assert (schedule.turn(NOW + wait).at, schedule.turn(NOW + wait).missed) == (NOW + wait, 0)


def test_a_machine_that_slept_evaluates_once_and_counts_what_it_missed() -> None:
    schedule = Schedule("group", MINUTE)
    first = NOW + schedule.wait_ms(NOW)
    schedule.turn(first)
    turn = schedule.turn(first + 120 * MINUTE + 5_000)
    assert (turn.at, turn.missed) == (first + 120 * MINUTE, 119)


def test_a_clock_that_is_set_back_begins_anew() -> None:
    schedule = Schedule("group", MINUTE)
    schedule.turn(NOW + schedule.wait_ms(NOW))
    hour_before = NOW - 60 * MINUTE
    assert 0 < schedule.wait_ms(hour_before) <= MINUTE


@given(st.integers(1, 10**7), st.lists(st.integers(-(10**7), 10**7), max_size=30))
def test_waits_are_never_longer_than_two_intervals_and_moments_never_lie_ahead(interval: int, jumps: list[int]) -> None:
    schedule, now = Schedule("group", interval), NOW
    for jump in jumps:
        now += jump
        wait = schedule.wait_ms(now)
        assert 0 <= wait <= 2 * interval
        now += wait
        if schedule.wait_ms(now) == 0:
            turn = schedule.turn(now)
            assert now - interval < turn.at <= now
            assert turn.missed >= 0
