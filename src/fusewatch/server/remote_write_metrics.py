"""Remote write in ``/metrics``, by Prometheus' own names, so that dashboards and alerts made for them work.

https://github.com/prometheus/prometheus/blob/main/storage/remote/queue_manager.go; what Prometheus does not have is ``fusewatch_…``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from fusewatch.forward.backlog import BacklogFigures
from fusewatch.forward.figures import BACKLOG_FULL, SECONDS, Tally, TargetStatistics
from fusewatch.telemetry.clock import Clock

_PREFIX: Final = "prometheus_remote_storage_"
_LABELS: Final = ("remote_name", "url")
_KINDS: Final = ("samples", "histograms", "exemplars", "metadata")


class RemoteWriteMetrics(Collector):
    """``newest`` is the newest timestamp in the store (ms), None without any."""

    def __init__(
        self,
        *,
        statistics: Callable[[], Sequence[TargetStatistics]],
        backlog: Callable[[], BacklogFigures],
        newest: Callable[[], int | None],
        clock: Clock,
    ) -> None:
        self._statistics = statistics
        self._backlog = backlog
        self._newest = newest
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """All families; none without a target."""
        targets = self._statistics()
        if not targets:
            return
        yield from _tallies(targets)
        yield from _dropped(targets)
        yield from _gauges(targets)
        yield _durations(targets)
        newest = self._newest()
        if newest is not None:
            yield GaugeMetricFamily(f"{_PREFIX}highest_timestamp_in_seconds", "Highest timestamp in the store.", value=newest / 1000)
        yield from self._own(targets)

    def _own(self, targets: Sequence[TargetStatistics]) -> Iterator[Metric]:
        now, figures = self._clock.now_ms(), self._backlog()
        lag = GaugeMetricFamily(
            "fusewatch_remote_write_lag_seconds", "How long the oldest sample waits that the target has not got.", labels=_LABELS
        )
        failing = GaugeMetricFamily("fusewatch_remote_write_failing", "1 while the target takes no samples.", labels=_LABELS)
        for target in targets:
            since = target.figures.waiting_since
            lag.add_metric([target.name, target.url], max(now - since, 0) / 1000 if since is not None else 0.0)
            failing.add_metric([target.name, target.url], 1.0 if target.figures.failing else 0.0)
        yield from (lag, failing)
        for name, text, value in (
            ("bytes", "Bytes of log that are kept for targets.", figures.bytes),
            ("segments", "Segments of log that are kept for targets.", figures.segments),
            ("limit_bytes", "Bytes of log that are kept at most.", figures.limit),
        ):
            yield GaugeMetricFamily(f"fusewatch_remote_write_backlog_{name}", text, value=value)
        dropped = "fusewatch_remote_write_backlog_dropped_bytes"
        yield CounterMetricFamily(dropped, "Bytes of log that were dropped before all targets had them.", value=figures.dropped_bytes)


def _tallies(targets: Sequence[TargetStatistics]) -> Iterator[Metric]:
    for infix, text in (("", "sent to the target"), ("_failed", "refused by the target"), ("_retried", "sent again")):
        for kind in _KINDS:
            family = CounterMetricFamily(f"{_PREFIX}{kind}{infix}", f"{kind.capitalize()} {text}.", labels=_LABELS)
            for target in targets:
                tally: Tally = getattr(target.figures, infix.removeprefix("_") or "sent")
                family.add_metric([target.name, target.url], getattr(tally, kind))
            yield family
    for name, text in (("bytes", "Bytes of samples sent, compressed."), ("metadata_bytes", "Bytes of metadata sent, compressed.")):
        family = CounterMetricFamily(f"{_PREFIX}{name}", text, labels=_LABELS)
        for target in targets:
            family.add_metric([target.name, target.url], getattr(target.figures, name))
        yield family


def _dropped(targets: Sequence[TargetStatistics]) -> Iterator[Metric]:
    """What is lost with the backlog is counted as samples, histograms too."""
    for kind in _KINDS[:3]:
        text = f"{kind.capitalize()} that were not sent, by reason."
        family = CounterMetricFamily(f"{_PREFIX}{kind}_dropped", text, labels=[*_LABELS, "reason"])
        for target in targets:
            for reason, tally in target.figures.dropped.items():
                lost = target.lost if reason == BACKLOG_FULL and kind == "samples" else 0
                family.add_metric([target.name, target.url, reason], getattr(tally, kind) + lost)
        yield family


def _gauges(targets: Sequence[TargetStatistics]) -> Iterator[Metric]:
    texts: dict[str, tuple[str, Callable[[TargetStatistics], float]]] = {
        "samples_pending": ("Samples taken from the log and not sent yet.", lambda one: one.figures.pending.samples),
        "histograms_pending": ("Native histograms taken from the log and not sent yet.", lambda one: one.figures.pending.histograms),
        "exemplars_pending": ("Exemplars taken from the log and not sent yet.", lambda one: one.figures.pending.exemplars),
        "shards": ("Requests under way at a time.", lambda one: one.figures.shards),
        "shards_desired": ("Requests that should be under way at a time.", lambda one: one.figures.shards),
        "shards_min": ("Requests under way at a time, at least.", lambda one: one.min_shards),
        "shards_max": ("Requests under way at a time, at most.", lambda one: one.max_shards),
        "shard_capacity": ("Samples per shard taken from the log at a time.", lambda one: one.shard_capacity),
        "max_samples_per_send": ("Samples in a request, at most.", lambda one: one.per_request),
        "queue_highest_timestamp_seconds": ("Highest timestamp read.", lambda one: max(one.figures.newest_read, 0) / 1000),
        "queue_highest_sent_timestamp_seconds": ("Highest timestamp sent.", lambda one: max(one.figures.newest_sent, 0) / 1000),
    }
    for name, (text, value) in texts.items():
        family = GaugeMetricFamily(f"{_PREFIX}{name}", text, labels=_LABELS)
        for target in targets:
            family.add_metric([target.name, target.url], value(target))
        yield family


def _durations(targets: Sequence[TargetStatistics]) -> Metric:
    family = HistogramMetricFamily(f"{_PREFIX}sent_batch_duration_seconds", "How long requests took.", labels=_LABELS)
    bounds = [*(str(bound) for bound in SECONDS), "+Inf"]
    for target in targets:
        counts = accumulate(target.figures.durations)
        family.add_metric([target.name, target.url], list(zip(bounds, counts, strict=True)), target.figures.seconds)
    return family
