"""Types, helps and units of metrics as remote write 1.0 sends them: by themselves, from time to time.

prompb/types.proto: WriteRequest has ``3: repeated MetricMetadata``, that ``1: type  2: metric_family_name  4: help  5: unit``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import cramjam

from fusewatch.forward.delivery import Request
from fusewatch.telemetry.metadata import MetricMetadata
from fusewatch.telemetry.protobuf_write import message, varint

TYPES: Final = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")


def type_number(name: str) -> int:
    """The number of a metric's type in both versions of remote write."""
    return TYPES.index(name) if name in TYPES else 0


def metadata_requests(entries: Sequence[MetricMetadata], per_request: int) -> Iterator[Request]:
    """Requests of so many metrics each; of several jobs' entries for a metric the first."""
    families = list({entry.metric: entry for entry in reversed(entries)}.values())
    for first in range(0, len(families), per_request):
        part = families[first : first + per_request]
        body = b"".join(message(3, _family(entry)) for entry in part)
        yield Request(bytes(cramjam.snappy.compress_raw(body)), (0, 0, 0, len(part)))


def _family(entry: MetricMetadata) -> bytes:
    texts = ((2, entry.metric), (4, entry.help), (5, entry.unit))
    return b"\x08" + varint(type_number(entry.type)) + b"".join(message(number, text.encode()) for number, text in texts if text)
