"""Who sends what, and what is refused: bounded, cheap, and the same on the other side of the socket."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.storage.conftest import DAY, NOW, ManualClock, OpenStore

from fusewatch.storage.door_wire import batch_body, read_body, read_sender, read_statistics, sent_by, statistics_answer
from fusewatch.storage.ingest_figures import OTHERS, IngestFigures
from fusewatch.storage.meter import Meter
from fusewatch.storage.store import MetricStore
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError, SeriesLimitError
from fusewatch.telemetry.refusals import Refusal
from fusewatch.telemetry.samples import SampleBatch
from fusewatch.telemetry.senders import INTERNAL, Sender

MINUTE = 60_000
PROMETHEUS = Sender("remote_write_1.0", "Prometheus/3.5.0", "ada", "10.0.0.7")
OTEL = Sender("otlp", "collector", "", "10.0.0.8")
NOBODY = [0] * 256


def batch(metric: str, count: int, at: int = NOW, **labels: str) -> SampleBatch:
    """A sample of each of ``count`` series of a metric."""
    series = [Labels({"__name__": metric, "n": str(number), **labels}) for number in range(count)]
    ids = np.array([one.id for one in series], np.uint64)
    return SampleBatch(ids, np.full(count, at), np.ones(count), {one.id: one for one in series})


def send(store: MetricStore, sender: Sender, what: SampleBatch, size: int = 0) -> None:
    asyncio.run(store.door.write(what, sender, size))


def test_each_sender_has_its_own_figures(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store()
    send(store, PROMETHEUS, batch("up", 3), 100)
    send(store, PROMETHEUS, batch("up", 3), 100)
    send(store, OTEL, batch("requests", 2), 50)
    clock.now += 6_000
    first, second = store.door.statistics().senders
    assert (first.agent, first.identity, first.address, first.requests, first.samples, first.bytes) == (
        "Prometheus/3.5.0", "ada", "10.0.0.7", 2, 6, 200,
    )  # fmt: skip
    assert (first.series, first.new_series, second.series, second.new_series) == (3, 3, 2, 2)
    assert (first.samples_per_second, second.bytes_per_second) == (pytest.approx(6 / 6), pytest.approx(50 / 6))


def test_a_series_belongs_to_its_last_sender(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store()
    send(store, PROMETHEUS, batch("up", 3))
    send(store, OTEL, batch("up", 2))
    clock.now += 6_000
    assert {one.protocol: one.series for one in store.door.statistics().senders} == {"remote_write_1.0": 1, "otlp": 2}


def test_what_fusewatch_writes_itself_is_told_apart(open_store: OpenStore) -> None:
    store = open_store()
    asyncio.run(store.write(batch("up", 1)))
    asyncio.run(store.write(batch("up", 1), Sender("scrape")))
    assert {one.protocol: one.samples for one in store.door.statistics().protocols} == {"internal": 1, "scrape": 1}


@pytest.mark.parametrize(
    ("what", "settings", "reason", "samples", "words"),
    [
        (batch("up", 2, NOW - 40 * DAY), {}, Refusal.TOO_OLD, 2, "older than the retention of 30d"),
        (batch("up", 2, NOW + DAY), {}, Refusal.TOO_FAR_AHEAD, 2, "ahead of this machine's clock (storage.future)"),
        (batch("up", 5), {"max_series_per_metric": 3}, Refusal.SERIES_LIMIT, 2, "reached by up"),
    ],
)
def test_refused_samples_are_counted_by_reason_with_an_example(open_store: OpenStore, what, settings, reason, samples, words) -> None:
    store = open_store(**settings)
    with pytest.raises(SamplesRejectedError):
        send(store, PROMETHEUS, what)
    statistics = store.door.statistics()
    (found,) = statistics.refusals
    assert (found.reason, found.requests, found.samples, found.last, found.agent) == (reason, 1, samples, NOW, PROMETHEUS.agent)
    assert words in found.message
    assert (statistics.refused, statistics.senders[0].refused) == (samples, samples)


def test_a_full_queue_is_counted_and_shown(open_store: OpenStore) -> None:
    store = open_store(queue=1 << 20)
    while store.door.waiting_bytes < 1 << 20:
        send(store, PROMETHEUS, batch("up", 2000))
    with pytest.raises(OverloadedError):
        send(store, PROMETHEUS, batch("up", 2000))
    statistics = store.door.statistics()
    assert statistics.queue_bytes >= statistics.queue_limit == 1 << 20
    assert [(one.reason, one.samples) for one in statistics.refusals] == [(Refusal.OVERLOADED, 2000)]


def test_limits_say_how_full_they_are_and_who_fills_them(open_store: OpenStore, clock: ManualClock) -> None:
    store = open_store(max_series_per_metric=4, max_series_per_job=10)
    send(store, PROMETHEUS, batch("up", 3, job="a"))
    with pytest.raises(SeriesLimitError, match="reached by requests"):
        send(store, PROMETHEUS, batch("requests", 6, job="b"))
    clock.now += 6_000
    limits = {one.setting: (one.limit, [(group.name, group.series) for group in one.largest]) for one in store.door.statistics().limits}
    assert limits == {
        "storage.max_series": (5_000_000, [("", 7)]),
        "storage.max_series_per_metric": (4, [("requests", 4), ("up", 3)]),
        "storage.max_series_per_job": (10, [("b", 4), ("a", 3)]),
    }


def test_figures_come_through_the_socket_as_they_were(open_store: OpenStore) -> None:
    store = open_store(max_series_per_metric=3)
    with pytest.raises(SeriesLimitError):
        send(store, PROMETHEUS, batch("up", 5), 10)
    statistics = store.door.statistics()
    back = read_statistics(statistics_answer(statistics))
    assert statistics_answer(back) == statistics_answer(statistics)
    assert (list(back.senders), list(back.refusals)) == (statistics.senders, statistics.refusals)


@given(st.builds(Sender, *[st.text(max_size=30)] * 4), st.integers(0, 5))
def test_a_sender_travels_with_its_batch(sender: Sender, count: int) -> None:
    what = batch("up", count)
    found, body = read_sender(b"".join(bytes(part) for part in sent_by(sender, batch_body(what))))
    read, _, _ = read_body(body)
    assert (found, read.ids.tolist(), list(read.series)) == (sender, what.ids.tolist(), list(what.series))


# The bounds ------------------------------------------------------------------------------------------------------------------------------


def took(figures: IngestFigures, sender: Sender, now: int, counts: tuple[int, int, int]) -> None:
    figures.took(figures.known(sender, now), now, *counts)


def test_a_sender_that_is_silent_makes_room_and_its_counts_stay_in_the_sums() -> None:
    left: list[int] = []
    figures = IngestFigures(leave=left.append, most=2)
    for place, address in enumerate("abc"):
        took(figures, Sender("otlp", address=address), NOW + place * 11 * MINUTE, (5, 10, 1))
    assert [one.address for one in figures.senders(NOW + 22 * MINUTE, NOBODY, 10)] == ["c", "b"]
    assert left == [1]
    (sums,) = figures.protocols()
    assert (sums.requests, sums.samples, sums.bytes, sums.new_series) == (3, 15, 30, 3)


def test_a_crowd_of_senders_counts_as_one_and_pushes_nobody_out() -> None:
    figures = IngestFigures(most=2)
    for place in range(1000):
        took(figures, Sender("otlp", address=str(place)), NOW, (1, 1, 0))
    found = figures.senders(NOW, NOBODY, 10)
    assert {one.address or one.agent: one.samples for one in found} == {"0": 1, "1": 1, OTHERS: 998}
    assert figures.known(Sender("otlp", address="x"), NOW) is figures.known(Sender("otlp", OTHERS), NOW)


def test_any_number_of_protocols_beside_a_crowd_has_numbers_that_fit_a_byte() -> None:
    figures = IngestFigures(most=2)
    numbers = {figures.known(Sender(f"protocol {place}"), NOW).number for place in range(1000)}
    assert max(numbers) < 256
    assert min(numbers) > 0


def test_strangers_are_counted_and_take_nobodys_place() -> None:
    figures = IngestFigures()
    figures.refuse(Sender("remote_write", address="evil"), NOW, Refusal.UNAUTHENTICATED, "no credentials")
    assert figures.senders(NOW, NOBODY, 10) == []
    (found,) = figures.refusals(NOW)
    assert (found.requests, found.samples, found.address) == (1, 0, "evil")


def test_a_refusal_after_a_quiet_time_begins_anew() -> None:
    figures = IngestFigures()
    for minute in (0, 4, 8, 20, 21):
        figures.refuse(INTERNAL, NOW + minute * MINUTE, Refusal.TOO_OLD, f"at minute {minute}", 10)
    (found,) = figures.refusals(NOW + 21 * MINUTE)
    assert (found.since, found.last, found.message) == (NOW + 20 * MINUTE, NOW + 21 * MINUTE, "at minute 21")
    assert (found.requests, found.samples) == (5, 50)


# Rates -----------------------------------------------------------------------------------------------------------------------------------


def test_a_steady_sender_has_a_steady_rate_whatever_the_second() -> None:
    meter = Meter(NOW)
    for second in range(300):
        meter.add(NOW + second * 1000, 20, 100)
        if second > 60:
            assert meter.rates(NOW + second * 1000) == (
                pytest.approx(1, rel=0.05),
                pytest.approx(20, rel=0.05),
                pytest.approx(100, rel=0.05),
            )


@pytest.mark.parametrize(("later_s", "rate"), [(0, 60.0), (10, 6.0), (60, 1.0), (90, 0.5), (120, 0.0), (3600, 0.0)])
def test_a_burst_fades_from_the_rate_within_two_minutes(later_s: int, rate: float) -> None:
    meter = Meter(NOW)
    meter.add(NOW, 60)
    assert meter.rates(NOW + later_s * 1000)[1] == pytest.approx(rate)
