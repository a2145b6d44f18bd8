from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fusewatch.collect.scrape.schedule import Schedule

times = st.integers(1_600_000_000_000, 1_900_000_000_000)


@given(times, st.integers(100, 3_600_000), st.binary(min_size=1))
def test_due_times_are_regular_and_in_the_future(now, interval, key):
    schedule = Schedule.spread(interval, key)
    due = schedule.after(now)
    assert now < due <= now + interval
    assert due % interval == schedule.offset
    assert schedule.after(due, due) == due + interval


@given(times, st.integers(100, 3_600_000), st.integers(1, 20))
def test_waking_a_moment_early_does_not_scrape_twice(now, interval, early):
    schedule = Schedule(interval, 0)
    due = schedule.after(now)
    assert schedule.after(due - early, due) == due + interval


def test_targets_share_the_interval_evenly():
    offsets = [Schedule.spread(10_000, f"target {number}".encode()).offset for number in range(1_000)]
    parts = [sum(part * 1_000 <= offset < (part + 1) * 1_000 for offset in offsets) for part in range(10)]
    assert min(parts) > 60


def test_a_scrape_that_began_in_time_has_the_due_timestamp():
    schedule = Schedule(15_000, 0)
    assert schedule.timestamp(30_000, 30_019) == 30_000
    assert schedule.timestamp(30_000, 30_500) == 30_500
