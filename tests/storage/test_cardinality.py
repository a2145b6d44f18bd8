"""Where the series come from, counted on a real store."""

from __future__ import annotations

import pytest
from tests.storage.conftest import DAY, HOUR, NOW, ManualClock, OpenStore, commit, write

from fusewatch.storage.cardinality import CardinalityQuestion, Order
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.ports import Budget

API = [Labels({"__name__": "requests", "job": "api", "path": f"/{number}"}) for number in range(5)]
UP = [Labels({"__name__": "up", "job": job}) for job in ("api", "web")]
LAST_HOUR = CardinalityQuestion(NOW - HOUR, NOW)


def named(metric: str) -> Matcher:
    return Matcher("__name__", MatchOp.EQUAL, metric)


@pytest.fixture
def filled(store: MetricStore) -> MetricStore:
    write(store, {labels: {NOW: 1.0} for labels in (*API, *UP)})
    return store


def test_series_are_counted_by_metric_job_label_and_pair(filled: MetricStore) -> None:
    found = filled.cardinality(LAST_HOUR)
    assert (found.total.series, found.total.active, found.total.new, found.stored) == (7, 7, 7, 7)
    assert [(one.name, one.share.series) for one in found.metrics] == [("requests", 5), ("up", 2)]
    assert [(one.name, one.share.series) for one in found.jobs] == [("api", 6), ("web", 1)]
    assert {one.name: (one.values, one.series, one.bytes) for one in found.labels} == {
        "path": (5, 5, 10),
        "__name__": (2, 7, 5 * 8 + 2 * 2),
        "job": (2, 7, 7 * 3),
    }
    assert (found.label_count, found.pair_count) == (3, 9)
    assert [(one.name, one.value, one.series) for one in found.pairs[:2]] == [("job", "api", 6), ("__name__", "requests", 5)]


def test_what_waits_in_the_log_is_counted_too_and_nothing_twice(filled: MetricStore, clock: ManualClock) -> None:
    before = filled.cardinality(LAST_HOUR)
    commit(filled)
    clock.now += 11_000
    assert filled.cardinality(LAST_HOUR).total.series == before.total.series == 7


def test_lists_are_cut_and_say_of_how_many(filled: MetricStore) -> None:
    found = filled.cardinality(CardinalityQuestion(NOW - HOUR, NOW, limit=1))
    assert [len(rows) for rows in (found.metrics, found.jobs, found.labels, found.pairs, found.unused.metrics)] == [1] * 5
    assert (found.metric_count, found.job_count, found.label_count, found.pair_count, found.unused.count) == (2, 2, 3, 9, 2)


@pytest.mark.parametrize(
    ("focus", "series"),
    [
        ({"metric": "up"}, 2),
        ({"job": "api"}, 6),
        ({"metric": "up", "job": "api"}, 1),
        ({"label": "path"}, 5),
        ({"selectors": ((Matcher("path", MatchOp.REGEX, "/[01]"),),)}, 2),
        ({"selectors": ((named("up"),), (Matcher("path", MatchOp.EQUAL, "/1"),))}, 3),
        ({"selectors": ((named("up"),), (Matcher("path", MatchOp.EQUAL, "/1"),)), "job": "api"}, 2),
        ({"metric": "nothing of that name"}, 0),
    ],
)
def test_a_focus_leaves_the_other_series_out(filled: MetricStore, focus: dict[str, object], series: int) -> None:
    found = filled.cardinality(CardinalityQuestion(NOW - HOUR, NOW, **focus))  # type: ignore[arg-type]
    assert (found.total.series, sum(one.share.series for one in found.jobs)) == (series, series)


def test_a_label_in_focus_shows_its_values(filled: MetricStore) -> None:
    found = filled.cardinality(CardinalityQuestion(NOW - HOUR, NOW, label="job"))
    assert [(one.value, one.series) for one in found.values] == [("api", 6), ("web", 1)]


def test_only_series_seen_in_the_time_are_counted(filled: MetricStore, clock: ManualClock) -> None:
    clock.now = NOW + 2 * DAY
    write(filled, {UP[0]: {clock.now: 1.0}})
    assert filled.cardinality(CardinalityQuestion(clock.now - HOUR, clock.now)).total.series == 1
    whole = filled.cardinality(CardinalityQuestion(NOW, clock.now))
    assert (whole.total.series, whole.total.active, whole.total.new) == (7, 1, 0)


def test_growth_is_what_is_active_now_less_what_was_a_day_before(filled: MetricStore, clock: ManualClock) -> None:
    clock.now = NOW + DAY
    more = [Labels({"__name__": "up", "job": "new", "n": str(number)}) for number in range(3)]
    write(filled, {labels: {clock.now: 1.0} for labels in (*UP, *more)})
    found = filled.cardinality(CardinalityQuestion(clock.now - HOUR, clock.now))
    assert [(one.name, one.share.growth, one.share.new) for one in found.metrics] == [("up", 3, 3)]
    assert [one.name for one in found.growing] == ["up"]
    everything = filled.cardinality(CardinalityQuestion(NOW, clock.now))
    assert {one.name: one.share.growth for one in everything.metrics} == {"requests": -5, "up": 3}
    assert (everything.total.growth, [one.name for one in everything.growing]) == (-2, ["up"])


def test_each_metric_is_charged_its_part_of_what_lies_on_disk(filled: MetricStore) -> None:
    write(filled, {UP[0]: {NOW - second * 1000: 1.0 for second in range(1000)}})
    commit(filled)
    found = filled.cardinality(CardinalityQuestion(NOW - HOUR, NOW, order=Order.BYTES))
    costs = {one.name: (one.bytes, one.samples) for one in found.metrics}
    assert (found.metrics[0].name, costs["up"][1], costs["requests"][1]) == ("up", 1001, 5)
    assert costs["up"][0] > 100 * costs["requests"][0] > 0
    assert found.bytes == sum(size for size, _ in costs.values())
    sealed = NOW // HOUR - NOW // HOUR % 2
    filled._sealer.seal_block(sealed - 2)
    filled._sealer.seal_block(sealed)
    later = filled.cardinality(CardinalityQuestion(NOW - HOUR, NOW, metric="up"))
    assert later.metrics[0].samples == 1001
    assert later.metrics[0].bytes > 0


def test_what_a_merged_day_takes_beside_its_chunks_is_charged_too(filled: MetricStore) -> None:
    day = NOW // HOUR - NOW // HOUR % 24
    commit(filled)
    filled._sealer.merge_day(day)
    found = filled.cardinality(LAST_HOUR)
    with filled._parts.pool.handle() as handle:
        ((size,),) = handle.rows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table IN ('chunks', 'rollups')")
    # A few bytes are lost by rounding, and what chunks share is nobody's.
    assert 0.5 * size < found.bytes <= size
    assert sum(one.samples for one in found.metrics) == 7


def test_a_rate_is_the_samples_of_the_last_minutes(filled: MetricStore, clock: ManualClock) -> None:
    clock.now += 10_000
    write(filled, {API[0]: {NOW + second * 1000: 1.0 for second in range(1, 11)}})
    found = filled.cardinality(CardinalityQuestion(NOW - HOUR, clock.now))
    rates = {one.name: one.share.samples_per_second for one in (*found.metrics, *found.jobs)}
    # 10 s, in which the first samples came too.
    assert rates == pytest.approx({"requests": 1.5, "up": 0.2, "api": 1.6, "web": 0.1})


def test_a_metric_is_unused_until_somebody_reads_samples_of_it(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store()
    write(store, {labels: {NOW: 1.0} for labels in (*API, *UP)})
    assert {one.name for one in store.cardinality(LAST_HOUR).unused.metrics} == {"requests", "up"}
    store.fetch([named("up")], NOW - HOUR, NOW, Budget())
    store.fetch([named("nothing of that name")], NOW - HOUR, NOW, Budget())
    store.series([[named("requests")]], NOW - HOUR, NOW, 0)  # no sample was read
    store.close()

    store = open_store()
    clock.now += 29 * DAY
    write(store, {labels: {clock.now: 1.0} for labels in (*API, *UP)})
    recent = CardinalityQuestion(clock.now - HOUR, clock.now)
    unused = store.cardinality(recent).unused
    assert ([one.name for one in unused.metrics], unused.count, unused.series, unused.since) == (["requests"], 1, 5, NOW)
    assert {one.name: one.last_queried for one in store.cardinality(recent).metrics} == {"requests": None, "up": NOW}
    clock.now += DAY
    assert store.cardinality(CardinalityQuestion(clock.now - DAY, clock.now)).unused.count == 2


def test_a_query_without_a_name_uses_every_metric_that_it_finds(filled: MetricStore) -> None:
    filled.fetch([Matcher("job", MatchOp.EQUAL, "web")], NOW - HOUR, NOW, Budget())
    assert [one.name for one in filled.cardinality(LAST_HOUR).unused.metrics] == ["requests"]


def test_an_empty_store_has_nothing_to_count(store: MetricStore) -> None:
    found = store.cardinality(LAST_HOUR)
    assert (found.total.series, found.metrics, found.labels, found.pairs, found.bytes) == (0, [], [], [], 0)
