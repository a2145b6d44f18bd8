"""Deltas are added up, through restarts and refusals, and nothing counts twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ingest.otlp.known import MemorySeries, floats, histograms
from tests.ingest.otlp.requests import DELTA, NOW, NOW_MS, SECOND, counter, exponential, histogram, request

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.telemetry.histograms import Histogram, Span
from fusewatch.telemetry.samples import is_stale


class Log:
    """What was logged: the last sample of each series."""

    def __init__(self, series: MemorySeries) -> None:
        self.series = series
        self.values: dict[int, tuple[int, float]] = {}
        self.bodies: dict[int, tuple[int, bytes]] = {}

    def take(self, decoded) -> None:
        values = decoded.bits.view(np.float64)
        for ref, time, value, stale in zip(
            decoded.refs.tolist(), decoded.timestamps.tolist(), values.tolist(), is_stale(values).tolist(), strict=True
        ):
            if not stale:
                self.values[ref] = max(self.values.get(ref, (0, 0.0)), (time, value))
        rows = decoded.histograms
        for k, ref in enumerate(rows.refs.tolist()):
            self.bodies[ref] = (int(rows.timestamps[k]), rows.bodies[rows.offsets[k] : rows.offsets[k + 1]].tobytes())

    def bring_back(self, state: DeltaState) -> None:
        """What a start reads from the log, into the state."""
        refs = sorted(self.values)
        slots = np.array([state.slot(self.series.of(ref).id) for ref in refs], np.int32)
        found = [self.values[ref] for ref in refs]
        state.seed(slots, np.array([time for time, _ in found], np.int64), np.array([value for _, value in found]))
        for ref, (time, body) in self.bodies.items():
            state.seed_native(state.slot(self.series.of(ref).id), time, body)


class Receiver:
    """A decoder and its log; a crash leaves the log and the series."""

    def __init__(self, **changes) -> None:
        self.settings = OtlpSettings(**changes)
        self.series = MemorySeries()
        self.log = Log(self.series)
        self.start(DeltaState(max_series=self.settings.delta_max_series))

    def start(self, state: DeltaState) -> None:
        self.state = state
        self.decoder = OtlpMetricsDecoder(self.series, self.settings, state)

    def crash(self, snapshot: bytes = b"") -> None:
        state = DeltaState(max_series=self.settings.delta_max_series)
        if snapshot:
            state.load(snapshot)
        self.log.bring_back(state)
        self.start(state)

    def send(self, *metrics):
        result = self.decoder.decode(request(*metrics).SerializeToString())
        self.log.take(result.decoded)
        return result

    def rows(self, *metrics):
        return [row for rows in floats(self.series, self.send(*metrics).decoded).values() for row in rows]


def delta(value, seconds=0, **changes):
    return counter("c", {"as_double": float(value), "time_unix_nano": NOW + seconds * SECOND, **changes}, temporality=DELTA)


def test_a_series_is_the_sum_of_its_deltas():
    receiver = Receiver()
    assert receiver.rows(delta(3)) == [(NOW_MS, 3.0)]
    assert receiver.rows(delta(4, 10)) == [(NOW_MS + 10_000, 7.0)]
    assert [value for _, value in receiver.rows(delta(1, 20), delta(1, 30))] == [8.0, 9.0]


def test_a_histogram_is_added_up_bucket_by_bucket():
    receiver = Receiver()
    receiver.send(histogram("h", temporality=DELTA))
    later = {"count": 2, "sum": 1.0, "bucket_counts": [2, 0, 0], "explicit_bounds": [0.1, 1.0], "time_unix_nano": NOW + SECOND}
    found = floats(receiver.series, receiver.send(histogram("h", later, temporality=DELTA)).decoded)
    assert [rows[0][1] for rows in found.values()] == [3.5, 8.0, 3.0, 5.0, 8.0]


def test_a_delta_that_is_not_later_than_the_last_is_refused_and_counted():
    receiver = Receiver()
    receiver.send(delta(3, 10), histogram("h", temporality=DELTA))
    result = receiver.send(delta(3, 10), delta(1, 5), histogram("h", temporality=DELTA), delta(1, 11))
    assert (result.points, result.rejected) == (4, 3)
    assert "sent twice, or out of order" in result.message
    assert floats(receiver.series, result.decoded) == {'c_total{instance="1", job="shop"}': [(NOW_MS + 11_000, 4.0)]}


def test_no_recorded_value_leaves_the_sum_as_it_is():
    receiver = Receiver()
    receiver.send(delta(3))
    [(_, stale)] = receiver.rows(delta(9, 5, flags=1))
    assert is_stale(np.array([stale])).all()
    assert receiver.rows(delta(1, 10)) == [(NOW_MS + 10_000, 4.0)]


def test_native_histograms_are_added_up_in_the_coarser_schema():
    receiver = Receiver()
    fine = {"count": 3, "sum": 1.0, "scale": 2, "positive": {"offset": 0, "bucket_counts": [1, 0, 2]}, "time_unix_nano": NOW}
    coarse = {
        "count": 5,
        "sum": 2.0,
        "scale": 1,
        "zero_count": 1,
        "positive": {"offset": 1, "bucket_counts": [4]},
        "time_unix_nano": NOW + SECOND,
    }
    receiver.send(exponential("e", fine, temporality=DELTA))
    [[(time, found)]] = histograms(receiver.series, receiver.send(exponential("e", coarse, temporality=DELTA)).decoded).values()
    assert (time, found) == (
        NOW_MS + 1000,
        Histogram(
            schema=1,
            count=8,
            sum=3.0,
            zero_threshold=1e-128,
            zero_count=1,
            positive_spans=(Span(1, 2),),
            positive_buckets=(1, 6),
        ),
    )
    assert receiver.send(exponential("e", fine, temporality=DELTA)).rejected == 1
    receiver.crash()
    again = {**fine, "time_unix_nano": NOW + 2 * SECOND}
    [[(_, found)]] = histograms(receiver.series, receiver.send(exponential("e", again, temporality=DELTA)).decoded).values()
    assert (found.count, found.positive_buckets) == (11, (2, 8))


def test_custom_buckets_with_other_bounds_begin_anew():
    receiver = Receiver(convert_histograms_to_nhcb=True)
    receiver.send(histogram("h", temporality=DELTA))
    point = {"count": 2, "bucket_counts": [2, 0], "explicit_bounds": [0.5], "time_unix_nano": NOW + SECOND}
    [[(_, found)]] = histograms(receiver.series, receiver.send(histogram("h", point, temporality=DELTA)).decoded).values()
    assert (found.count, found.custom_values) == (2, (0.5,))


def test_a_wider_zero_bucket_takes_in_what_lies_inside_it():
    receiver = Receiver()
    one = {"count": 4, "scale": 0, "positive": {"offset": -3, "bucket_counts": [1, 1, 1, 1]}, "time_unix_nano": NOW}
    other = {"count": 1, "scale": 0, "zero_count": 1, "zero_threshold": 0.3, "time_unix_nano": NOW + SECOND}
    receiver.send(exponential("e", one, temporality=DELTA))
    [[(_, found)]] = histograms(receiver.series, receiver.send(exponential("e", other, temporality=DELTA)).decoded).values()
    assert (found.zero_threshold, found.zero_count, found.positive_buckets) == (0.5, 3, (1, 1))


def test_the_sum_goes_on_after_a_crash_and_what_was_logged_does_not_count_twice():
    receiver = Receiver()
    receiver.send(delta(3))
    receiver.crash()
    assert receiver.send(delta(3)).rejected == 1
    assert receiver.rows(delta(2, 10)) == [(NOW_MS + 10_000, 5.0)]


def test_a_request_that_the_log_refused_may_be_sent_again():
    receiver = Receiver()
    receiver.send(delta(3), exponential("e", temporality=DELTA))
    later = exponential("e", {"count": 1, "zero_count": 1, "time_unix_nano": NOW + SECOND}, temporality=DELTA)
    refused = receiver.decoder.decode(request(delta(4, 1), delta(5, 2), later).SerializeToString())
    refused.undo()
    result = receiver.send(delta(4, 1), delta(5, 2), later)
    assert result.rejected == 0
    assert [value for _, value in floats(receiver.series, result.decoded)['c_total{instance="1", job="shop"}']] == [7.0, 12.0]
    [[(_, found)]] = histograms(receiver.series, result.decoded).values()
    assert found.count == 7


def test_a_snapshot_covers_what_the_log_has_forgotten():
    receiver = Receiver()
    receiver.send(delta(3), exponential("e", temporality=DELTA))
    snapshot = receiver.state.dump()
    receiver.log.values.clear()
    receiver.log.bodies.clear()
    receiver.crash(snapshot)
    assert receiver.state.dump() == snapshot
    assert receiver.rows(delta(2, 10)) == [(NOW_MS + 10_000, 5.0)]
    later = exponential("e", {"count": 1, "zero_count": 1, "time_unix_nano": NOW + SECOND}, temporality=DELTA)
    [[(_, found)]] = histograms(receiver.series, receiver.send(later).decoded).values()
    assert found.count == 7


def test_an_old_snapshot_does_no_harm():
    receiver = Receiver()
    receiver.send(delta(3))
    snapshot = receiver.state.dump()
    receiver.send(delta(4, 10))
    receiver.crash(snapshot)
    assert receiver.send(delta(4, 10)).rejected == 1
    assert receiver.rows(delta(1, 20)) == [(NOW_MS + 20_000, 8.0)]


def test_idle_series_are_forgotten_and_begin_anew():
    receiver = Receiver(delta_idle="1m")
    receiver.send(delta(3))
    assert receiver.decoder.forget_idle(NOW_MS + 60_000) == 0
    assert receiver.decoder.forget_idle(NOW_MS + 60_001) == 1
    assert len(receiver.state) == 0
    assert receiver.rows(delta(2, 100)) == [(NOW_MS + 100_000, 2.0)]


def test_there_is_a_bound_on_delta_series_and_room_again_after_forgetting():
    receiver = Receiver(delta_max_series=1)
    named = [counter("c", {"as_int": 1, "time_unix_nano": NOW, "attributes": {"n": n}}, temporality=DELTA) for n in "ab"]
    result = receiver.send(*named)
    assert (result.rejected, "limit of 1 delta series" in result.message) == (1, True)
    assert receiver.decoder.forget_idle(NOW_MS + 3_600_001) == 1
    assert receiver.send(named[1]).rejected == 0


def test_a_delta_series_begins_with_a_zero_sample_when_asked_for():
    receiver = Receiver(start_time_zero_sample="1m")
    assert receiver.rows(delta(3, 10, start_time_unix_nano=NOW)) == [(NOW_MS, 0.0), (NOW_MS + 10_000, 3.0)]
    assert receiver.rows(delta(3, 20, start_time_unix_nano=NOW + 10 * SECOND)) == [(NOW_MS + 20_000, 6.0)]
    receiver.crash()
    assert receiver.rows(delta(3, 30, start_time_unix_nano=NOW + 20 * SECOND)) == [(NOW_MS + 30_000, 9.0)]


@pytest.mark.parametrize("data", [b"", b"x" * 24, b"FWDELTA1" + bytes([5] + [0] * 15), b"FWDELTA1" + b"\xff" * 16])
def test_bytes_that_are_no_snapshot_are_refused(data):
    with pytest.raises(ValueError, match="snapshot"):
        DeltaState().load(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_snapshot_or_refused(data):
    for prefix in (b"", b"FWDELTA1"):
        try:
            DeltaState().load(prefix + data)
        except ValueError:
            continue


steps = st.lists(st.tuples(st.sampled_from(["send", "refuse", "repeat", "crash", "snapshot", "forget"]), st.integers(0, 100)), max_size=25)


@given(steps)
def test_whatever_happens_the_last_value_is_the_sum_of_what_was_acknowledged(steps):
    """A sender that sends again until it is answered, a log that refuses at times, and crashes at any moment."""
    receiver, total, time, snapshot = Receiver(), 1, 0, b""
    receiver.send(delta(1))
    for step, value in steps:
        match step:
            case "send":
                time += 1
                total += value
                assert receiver.rows(delta(value, time)) == [(NOW_MS + 1000 * time, float(total))]
            case "refuse":
                refused = receiver.decoder.decode(request(delta(value, time + 1)).SerializeToString())
                assert refused.rejected == 0
                refused.undo()
            case "repeat":
                assert receiver.send(delta(value, time)).rejected == 1
            case "crash":
                receiver.crash(snapshot)
            case "snapshot":
                snapshot = receiver.state.dump()
            case "forget":
                receiver.state.forget(NOW_MS + 10**9)
                assert len(receiver.state) == 0
                time += 1
                total = value
                assert receiver.rows(delta(value, time)) == [(NOW_MS + 1000 * time, float(total))]
    assert max(receiver.log.values.values())[1] == total
