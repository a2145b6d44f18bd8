"""``fusewatch_ingest_…``: who sends by protocol, what is refused by reason, how far storing is behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fusewatch.storage.ingest_health import IngestStatistics
from fusewatch.telemetry.refusals import Refusal

_PROTOCOL: Final = {
    "requests": "Requests whose samples are in the log.",
    "samples": "Samples in the log, native histograms among them.",
    "bytes": "Bytes of requests as they came.",
    "new_series": "Series named for the first time.",
}
_REASON: Final = {"requests": "Requests refused, whole or in part.", "samples": "Samples refused."}
_GAUGES: Final = {
    "waiting_samples": "Samples that ClickHouse does not have yet.",
    "commit_s": "How long the last commit took.",
    "commit_lag_s": "How long the oldest sample waits for ClickHouse.",
    "seal_s": "How long the last seal of a block took.",
    "seal_lag_s": "How long a block has been due to be sealed.",
    "merge_s": "How long the last merge of a day took.",
    "merge_lag_s": "How long a day has been due to be merged.",
}


class IngestMetrics(Collector):
    """Made anew at each look."""

    def __init__(self, statistics: Callable[[], IngestStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """The families."""
        found = self._statistics()
        yield from _by_protocol(found)
        yield from _by_reason(found)
        yield from _gauges(found)


def _by_protocol(found: IngestStatistics) -> Iterator[Metric]:
    for name, text in _PROTOCOL.items():
        family = CounterMetricFamily(f"fusewatch_ingest_{name}", text, labels=["protocol"])
        for one in found.door.protocols:
            family.add_metric([one.protocol], getattr(one, name))
        yield family


def _by_reason(found: IngestStatistics) -> Iterator[Metric]:
    for name, text in _REASON.items():
        family = CounterMetricFamily(f"fusewatch_ingest_refused_{name}", text, labels=["reason"])
        counts = {one.reason: getattr(one, name) for one in found.door.refusals}
        # From the start, so that the first refusal is an increase.
        for reason in Refusal:
            family.add_metric([reason], counts.get(reason, 0))
        yield family


def _gauges(found: IngestStatistics) -> Iterator[Metric]:
    door = found.door
    yield GaugeMetricFamily("fusewatch_ingest_senders", "Senders that are known.", value=door.sender_count)
    yield GaugeMetricFamily("fusewatch_ingest_active_series", "Series with a sample in the last two hours.", value=door.active_series)
    yield GaugeMetricFamily("fusewatch_ingest_queue_bytes", "Bytes of log that wait for ClickHouse.", value=door.queue_bytes)
    yield GaugeMetricFamily("fusewatch_ingest_queue_limit_bytes", "From where on samples are refused.", value=door.queue_limit)
    for name, text in _GAUGES.items():
        unit = name.removesuffix("_s") + "_seconds" if name.endswith("_s") else name
        yield GaugeMetricFamily(f"fusewatch_ingest_{unit}", text, value=getattr(found, name))
    limits = GaugeMetricFamily("fusewatch_ingest_limit_fill_ratio", "How full a limit on series is, its largest group.", labels=["limit"])
    for limit in door.limits:
        if limit.limit and limit.largest:
            limits.add_metric([limit.setting.removeprefix("storage.")], limit.largest[0].series / limit.limit)
    yield limits
