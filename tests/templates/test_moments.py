"""Times and durations as Go shows them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.moments import Duration, Moment, zone_named


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (2_000_000, "2ms"),
        (1_100_000_000, "1.1s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (-90_000_000_000, "-1m30s"),
        (360_000_000_000_001, "100h0m0.000000001s"),
    ],
)
def test_durations(ns: int, shown: str) -> None:
    assert str(Duration(ns)) == shown


def test_a_zone_shifts_what_is_shown_and_daylight_saving_is_known() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = Moment.of_ms(1_774_745_999_000, berlin), Moment.of_ms(1_774_746_000_000, berlin)
    assert before.format("15:04:05 MST -07:00") == "01:59:59 CET +01:00"
    assert after.format("15:04:05 MST Z0700") == "03:00:00 CEST +0200"


def test_a_time_beyond_the_calendar_is_an_error_of_the_template() -> None:
    with pytest.raises(TemplateRunError, match="no time between"):
        Moment(1 << 70).format("2006")


def test_an_unknown_zone_is_named() -> None:
    for name in ("Mars/Phobos", "../etc/passwd", "/etc/passwd"):
        with pytest.raises(TemplateRunError, match="unknown time zone"):
            zone_named(name)
