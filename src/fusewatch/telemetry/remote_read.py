"""Prometheus' remote read: what is asked, and both forms of answers (https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/).

Messages (https://github.com/prometheus/prometheus/blob/main/prompb/remote.proto)::

    ReadRequest          1: Query          2: accepted response types
    Query                1: start (ms)     2: end (ms)         3: LabelMatcher   4: ReadHints
    LabelMatcher         1: type           2: name             3: value
    ReadHints            3: start (ms)     4: end (ms)         and what does not matter here
    ReadResponse         1: QueryResult    QueryResult         1: TimeSeries
    ChunkedReadResponse  1: ChunkedSeries  2: number of the query
    ChunkedSeries        1: Label          2: Chunk
    Chunk                1: first (ms)     2: last (ms)        3: encoding       4: data
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import cramjam

from fusewatch.telemetry.matchers import Matcher, MatchOp
from fusewatch.telemetry.protobuf import ProtobufError, fields, read_varint
from fusewatch.telemetry.remote_write import decompressed_size

_OPERATORS: Final = (MatchOp.EQUAL, MatchOp.NOT_EQUAL, MatchOp.REGEX, MatchOp.NOT_REGEX)


class RemoteReadError(ProtobufError):
    """The body is not a remote-read request, or one that can't be served (400)."""


class ResponseType(IntEnum):
    """The forms of answers."""

    SAMPLES = 0
    STREAMED_XOR_CHUNKS = 1


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """Samples with ``start <= timestamp <= end`` (ms) of the series that fulfil all matchers."""

    start: int
    end: int
    matchers: Sequence[Matcher]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Some queries, and the form in which their answer is wanted."""

    queries: Sequence[ReadQuery]
    response_type: ResponseType


def decode_request(body: bytes) -> ReadRequest:
    """The request in a snappy block.

    Raises:
        ProtobufError: it is none, or wants no form of answer that there is.
    """
    decompressed_size(body)
    try:
        data = bytes(cramjam.snappy.decompress_raw(body))
    except Exception as error:  # as in remote write, some broken inputs raise a plain one
        raise RemoteReadError(f"snappy: corrupt input ({error})") from error
    queries, accepted = [], []
    for number, value, start, end in fields(data):
        if number == 1:
            queries.append(_query(data, start, end))
        elif number == 2:
            accepted += _numbers(data, start, end) if end > start else [value]
    return ReadRequest(queries, _negotiate(accepted))


def _numbers(data: bytes, at: int, end: int) -> list[int]:
    """Packed numbers."""
    found = []
    try:
        while at < end:
            number, at = read_varint(data, at)
            found.append(number)
    except IndexError:
        raise RemoteReadError("proto: unexpected end of a message") from None
    return found


def _negotiate(accepted: Sequence[int]) -> ResponseType:
    """The first form that there is; raw samples where nothing is said."""
    known = [ResponseType(number) for number in accepted or (ResponseType.SAMPLES,) if number in set(ResponseType)]
    if not known:
        supported = " ".join(f"{kind.name}:{{}}" for kind in ResponseType)
        raise RemoteReadError(f"server does not support any of the requested response types: {accepted}; supported: map[{supported}]")
    return known[0]


def _query(data: bytes, start: int, end: int) -> ReadQuery:
    bounds, hints, matchers = {1: 0, 2: 0}, {3: 0, 4: 0}, []
    for number, value, first, last in fields(data, start, end):
        if number in bounds:
            bounds[number] = _signed(value)
        elif number == 3:
            matchers.append(_matcher(data, first, last))
        elif number == 4:
            hints |= {field: _signed(hint) for field, hint, _, _ in fields(data, first, last) if field in hints}
    if hints[3] or hints[4]:
        # They say what part of the range is looked at, as they do to Prometheus' own store.
        return ReadQuery(max(bounds[1], hints[3]), min(bounds[2], hints[4]), matchers)
    return ReadQuery(bounds[1], bounds[2], matchers)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _matcher(data: bytes, start: int, end: int) -> Matcher:
    kind, texts = 0, {2: "", 3: ""}
    for number, value, first, last in fields(data, start, end):
        if number == 1:
            kind = value
        elif number in texts:
            texts[number] = _text(data[first:last])
    if kind >= len(_OPERATORS):
        raise RemoteReadError("invalid matcher type")
    return Matcher(texts[2], _OPERATORS[kind], texts[3])


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RemoteReadError(f"invalid UTF-8 in {data!r}") from error
