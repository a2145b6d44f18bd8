"""Slow readers of remote write requests, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field

import cramjam
from tests.telemetry.messages import read_histogram

from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.protobuf import fields, read_varint


@dataclass
class Series:
    """A TimeSeries: labels in their order, samples (ms, bits), histograms (ms, histogram), exemplars (ms, bits, labels), metadata."""

    labels: list[tuple[str, str]] = field(default_factory=list)
    samples: list[tuple[int, int]] = field(default_factory=list)
    histograms: list[tuple[int, Histogram]] = field(default_factory=list)
    exemplars: list[tuple[int, int, list[tuple[str, str]]]] = field(default_factory=list)
    metadata: tuple[int, str, str] = (0, "", "")


def read_v1(body: bytes) -> list[Series]:
    """The series of a WriteRequest."""
    data = bytes(cramjam.snappy.decompress_raw(body))
    return [_series_v1(data[start:end]) for number, _, start, end in fields(data) if number == 1]


def read_v2(body: bytes) -> list[Series]:
    """The series of an io.prometheus.write.v2.Request."""
    data = bytes(cramjam.snappy.decompress_raw(body))
    symbols = [data[start:end].decode() for number, _, start, end in fields(data) if number == 4]
    assert symbols[0] == ""
    return [_series_v2(data[start:end], symbols) for number, _, start, end in fields(data) if number == 5]


def _series_v1(data: bytes) -> Series:
    series = Series()
    for number, _, start, end in fields(data):
        inner = data[start:end]
        if number == 1:
            series.labels.append(_label(inner))
        elif number == 2:
            series.samples.append(_sample(inner))
        elif number == 3:
            labels = [_label(inner[first:last]) for tag, _, first, last in fields(inner) if tag == 1]
            series.exemplars.append((*_point(inner, 3, 2), labels))
        elif number == 4:
            series.histograms.append(read_histogram(inner))
    return series


def _series_v2(data: bytes, symbols: list[str]) -> Series:
    series = Series()
    for number, _, start, end in fields(data):
        inner = data[start:end]
        if number == 1:
            series.labels = _refs(inner, symbols)
        elif number == 2:
            series.samples.append(_sample(inner))
        elif number == 3:
            series.histograms.append(read_histogram(inner))
        elif number == 4:
            labels = [_refs(inner[first:last], symbols) for tag, _, first, last in fields(inner) if tag == 1]
            series.exemplars.append((*_point(inner, 3, 2), labels[0]))
        elif number == 5:
            numbers = {tag: value for tag, value, _, _ in fields(inner)}
            series.metadata = (numbers.get(1, 0), symbols[numbers.get(3, 0)], symbols[numbers.get(4, 0)])
    return series


def _label(data: bytes) -> tuple[str, str]:
    parts = {number: data[start:end].decode() for number, _, start, end in fields(data)}
    return parts.get(1, ""), parts.get(2, "")


def _sample(data: bytes) -> tuple[int, int]:
    return _point(data, 2, 1)


def _point(data: bytes, time: int, value: int) -> tuple[int, int]:
    """Timestamp and bits of the value, by their fields' numbers."""
    found = {number: (word, data[start:end]) for number, word, start, end in fields(data)}
    word = found[time][0]
    return word - (1 << 64) if word >> 63 else word, int.from_bytes(found[value][1], "little")


def _refs(data: bytes, symbols: list[str]) -> list[tuple[str, str]]:
    at, texts = 0, []
    while at < len(data):
        number, at = read_varint(data, at)
        texts.append(symbols[number])
    return list(zip(texts[::2], texts[1::2], strict=True))
