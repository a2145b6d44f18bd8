"""Numbers in words, by the examples of Prometheus' own tests."""

from __future__ import annotations

import math

import pytest

from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.humanize import humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp
from fusewatch.templates.moments import Duration


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"), (1.0, "1"), (1234567.0, "1.235M"), (0.12, "120m"), (-1e3, "-1k"), (math.inf, "+Inf"), (math.nan, "NaN"),
        (1e30, "1e+06Y"), (1e-30, "1e-06y"), ("0.12", "120m"), (5, "5"), (999.9999, "1000"),
    ],
)  # fmt: skip
def test_humanize(value: object, shown: str) -> None:
    assert humanize(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (1048576.0, "1Mi"), (0.12, "0.12"), (1e12, "931.3Gi"), (1.0, "1"), (-2048.0, "-2ki")]
)
def test_humanize_1024(value: float, shown: str) -> None:
    assert humanize_1024(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0s"), (1.0, "1s"), (60.0, "1m 0s"), (3600.0, "1h 0m 0s"), (86400.0, "1d 0h 0m 0s"), (86400.0 + 3600 + 61, "1d 1h 1m 1s"),
        (-86461.0, "-1d 0h 1m 1s"), (0.1, "100ms"), (0.0001, "100us"), (0.12345, "123.5ms"), (899.99, "14m 59s"), (59.9999, "60s"),
        (math.nan, "NaN"), (Duration(90_000_000_000), "1m 30s"),
    ],
)  # fmt: skip
def test_humanize_duration(value: object, shown: str) -> None:
    assert humanize_duration(value) == shown


def test_humanize_percentage() -> None:
    assert [humanize_percentage(value) for value in (-0.22222, 0.0, 0.1234567, 1.23456)] == ["-22.22%", "0%", "12.35%", "123.5%"]


def test_humanize_timestamp() -> None:
    assert humanize_timestamp(1435065584.128) == "2015-06-23 13:19:44.128 +0000 UTC"
    assert humanize_timestamp("1435065584.128") == "2015-06-23 13:19:44.128 +0000 UTC"
    assert humanize_timestamp(math.inf) == "+Inf"
    with pytest.raises(TemplateRunError, match="overflows int64"):
        humanize_timestamp(1e19)


@pytest.mark.parametrize("value", ["abc", "", " 1", None, True, ["a"], {}])
def test_what_is_no_number_is_named(value: object) -> None:
    with pytest.raises(TemplateRunError):
        humanize(value)
