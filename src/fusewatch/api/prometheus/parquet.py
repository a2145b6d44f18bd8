"""Samples as a Parquet file that is written piece by piece (https://parquet.apache.org/docs/file-format/).

Columns: ``metric``, ``labels`` (a map, without the metric's name), ``timestamp`` (ms UTC), and of ``value`` and ``histogram`` the one that
the sample has.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from fusewatch.api.prometheus.parquet_histograms import HISTOGRAM, histogram_column
from fusewatch.telemetry.labels import METRIC_NAME
from fusewatch.telemetry.samples import SeriesSet

SCHEMA: Final = pa.schema(
    [
        pa.field("metric", pa.string(), nullable=False),
        pa.field("labels", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", "UTC"), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("histogram", HISTOGRAM),
    ]
)
#: Rows of a group, the last one excepted: bounds what a reader holds of each, and what waits here.
ROWS_IN_GROUP: Final = 1 << 18
#: The same for histograms, which may be large.
_HISTOGRAM_BYTES_IN_GROUP: Final = 64 << 20
#: Values are not kept in a dictionary: it takes all NaNs for one, and staleness markers are told apart by their bits.
_IN_DICTIONARY: Final = ["metric", "labels.key_value.key", "labels.key_value.value"]


class ParquetFile:
    """A file that grows; what is added comes out in bytes."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(
            self._sink,
            SCHEMA,
            compression="zstd",
            use_dictionary=_IN_DICTIONARY,
            column_encoding={"timestamp": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"},
        )
        self._waiting: list[pa.Table] = []

    def add(self, series: SeriesSet, *, is_least: bool) -> bytes:  # noqa: ARG002 - it takes whatever it is given
        """Adds the samples of some series; the next bytes of the file, often none."""
        self._waiting.append(_table(series))
        rows = sum(table.num_rows for table in self._waiting)
        if rows >= ROWS_IN_GROUP or sum(table["histogram"].nbytes for table in self._waiting) >= _HISTOGRAM_BYTES_IN_GROUP:
            self._write()
        return self._sink.take()

    def close(self) -> bytes:
        """The rest of the file."""
        self._write()
        self._writer.close()
        return self._sink.take()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=ROWS_IN_GROUP)
            self._waiting.clear()


class _Sink(io.RawIOBase):
    """Takes what is written until it is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def _table(series: SeriesSet) -> pa.Table:
    """Floats and histograms of each series by time."""
    found, numbers = series.histograms, np.arange(len(series))
    owners, times = np.repeat(numbers, np.diff(series.offsets)), series.timestamps
    values = pa.array(series.values, pa.float64(), from_pandas=False)
    histograms = pa.nulls(len(values), HISTOGRAM)
    if found is not None and len(found.timestamps):
        owners = np.concatenate([owners, np.repeat(numbers, np.diff(found.offsets))])
        times = np.concatenate([times, found.timestamps])
        order = np.lexsort((times, owners))
        values = pa.concat_arrays([values, pa.nulls(len(found.timestamps), pa.float64())]).take(pa.array(order))
        histograms = pa.concat_arrays([histograms, histogram_column(found.ends, found.bodies)]).take(pa.array(order))
        owners, times = owners[order], times[order]
    pairs = [[pair for pair in labels.pairs if pair[0] != METRIC_NAME] for labels in series.labels]
    columns = [
        pa.array([labels.metric for labels in series.labels], pa.string()).take(pa.array(owners)),
        pa.array(pairs, SCHEMA.field("labels").type).take(pa.array(owners)),
        pa.array(times, SCHEMA.field("timestamp").type),
        values,
        histograms,
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
