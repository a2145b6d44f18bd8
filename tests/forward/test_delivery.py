from __future__ import annotations

import pytest

from fusewatch.forward.delivery import retry_after
from fusewatch.forward.shards import Shards

#: Thu, 01 Jan 2026 00:00:00 UTC.
NEW_YEAR = 1_767_225_600_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        # in the past, or nothing to wait for: the usual wait holds
        ("Thu, 01 Jan 2026 00:00:00 GMT", None),
        ("0", None),
        # not a time
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        # longer than anyone should be left unasked
        ("9" * 400, 3_600.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3_600.0),
    ],
)
def test_a_time_to_wait_is_a_number_or_a_date(text, seconds):
    assert retry_after(text, NEW_YEAR) == seconds


def test_shards_double_while_full_loads_wait_for_the_target_and_halve_after_a_calm_time():
    shards = Shards(2, 10)
    shards.note(0.0, full=True, waited_s=0.1, cycle_s=1.0)
    assert shards.count == 2
    for _ in range(5):
        shards.note(1.0, full=True, waited_s=0.9, cycle_s=1.0)
    assert shards.count == 10
    for now in (2.0, 20.0, 31.9):
        shards.note(now, full=False, waited_s=0.0, cycle_s=1.0)
    assert shards.count == 10
    for now in (32.0, 62.0, 92.0):
        shards.note(now, full=False, waited_s=0.0, cycle_s=1.0)
    assert shards.count == 2
