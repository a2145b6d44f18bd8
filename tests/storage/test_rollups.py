"""Roll-ups answer what samples would, are made anew with their day, and outlive its samples."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write
from tests.storage.reading import FOREVER, matcher, read
from tests.storage.rolled import FUNCTIONS, MINUTE, SERIES, assert_same, both, points, used, write_day
from tests.storage.test_sealing import MONDAY, stored, write_bits

from fusewatch.promql.engine import Engine, QueryOptions
from fusewatch.promql.rollups import RollupUse
from fusewatch.storage.client import Handle
from fusewatch.storage.config import StorageSettings
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import Budget

RETENTION = {"metrics": "10d", "rollups_5m": "20d", "rollups_1h": "30d"}
RATE = "rate(x_total[1h])"


@pytest.fixture(scope="module")
def folder_of_three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days that are merged, and a third that is not."""
    folder = tmp_path_factory.mktemp("three") / "data"
    store = MetricStore.open(StorageSettings.model_validate({"retention": RETENTION}), folder, clock=ManualClock(NOW + 3 * DAY))
    for number in range(3):
        write_day(store, NOW + number * DAY, seed=number)
    commit(store)
    for number in range(2):
        store._sealer.merge_day(MONDAY + 24 * number)
    store.close()
    return folder


@pytest.fixture
def three_days(open_store: OpenStore, clock: ManualClock, folder_of_three_days: Path, tmp_path: Path) -> MetricStore:
    """A store of them at the end of the third."""
    clock.now = NOW + 3 * DAY
    return open_store(shutil.copytree(folder_of_three_days, tmp_path / "copy", symlinks=True), retention=RETENTION)


def without_samples(store: MetricStore, clock: ManualClock) -> MetricStore:
    """The store when all samples of the first two days, and no roll-ups, are past their retention."""
    clock.now = NOW + 12 * DAY
    store._retention.apply()
    assert stored(store, "chunks") == 0
    return store


def ask(store: MetricStore, query: str, start: int, end: int, step: int, **options: object) -> list[object]:
    found = Engine(store).range(query, start, end, step, **options)
    return [points(found), found.infos]


# Exactness ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window", "step"), [("1h", HOUR), ("10m", HOUR), ("5m", 5 * MINUTE), ("1d", 2 * HOUR), ("30h", DAY)])
def test_windows_that_are_made_of_whole_roll_ups_answer_what_samples_answer(three_days: MetricStore, window: str, step: int) -> None:
    for function in FUNCTIONS:
        rolled, raw = both(three_days, f"{function}(x_total[{window}])", NOW, NOW + 3 * DAY, step)
        assert_same(rolled, raw)
        assert used(rolled)
        assert not used(raw)


@pytest.mark.parametrize("lookback", [5 * MINUTE, 90_000, 7 * HOUR])
def test_a_plain_selector_sees_the_last_sample_at_its_own_time_and_where_a_series_ended(three_days: MetricStore, lookback: int) -> None:
    for query in ("x_total", "timestamp(x_total)", "absent(x_total)", "x_total offset 1h", "sum by (k) (x_total)"):
        for step in (5 * MINUTE, HOUR):
            rolled, raw = both(three_days, query, NOW, NOW + 3 * DAY, step, lookback)
            assert_same(rolled, raw)
            assert used(rolled)


@pytest.mark.parametrize(
    "query",
    [
        "avg_over_time(x_total[60h])",
        "increase(x_total[47h])",
        "max_over_time(x_total[50h] offset 1h)",
        f"sum_over_time(x_total[30h] @ {(NOW + 2 * DAY + 77_777) / 1000})",
        "max_over_time(rate(x_total[1h])[2d:1h])",
        "avg_over_time(x_total[60h]) - avg_over_time(x_total[49h] offset 11h)",
    ],
)
def test_a_moment_anywhere_reads_samples_only_where_its_windows_begin_and_end(three_days: MetricStore, query: str) -> None:
    time = NOW + 2 * DAY + 12 * HOUR + 12_345
    engine = Engine(three_days)
    rolled, raw = (engine.instant(query, time, options=QueryOptions(rollups=use)) for use in (RollupUse.EXACT, RollupUse.NEVER))
    assert_same(rolled, raw)
    assert used(rolled)
    assert rolled.statistics.samples < raw.statistics.samples


@pytest.mark.parametrize(
    "query",
    [
        "rate(x_total[1m])",
        "increase(x_total[4m])",
        "delta(x_total[299s])",
        "quantile_over_time(0.5, x_total[1h])",
        "irate(x_total[1h])",
        "changes(x_total[1h])",
        "resets(x_total[1h])",
        "rate(x_total[1h] offset 7m)",
        "rate(x_total[61m])",
        "last_over_time(x_total[1h:7m])",
    ],
)
def test_what_roll_ups_do_not_know_is_read_from_samples(three_days: MetricStore, query: str) -> None:
    rolled, raw = both(three_days, query, NOW, NOW + 3 * DAY, HOUR)
    assert not used(rolled)
    assert points(rolled) == points(raw)


def test_steps_between_the_ends_of_roll_ups_are_read_from_samples_unless_that_is_not_minded(three_days: MetricStore) -> None:
    start, end = NOW + 77_000, NOW + 3 * DAY
    rolled, raw = both(three_days, RATE, start, end, HOUR)
    assert not used(rolled)
    assert points(rolled) == points(raw)
    counters = 'rate(x_total{k=~"0|2"}[1h])'
    rough = Engine(three_days).range(counters, start, end, HOUR, options=QueryOptions(rollups=RollupUse.ROUGH))
    assert rough.infos == ("PromQL info: answered from 5m roll-ups, windows moved back to whole ones (1:6)",)
    for key, found in points(Engine(three_days).range(counters, NOW, NOW + 2 * DAY - HOUR, HOUR)).items():
        moved = {time - 77_000: value for time, value in points(rough)[key].items() if time < NOW + 2 * DAY}
        assert moved == pytest.approx(found)


# What is read -------------------------------------------------------------------------------------------------------------------


def test_samples_of_days_that_roll_ups_answer_for_are_not_read(three_days: MetricStore) -> None:
    days = 2 * len(SERIES)
    for query, windows in (("avg_over_time(x_total[1h])", days * 25), ("avg_over_time(x_total[5m])", days * 289)):
        budget = Budget()
        found = Engine(three_days).range(query, NOW + HOUR, NOW + 2 * DAY - HOUR, HOUR, budget=budget)
        assert 0 < found.statistics.samples <= windows
        assert budget.samples < 2 * windows
    with three_days._parts.pool.handle() as handle:
        handle.command("ALTER TABLE chunks UPDATE data = '', coding = 1 WHERE 1 SETTINGS mutations_sync = 1")
    assert used(Engine(three_days).range(RATE, NOW + HOUR, NOW + 2 * DAY - HOUR, HOUR))


@pytest.mark.parametrize(
    ("query", "start", "infos"),
    [
        ("-rate(x_total[1h])", NOW, ("answered from 1h roll-ups (1:7)",)),
        ("-rate(x_total[10m])", NOW, ("answered from 5m roll-ups (1:7)",)),
        ("x_total - avg_over_time(x_total[2h] offset 5h)", NOW, ("answered from 1h roll-ups (1:1)", "answered from 1h roll-ups (1:25)")),
        ("x_total", NOW + 2 * DAY + HOUR, ()),
        ("y_total", NOW, ()),
        ("rate(x_total[1h]) + irate(x_total[1h])", NOW, ()),  # one read for both, which needs samples
    ],
)
def test_the_answer_says_for_which_selector_roll_ups_were_read(three_days: MetricStore, query: str, start: int, infos: tuple) -> None:
    assert Engine(three_days).range(query, start, start + 20 * HOUR, HOUR).infos == tuple(f"PromQL info: {info}" for info in infos)


@pytest.mark.parametrize("where", ["head", "rows", "sealed"])
def test_a_day_with_late_samples_is_read_from_samples_until_it_is_merged_again(three_days: MetricStore, where: str) -> None:
    late = Labels({"__name__": "x_total", "k": "late"})
    write(three_days, {SERIES[0]: {NOW + HOUR + 7: 1e6}, late: {NOW + 5 * HOUR: 3.0}})
    if where != "head":
        commit(three_days)
    if where == "sealed":
        three_days._sealer.seal_block(MONDAY)
        three_days._sealer.seal_block(MONDAY + 4)
    for query in ("max_over_time(x_total[1h])", RATE, "x_total"):
        rolled, raw = both(three_days, query, NOW, NOW + DAY - HOUR, HOUR)
        assert_same(rolled, raw)
        assert not used(rolled)
        assert used(Engine(three_days).range(query, NOW + DAY + HOUR, NOW + 2 * DAY, HOUR))  # the next day has none
    commit(three_days)
    three_days._sealer.merge_day(MONDAY)
    for query in ("max_over_time(x_total[1h])", RATE, "x_total"):
        rolled, raw = both(three_days, query, NOW, NOW + DAY - HOUR, HOUR)
        assert_same(rolled, raw)
        assert used(rolled)
    assert str(late) in points(rolled)


def test_a_deletion_is_honoured_at_once_and_when_its_day_is_written_anew(three_days: MetricStore) -> None:
    three_days.delete_series([[matcher("k=1")]], NOW + 3 * HOUR, NOW + 9 * HOUR + 17)
    three_days.delete_series([[matcher("k=2")]], *FOREVER)
    for is_rolled in (False, True):
        rolled, raw = both(three_days, "sum_over_time(x_total[30m])", NOW, NOW + DAY - HOUR, 30 * MINUTE)
        assert_same(rolled, raw)
        assert used(rolled) is is_rolled
        assert len(raw) == 3
        three_days.clean_tombstones()
    assert stored(three_days, "rollups", f"day = {MONDAY}") == 2 * 3


def test_answers_beside_merges_are_always_the_same(three_days: MetricStore) -> None:
    query, limits = "max_over_time(x_total[1h])", (NOW + HOUR, NOW + 2 * DAY - HOUR, HOUR)
    expected, wrong, over = points(Engine(three_days).range(query, *limits)), list[int](), threading.Event()

    def look() -> None:
        while not over.is_set():
            if points(Engine(three_days).range(query, *limits)) != expected:
                wrong.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    samples = three_days.fetch([matcher("k=0")], NOW, NOW + DAY - 1, Budget())
    for _ in range(3):
        write_bits(three_days, SERIES[0], samples.timestamps, samples.values.view(np.uint64))
        commit(three_days)
        three_days._sealer.merge_day(MONDAY)
    over.set()
    reader.join()
    assert not wrong


# Beyond the samples -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["", *FUNCTIONS])
def test_where_samples_are_gone_roll_ups_answer_the_same(three_days: MetricStore, clock: ManualClock, function: str) -> None:
    query = f"{function}(x_total[2h])" if function else "x_total"
    limits = NOW + 3 * HOUR, NOW + 2 * DAY - HOUR
    before = ask(three_days, query, *limits, HOUR)
    fine = Engine(three_days).range(query, *limits, 10 * MINUTE, options=QueryOptions(rollups=RollupUse.NEVER))
    without_samples(three_days, clock)
    assert ask(three_days, query, *limits, HOUR) == before
    assert_same(Engine(three_days).range(query, *limits, 10 * MINUTE), fine)
    assert (
        not len(Engine(three_days).range(query, *limits, HOUR, options=QueryOptions(rollups=RollupUse.NEVER)))
        or function == "absent_over_time"
    )


@pytest.mark.parametrize("query", ["x_total", "rate(x_total[30m])", "avg_over_time(x_total[1h])", "increase(x_total[10m])"])
def test_where_samples_are_gone_windows_move_back_to_whole_ones(three_days: MetricStore, clock: ManualClock, query: str) -> None:
    without_samples(three_days, clock)
    whole, infos = ask(three_days, query, NOW + 3 * HOUR, NOW + DAY, 5 * MINUTE)
    moved, told = ask(three_days, query, NOW + 3 * HOUR + 99_000, NOW + DAY + 99_000, 5 * MINUTE)
    assert moved == {key: {time + 99_000: value for time, value in found.items()} for key, found in whole.items()}
    assert "moved back" not in infos[0]
    assert "windows moved back to whole ones" in told[0]
    # Shorter steps repeat the last whole window.
    assert len(ask(three_days, query, NOW + 3 * HOUR, NOW + 4 * HOUR, MINUTE)[0]) > 0


@pytest.mark.parametrize("query", ["rate(x_total[4m])", "rate(x_total[9m])", "quantile_over_time(0.9, x_total[1h])", "x_total[1h]"])
def test_where_samples_are_gone_what_roll_ups_do_not_know_is_not_made_up(three_days: MetricStore, clock: ManualClock, query: str) -> None:
    without_samples(three_days, clock)
    assert not len(Engine(three_days).instant(query, NOW + DAY + 99_000))


def test_a_series_is_found_for_as_long_as_it_has_roll_ups_and_then_forgotten(three_days: MetricStore, clock: ManualClock) -> None:
    def series() -> int:
        return len(three_days.series([[matcher("__name__=x_total")]], NOW, NOW + DAY, 0))

    for age, resolutions, known in ((12, {300, 3600}, 4), (22, {3600}, 4), (33, set(), 0)):
        clock.now = NOW + age * DAY
        three_days._retention.apply()
        with three_days._parts.pool.handle() as handle:
            assert {row[0] for row in handle.rows("SELECT DISTINCT resolution FROM rollups")} == resolutions
        assert series() == known
        assert bool(ask(three_days, RATE, NOW + HOUR, NOW + DAY, HOUR)[0]) is bool(known)
        assert bool(ask(three_days, "rate(x_total[30m])", NOW + HOUR, NOW + DAY, HOUR)[0]) is (300 in resolutions)
    assert three_days._parts.table.alive == 0
    assert stored(three_days, "series") == 0


def test_over_its_size_samples_go_before_roll_ups_and_those_of_five_minutes_before_those_of_an_hour(open_store: OpenStore) -> None:
    store = open_store(retention={"size": 1})
    for number in range(3):
        write_day(store, NOW - (3 - number) * DAY, seed=number)
    commit(store)
    for number in range(3):
        store._sealer.merge_day(MONDAY - 24 * (3 - number))
    with store._parts.pool.handle() as handle:
        (total,) = handle.rows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table IN ('chunks', 'rollups')")[0]
        left = []
        for size in (total - 1, total // 3, 1):
            store._retention._settings = store._retention._settings.model_copy(update={"size": size})
            store._retention.apply()
            left.append([handle.rows(f"SELECT count(DISTINCT day) FROM {table}")[0][0] for table in ("chunks", "rollups")])
    assert left[0] == [2, 3]
    assert left[-1] == [1, 1]


def test_roll_ups_outlive_what_happens_to_a_day_without_samples(three_days: MetricStore, clock: ManualClock) -> None:
    limits = NOW + HOUR, NOW + DAY - HOUR
    without_samples(three_days, clock)
    before = ask(three_days, RATE, *limits, HOUR)
    three_days._sealer.merge_day(MONDAY)  # of which nothing is left to merge
    assert ask(three_days, RATE, *limits, HOUR) == before
    three_days.delete_series([[matcher("k=2")]], *FOREVER)
    for _ in range(2):
        found = ask(three_days, RATE, *limits, HOUR)
        assert found[0] == {key: value for key, value in before[0].items() if 'k="2"' not in key}
        three_days.clean_tombstones()
    assert stored(three_days, "rollups", f"id = {SERIES[2].id}") == 0


def test_late_samples_of_a_day_that_has_lost_its_own_do_not_replace_its_roll_ups(three_days: MetricStore, clock: ManualClock) -> None:
    before = ask(three_days, RATE, NOW + HOUR, NOW + DAY - HOUR, HOUR)
    with three_days._parts.pool.handle() as handle:
        for day in (MONDAY, MONDAY + 24):
            handle.command(f"ALTER TABLE chunks DROP PARTITION ID '{day}-1'")  # as for its size
    late = Labels({"__name__": "x_total", "k": "late"})
    write(three_days, {SERIES[0]: {NOW + 2 * HOUR + 5: 1e9}, late: {NOW + 2 * HOUR + k * MINUTE: float(k) for k in range(5)}})
    commit(three_days)
    three_days._sealer.merge_day(MONDAY)
    assert stored(three_days, "rollups", f"day = {MONDAY} AND id = {late.id}") == 2
    clock.now = NOW + 12 * DAY
    found = ask(three_days, RATE, NOW + HOUR, NOW + DAY - HOUR, HOUR)
    assert {key: value for key, value in found[0].items() if "late" not in key} == before[0]


def test_a_metric_with_a_lifetime_of_its_own_keeps_no_roll_ups_beyond_it(open_store: OpenStore, clock: ManualClock) -> None:
    clock.now = NOW + DAY
    store = open_store(retention={"metrics": "2d", "per_metric": {"x_.*": "3d", "z": "5d"}})
    write_day(store, NOW, seed=1)
    other = Labels({"__name__": "y"})
    write(store, {other: {NOW + k * MINUTE: float(k) for k in range(1, 600)}, Labels({"__name__": "z"}): {NOW + HOUR: 1.0}})
    commit(store)
    store._sealer.merge_day(MONDAY)
    for age, seen in ((DAY, {"x_total", "y"}), (3 * DAY + 6 * HOUR, {"x_total", "y"}), (4 * DAY + HOUR, {"y"}), (6 * DAY, {"y"})):
        clock.now = NOW + age
        store._retention.apply()
        found = Engine(store).range('sum_over_time({__name__=~"x_total|y"}[1h])', NOW + HOUR, NOW + DAY, HOUR)
        counted = Engine(store).range('count_over_time({__name__=~"x_total|y"}[1h])', NOW + HOUR, NOW + DAY, HOUR)
        assert len(found) == len(counted) == (len(SERIES) if "x_total" in seen else 0) + 1
    assert stored(store, "rollups") == 2


def test_late_samples_of_a_metric_that_keeps_none_of_the_day_do_not_replace_its_roll_ups(open_store: OpenStore, clock: ManualClock) -> None:
    clock.now = NOW + DAY
    store, other = open_store(retention={"metrics": "2d", "per_metric": {"other": "9d"}}), Labels({"__name__": "other"})
    write_day(store, NOW, seed=1)
    write(store, {other: {NOW + HOUR: 1.0}})
    commit(store)
    store._sealer.merge_day(MONDAY)
    clock.now = NOW + 4 * DAY
    store._retention.apply()
    before = ask(store, RATE, NOW + HOUR, NOW + DAY - HOUR, HOUR)
    late = Labels({"__name__": "x_total", "k": "late"})
    write(store, {SERIES[0]: {NOW + 2 * HOUR: 1e9}, late: {NOW + 2 * HOUR + k * MINUTE: float(k) for k in range(5)}})
    commit(store)
    store._sealer.merge_day(MONDAY)
    assert ask(store, RATE, NOW + HOUR, NOW + DAY - HOUR, HOUR) == before
    assert read(store) == {other: {NOW + HOUR: 1.0}}


def test_a_sample_is_seen_as_soon_as_it_is_written_where_a_day_has_only_roll_ups_left(three_days: MetricStore) -> None:
    with three_days._parts.pool.handle() as handle:
        handle.command(f"ALTER TABLE chunks DROP PARTITION ID '{MONDAY}-1'")  # as where lifetimes differ
    write(three_days, {Labels({"__name__": "other"}): {NOW + 2 * HOUR: 1.0}})
    for _ in range(2):
        found = Engine(three_days).range("count_over_time(other[1h])", NOW + HOUR, NOW + 3 * HOUR, HOUR)
        assert list(points(found).values()) == [{NOW + 2 * HOUR: 1.0}]
        commit(three_days)


# Crashes ------------------------------------------------------------------------------------------------------------------------


class CrashError(Exception):
    """The process ends here."""


STATEMENTS = ("TRUNCATE TABLE rollups_staging", "ALTER TABLE chunks REPLACE", "ALTER TABLE rollups REPLACE", "ALTER TABLE chunks DROP")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_crash_between_staging_and_its_place_changes_no_answer(
    open_store: OpenStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    clock.now = NOW + 2 * DAY
    store = open_store()
    write_day(store, NOW, seed=1)
    commit(store)
    store._sealer.merge_day(MONDAY)
    write(store, {SERIES[0]: {NOW + 3 * HOUR + 5: 1e6}})
    store.delete_series([[matcher("k=3")]], NOW + 5 * HOUR, NOW + 6 * HOUR)
    query, limits = '{__name__="x_total"}', (NOW, NOW + DAY, HOUR)
    queries = [f"{function}({query}[1h])" for function in ("max_over_time", "rate", "count_over_time")]
    expected = [points(Engine(store).range(one, *limits, options=QueryOptions(rollups=RollupUse.NEVER))) for one in queries]
    command = Handle.command

    def crash(handle: Handle, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        command(handle, sql, parameters)
        if sql.startswith(statement):
            raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Handle, "command", crash)
        with pytest.raises(CrashError):
            store._sealer.merge_day(MONDAY)
    store.abandon()
    store = open_store()
    for _ in range(2):
        for one, wanted in zip(queries, expected, strict=True):
            rolled, raw = both(store, one, *limits)
            assert_same(rolled, raw)
            assert points(raw) == wanted
        store.clean_tombstones()
        store._sealer.merge_day(MONDAY)
        assert stored(store, "rollups_staging") == 0
    assert used(Engine(store).range(RATE, *limits))
