from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusewatch.telemetry.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("500ms", 500),
        ("15s", 15_000),
        ("1h30m", 5_400_000),
        ("2m5s7ms", 125_007),
        ("1d", 86_400_000),
        ("1w", 604_800_000),
        ("1y2w3d4h5m6s7ms", 33_019_506_007),
    ],
)
def test_durations_read_as_prometheus_reads_them(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "1", "1.5h", "-5m", "5m1h", "1m1m", "abc", "1 h", "5M", "999999999y"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(0, 9 * 10**12))
def test_what_is_printed_reads_back(milliseconds):
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0s"), (691_200_000, "8d"), (604_800_000, "1w"), (5_400_000, "1h30m"), (-1000, "-1s")]
)
def test_durations_print_as_prometheus_prints_them(milliseconds, text):
    assert format_duration(milliseconds) == text
