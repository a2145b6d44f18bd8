"""A CSV file of samples in columns, a few megabytes at a time, without a Python object per line."""

from __future__ import annotations

import contextlib
import csv as plain_csv
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from fusewatch.cli.failures import Failure
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

_BLOCK_BYTES: Final = 4 << 20
#: Numbers from here on are milliseconds: as seconds they would be later than the year 5000.
_MILLISECONDS_FROM: Final = 1e11


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column is what; ``labels`` by name, all other columns where it is empty; ``metric`` names all samples."""

    metric: str | None = None
    timestamp: str = "timestamp"
    value: str = "value"
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CsvPart:
    """Some samples: row i is of the series ``series[slots[i]]``; ``timestamps`` int64 ms, ``bits`` of the values; ``size`` in bytes."""

    series: list[Labels]
    slots: Int64s
    timestamps: Int64s
    bits: UInt64s
    size: int


def read_csv(path: Path, columns: Columns) -> Iterator[CsvPart]:
    """The samples of the file, in its order.

    Raises:
        Failure: it can't be read, lacks a column, or a field is no number or time; says which.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            yield from _read(name, file, columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise Failure(f"{name} can't be read: {error}") from error


def _read(name: str, file: IO[bytes], columns: Columns) -> Iterator[CsvPart]:
    header = next(plain_csv.reader([file.readline().decode("utf-8-sig")]), [])
    labels = _label_columns(name, header, columns)
    # Every column is text at first: what it holds must not depend on its first lines.
    convert = csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""])
    try:
        reader = csv.open_csv(file, csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=header), convert_options=convert)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return  # a header and nothing else
        raise
    row = 2
    with reader:
        for batch in reader:
            yield _part(name, batch, columns, labels, row)
            row += batch.num_rows


def _label_columns(name: str, header: list[str], columns: Columns) -> Mapping[str, str]:
    """Label names and their columns."""
    own = {columns.timestamp, columns.value}
    labels = dict(columns.labels) or {column: column for column in header if column not in own}
    if columns.metric is not None:
        labels.pop(METRIC_NAME, None)
    elif METRIC_NAME not in labels:
        raise Failure(f"{name} has no column {METRIC_NAME}: name the metric with --metric", 2)
    for column in (columns.timestamp, columns.value, *labels.values()):
        if column not in header:
            raise Failure(f"{name} has no column {column!r}; its first line names {', '.join(header) or 'none'}", 2)
    return labels


def _part(name: str, batch: pa.RecordBatch, columns: Columns, labels: Mapping[str, str], row: int) -> CsvPart:
    size = batch.nbytes
    present = pc.is_valid(batch.column(columns.value))
    line = np.flatnonzero(present.to_numpy(zero_copy_only=False)) + row
    batch = batch.filter(present)
    values = _numbers(name, columns.value, batch.column(columns.value), line)
    series, slots = _series(batch, columns.metric, labels)
    for one in series:
        if not one.metric:
            raise Failure(f"{name}: a line between {row} and {row + batch.num_rows} has no metric name")
    times = _times(name, columns.timestamp, batch.column(columns.timestamp), line)
    return CsvPart(series, slots, times, values.view(np.uint64), size)


def _series(batch: pa.RecordBatch, metric: str | None, labels: Mapping[str, str]) -> tuple[list[Labels], Int64s]:
    """The label sets of the lines, and which of them each line has."""
    slots = np.zeros(batch.num_rows, np.int64)
    for column in labels.values():
        codes = batch.column(column).fill_null("").dictionary_encode().indices.to_numpy().astype(np.int64)
        _, slots = np.unique(slots * (len(codes) + 1) + codes, return_inverse=True)
    _, first = np.unique(slots, return_index=True)
    rows = batch.take(pa.array(first))
    texts = {label: rows.column(column).to_pylist() for label, column in labels.items()}
    named = {} if metric is None else {METRIC_NAME: metric}
    series = [Labels({**named, **{label: found[k] or "" for label, found in texts.items()}}) for k in range(len(first))]
    return series, slots.astype(np.int64)


def _numbers(name: str, column: str, texts: pa.StringArray, lines: Int64s) -> Float64s:
    try:
        return np.array(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowInvalid:
        raise _bad(name, column, texts, lines, _is_number, "a number") from None


def _times(name: str, column: str, texts: pa.StringArray, lines: Int64s) -> Int64s:
    if texts.null_count:
        line = lines[np.flatnonzero(pc.is_null(texts).to_numpy(zero_copy_only=False))[0]]
        raise Failure(f"{name}, line {line}: there is no timestamp (column {column!r})")
    try:
        numbers = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(np.rint(np.where(np.abs(numbers) >= _MILLISECONDS_FROM, numbers, numbers * 1000)), np.int64)
    except pa.ArrowInvalid:
        pass
    try:
        moments = pc.cast(texts, pa.timestamp("ns", "UTC"))
        return np.array(pc.cast(moments, pa.int64()).to_numpy(zero_copy_only=False), np.int64) // 1_000_000
    except pa.ArrowInvalid:
        raise _bad(name, column, texts, lines, _is_time, "a time: write 2026-01-31T12:00:00Z, or seconds or milliseconds") from None


def _bad(name: str, column: str, texts: pa.StringArray, lines: Int64s, good: Callable[[str], bool], expected: str) -> Failure:
    """The failure that names the first line whose field is not good."""
    for line, text in zip(lines.tolist(), texts.to_pylist(), strict=True):
        if not good(text):
            return Failure(f"{name}, line {line}: {text!r} in column {column!r} is not {expected}")
    return Failure(f"{name}: column {column!r} mixes dates and numbers from line {lines[0]} on")


def _is_number(text: str) -> bool:
    return _can_be(text, pa.float64())


def _is_time(text: str) -> bool:
    return _can_be(text, pa.float64()) or _can_be(text, pa.timestamp("ns", "UTC"))


def _can_be(text: str, kind: pa.DataType) -> bool:
    try:
        pc.cast(pa.array([text]), kind)
    except pa.ArrowInvalid:
        return False
    return True
