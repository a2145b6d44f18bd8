"""What a walk reads beside the body, and what it fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fusewatch.telemetry.hashing import SLACK, Bytes
from fusewatch.telemetry.otlp.native import COUNT_WORDS
from fusewatch.telemetry.otlp.points import EXEMPLAR_COLUMNS, POINT_WORDS
from fusewatch.telemetry.samples import Float64s, Int64s, UInt64s

UInt32s = NDArray[np.uint32]
Int32s = NDArray[np.int32]
UInt8s = NDArray[np.uint8]

#: What a miss is of: a point, a resource (its target_info), a metric (its metadata).
POINT, RESOURCE, METRIC = range(3)
#: Columns of the list of misses: bounds of the messages around it, and its fingerprint's bits.
(
    MISS_OF,
    KIND,
    RESOURCE_START,
    RESOURCE_END,
    SCOPE_START,
    SCOPE_END,
    METRIC_START,
    METRIC_END,
    POINT_START,
    POINT_END,
    LOW,
    HIGH,
    TEMPORALITY,
    MISS_COLUMNS,
) = range(14)
#: Numbers that a walk leaves behind; the first refusal's reason and the bounds of its metric stand for all.
(
    ROWS,
    NATIVES,
    WORDS,
    EXEMPLARS,
    MISSES,
    STARTED,
    POINTS,
    REFUSED,
    REASON,
    REFUSED_START,
    REFUSED_END,
    EARLIEST,
    LATEST,
    NUMBERS,
) = range(14)
#: What the walk is told: whether scopes tell series apart, histograms become native ones, resources have a target_info, and for how many
#: nanoseconds back a new start time gets a zero sample (0: never).
SCOPES, CUSTOM_BUCKETS, TARGET_INFO, ZERO_WITHIN, OPTIONS = range(5)


class Known(NamedTuple):
    """What is known: of single series their reference, of all else a block.

    ``keys`` (n, 2) and ``refs`` (n) are :attr:`fusewatch.telemetry.known_series.KnownSeries.fingerprints`. ``block_keys`` (m, 2) and
    ``blocks`` (m) have the same form; block b lies from ``firsts[b]`` to ``firsts[b + 1]`` in ``members`` (references uint32) and ``slots``
    (int32 places in the delta state, -1 for none), was seen with the start time ``starts[b]`` (int64 ns) and, of a metric, has metadata
    that was handed on where ``described[b]`` (uint8).
    """

    keys: UInt64s
    refs: UInt32s
    block_keys: UInt64s
    blocks: UInt32s
    firsts: Int64s
    members: UInt32s
    slots: Int32s
    starts: Int64s
    described: UInt8s
    options: Int64s


class Columns(NamedTuple):
    """What a walk fills; :data:`NUMBERS` numbers say how far.

    Float samples: ``refs``, ``times`` (int64 ms), ``bits`` (and as float64 ``values``), ``slots`` (int32, -1: not a delta), and ``leads``
    (uint8), 1 for the first row of each point. Native histograms: ``native_refs``, ``native_times``, ``native_slots``, and the binary form
    of row k in ``words[native_ends[k]:native_ends[k + 1]]``. ``started`` (n, 2): blocks and start times that are new.
    """

    refs: UInt32s
    times: Int64s
    bits: UInt64s
    values: Float64s
    slots: Int32s
    leads: UInt8s
    native_refs: UInt32s
    native_times: Int64s
    native_slots: Int32s
    native_ends: Int64s
    words: UInt64s
    exemplars: Int64s
    misses: Int64s
    started: Int64s
    numbers: Int64s
    point: UInt64s
    counts: Int64s


_FEW: Final = 1 << 10
_WORDS: Final = 1 << 14
#: Larger scratches are not kept.
_KEPT_BYTES: Final = 8 << 20
_KEPT_ROWS: Final = 1 << 20


def new_columns(rows: int = 1 << 12, others: int = _FEW, words: int = _WORDS) -> Columns:
    """Room for so many rows, so many of everything else, and so many words of native histograms."""
    bits = np.empty(rows, np.uint64)
    return Columns(
        refs=np.empty(rows, np.uint32),
        times=np.empty(rows, np.int64),
        bits=bits,
        values=bits.view(np.float64),
        slots=np.empty(rows, np.int32),
        leads=np.empty(rows, np.uint8),
        native_refs=np.empty(others, np.uint32),
        native_times=np.empty(others, np.int64),
        native_slots=np.empty(others, np.int32),
        native_ends=np.zeros(others + 1, np.int64),
        words=np.empty(words, np.uint64),
        exemplars=np.empty((others, EXEMPLAR_COLUMNS), np.int64),
        misses=np.empty((others, MISS_COLUMNS), np.int64),
        started=np.empty((others, 2), np.int64),
        numbers=np.zeros(NUMBERS, np.int64),
        point=np.zeros(POINT_WORDS, np.uint64),
        counts=np.empty(COUNT_WORDS, np.int64),
    )


@dataclass(slots=True)
class Scratch:
    """Space to decode into, kept between requests; grown at need."""

    buffer: Bytes = field(default_factory=lambda: np.zeros(1 << 18, np.uint8))
    columns: Columns = field(default_factory=new_columns)

    def fill(self, body: bytes) -> int:
        """Lays a body into the buffer, with slack behind it; its size."""
        size = len(body)
        if len(self.buffer) < size + SLACK:
            self.buffer = np.zeros(size + SLACK + size // 4, np.uint8)
        self.buffer[:size] = np.frombuffer(body, np.uint8)
        return size

    def trimmed(self) -> Scratch:
        """Itself, or a new one where a large request has left it large."""
        return Scratch() if len(self.buffer) > _KEPT_BYTES or len(self.columns.refs) > _KEPT_ROWS else self

    def widen(self) -> None:
        """Makes room for four times as much."""
        old = self.columns
        self.columns = new_columns(4 * len(old.refs), 4 * len(old.misses), 4 * len(old.words))
