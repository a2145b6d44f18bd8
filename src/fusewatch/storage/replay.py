"""Brings back what the log holds of an earlier run, segment by segment, so that no more memory is needed than while running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import structlog

from fusewatch.storage.head import Columns, HeadSegment
from fusewatch.storage.records import read_events, read_metadata, read_samples, read_series
from fusewatch.storage.series_kernels import KNOWN, LOGGED, plain, widen
from fusewatch.storage.series_table import SeriesTable
from fusewatch.storage.wal import Kind, ReadSegment, Record, SegmentFile


def read_log(files: Sequence[SegmentFile], table: SeriesTable) -> Iterator[HeadSegment]:
    """Each segment that has anything, the oldest first; empty ones are removed.

    Raises:
        CorruptLogError: a segment is damaged before its end.
    """
    for file in files:
        segment = _read(file, table)
        if segment.is_empty:
            file.path.unlink()
        else:
            yield segment


def _read(file: SegmentFile, table: SeriesTable) -> HeadSegment:
    segment, reader = HeadSegment(file), ReadSegment(file)
    for record in reader:
        _apply(record, segment, table)
    if reader.cut:
        structlog.get_logger(component="storage").warning(
            "the write-ahead log ends in an unfinished record, which was never acknowledged: cut off", file=str(file.path), bytes=reader.cut
        )
    return segment


def _apply(record: Record, segment: HeadSegment, table: SeriesTable) -> None:
    if record.kind is Kind.SERIES:
        refs = np.array([table.add(labels) for labels in read_series(record)], np.uint32)
        fresh = np.unique(refs[table.states[refs] == KNOWN])
        table.states[fresh] = LOGGED
        segment.series.append(fresh)
    elif record.kind is Kind.SAMPLES:
        ids, timestamps, bits = read_samples(record)
        refs, unknown = table.find(ids)
        named = refs > 0 if unknown else slice(None)
        rows = Columns(refs[named], plain(timestamps[named], np.int64), bits[named])
        widen(rows.refs, rows.timestamps, table.first, table.last)
        segment.columns.append(rows)
    elif record.kind is Kind.METADATA:
        segment.metadata.extend(read_metadata(record))
    else:
        segment.events.extend(read_events(record))
