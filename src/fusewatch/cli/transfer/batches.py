"""Samples in any order to remote write requests: grouped by series, of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.samples import Int64s, UInt64s

if TYPE_CHECKING:
    from fusewatch.telemetry.remote_write_encode import SeriesColumns

#: With 18 bytes a sample a request stays below a megabyte.
_MOST_SAMPLES: Final = 48_000
#: What a request holds of labels at most, so that many short series do not make it large.
_MOST_SERIES: Final = 8_000


def batches(series: list[Labels], slots: Int64s, timestamps: Int64s, bits: UInt64s) -> Iterator[SeriesColumns]:
    """The rows as columns; of two rows of one series and time the later one stays behind the earlier."""
    from fusewatch.telemetry.remote_write_encode import columns_of_rows, label_fields  # noqa: PLC0415 - loads compiled code

    order = np.argsort(slots, kind="stable")
    slots, timestamps, bits = slots[order], timestamps[order], bits[order]
    start = 0
    while start < len(slots):
        end = min(start + _MOST_SAMPLES, len(slots))
        present, counts = np.unique(slots[start:end], return_counts=True)
        if len(present) > _MOST_SERIES:
            present, counts = present[:_MOST_SERIES], counts[:_MOST_SERIES]
            end = start + int(counts.sum())
        fields = [label_fields(series[slot]) for slot in present.tolist()]
        yield columns_of_rows(fields, counts.tolist(), timestamps[start:end], bits[start:end])
        start = end
