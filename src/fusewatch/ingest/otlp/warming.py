"""The decoder's kernels, compiled before the first request: that takes some 20 s where they are not on disk yet."""

from __future__ import annotations

import numpy as np

from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.decoder import OtlpMetricsDecoder
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.known_series import UInt32s
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Bytes, Int64s, UInt64s

_REQUEST = b"""{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "x", "sum": {"aggregationTemporality": 1, "dataPoints": [
    {"timeUnixNano": "1", "asInt": "1", "exemplars": [{"asDouble": 1, "traceId": "01"}]}]}}]}]}]}"""


class _NoSeries:
    """Series that nobody keeps."""

    def __init__(self) -> None:
        self.epoch = 0
        self.key = draw_key()
        self.fingerprints = np.zeros((2, 2), np.uint64), np.zeros(2, np.uint32)

    def learn(self, labels: Labels) -> int:  # noqa: ARG002 - the protocol's
        """The first."""
        return 1

    def learn_many(self, blob: Bytes, offsets: Int64s) -> tuple[UInt32s, None]:  # noqa: ARG002
        """The first, for each."""
        return np.ones(len(offsets) - 1, np.uint32), None

    def remember_many(self, lows: UInt64s, highs: UInt64s, refs: UInt32s) -> None:
        """Forgets them."""

    def remember(self, low: np.uint64, high: np.uint64, ref: int) -> None:
        """Forgets it."""


def warm() -> None:
    """Compiles or loads the kernels; blocks."""
    OtlpMetricsDecoder(_NoSeries(), OtlpSettings(), DeltaState()).decode(_REQUEST, json=True)
