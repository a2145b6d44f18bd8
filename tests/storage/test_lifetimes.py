from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, read
from tests.storage.rolled import both, points
from tests.storage.test_sealing import MONDAY, stored

from fusewatch.storage.config import RetentionSettings, StorageSettings
from fusewatch.storage.lifetimes import Lifetimes
from fusewatch.telemetry.labels import Labels

UP, DEBUG, SLO = (Labels({"__name__": name}) for name in ("up", "debug_cache_hits", "slo:errors"))
SETTINGS = {"metrics": "2d", "rollups_5m": "2d", "rollups_1h": "2d", "per_metric": {"debug_.*": "1d", "slo:errors": "5d"}}


def test_the_first_pattern_that_the_whole_name_matches_counts() -> None:
    settings = RetentionSettings.model_validate({"metrics": "30d", "per_metric": {"a.*": "1d", "ab": "2d", "b": 0}})
    lifetimes = Lifetimes(settings, ManualClock())
    assert [lifetimes.of(name) // DAY for name in ("a", "ab", "ba", "b", "")] == [1, 1, 30, 0, 30]
    assert lifetimes.oldest() < 0


def test_a_pattern_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"error parsing regexp"):
        StorageSettings.model_validate({"retention": {"per_metric": {"a(": "1d"}}})


@pytest.mark.parametrize("sealed", [False, True])
def test_each_metric_is_shown_for_as_long_as_it_is_kept_and_then_removed(open_store: OpenStore, clock: ManualClock, sealed: bool) -> None:
    store = open_store(retention=SETTINGS)
    write(store, {labels: {NOW: 1.0, NOW + 60_000: 2.0} for labels in (UP, DEBUG, SLO)})
    commit(store)
    if sealed:
        store._sealer.merge_day(MONDAY)
    both, second = {NOW: 1.0, NOW + 60_000: 2.0}, {NOW + 60_000: 2.0}
    for age, expected in (
        (DAY, {UP: both, DEBUG: both, SLO: both}),
        (DAY + 30_000, {UP: both, DEBUG: second, SLO: both}),
        (DAY + 2 * HOUR, {UP: both, SLO: both}),
        (2 * DAY + 30_000, {UP: second, SLO: both}),
        (5 * DAY, {SLO: both}),
        (5 * DAY + 60_001, {}),
    ):
        clock.now = NOW + age
        store._retention.apply()
        assert read(store) == expected
    assert store.series([], *FOREVER, 0) == [SLO]  # an hour is not over as long as anything of it is kept


def test_a_day_is_rewritten_without_the_metrics_that_are_over(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(retention=SETTINGS)
    write(store, {labels: {NOW: 1.0} for labels in (UP, DEBUG, SLO)})
    commit(store)
    store._sealer.seal_block(MONDAY)
    for days, left in ((1, 3), (2, 2), (3, 1), (5, 1), (6, 0)):
        clock.now = NOW + days * DAY
        for _ in range(2):
            store._retention.apply()
            assert stored(store, "chunks") == left


@pytest.mark.parametrize("past", [0, 1, HOUR // 2, HOUR - 1, HOUR])
def test_a_sample_is_not_lost_with_the_roll_up_that_reaches_back_beyond_its_lifetime(
    open_store: OpenStore, clock: ManualClock, past: int
) -> None:
    own, midnight = Labels({"__name__": "own"}), NOW - NOW % DAY
    store = open_store(retention={"metrics": "30d", "per_metric": {"own": "5d"}})
    clock.now = midnight + HOUR
    write(store, {own: {midnight - 5 * HOUR: 1.0, midnight: 1.0, midnight + HOUR: 1.0}})
    commit(store)
    for day in (midnight - DAY, midnight):
        store._sealer.merge_day(day // HOUR)
    clock.now = midnight - past + 5 * DAY  # the sample of midnight is kept, what was so much before it is not
    rolled, raw = both(store, "count_over_time(own[3h])", midnight - DAY, midnight + 6 * HOUR, HOUR)
    assert points(rolled) == points(raw) == {"{}": {midnight + k * HOUR: value for k, value in enumerate((1, 2, 2, 1))}}
