"""The columns of a walk as the log takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fusewatch.ingest.otlp.blocks import Blocks
from fusewatch.ingest.otlp.delta import DeltaState, NativeUndo, Undo
from fusewatch.telemetry.known_series import DecodedExemplars, DecodedHistograms
from fusewatch.telemetry.labels import Labels
from fusewatch.telemetry.otlp.columns import EXEMPLARS, NATIVES, ROWS, STARTED, Columns, Scratch, UInt32s
from fusewatch.telemetry.otlp.exemplars import LABEL_BYTES, finish_exemplars
from fusewatch.telemetry.otlp.points import EXEMPLAR_END, EXEMPLAR_START
from fusewatch.telemetry.otlp.values import attributes
from fusewatch.telemetry.protobuf import ProtobufError
from fusewatch.telemetry.samples import Int64s, UInt64s

#: What the labels of an exemplar may have in all, from OpenMetrics; beyond it attributes are left out, never trace and span.
_MOST_EXEMPLAR_RUNES: Final = 128
_FILTERED_ATTRIBUTES: Final = 7


@dataclass(frozen=True, slots=True)
class Effects:
    """What decoding a request changed, to be taken back when the log does not take it."""

    state: DeltaState
    version: int
    added: Undo
    blocks: Blocks
    generation: int
    described: list[int]
    starts: list[tuple[int, int]]

    def undo(self) -> None:
        """Takes it back; what has been forgotten meanwhile needs none."""
        if self.version == self.state.version:
            self.state.undo(self.added)
        if self.generation == self.blocks.generation:
            self.blocks.described[self.described] = 0
            for block, start in reversed(self.starts):
                self.blocks.starts[block] = start


def note_starts(columns: Columns, blocks: Blocks) -> list[tuple[int, int]]:
    """Takes up the start times that are new; those before, by block."""
    before = []
    for block, start in columns.started[: columns.numbers[STARTED]].tolist():
        before.append((block, int(blocks.starts[block])))
        blocks.starts[block] = max(start, before[-1][1])
    return before


def add_deltas(columns: Columns, state: DeltaState) -> tuple[int, Undo]:
    """Adds deltas up, in place; how many points were too late, and how to undo it."""
    rows = slice(0, columns.numbers[ROWS])
    floats = (columns.refs[rows], columns.times[rows], columns.bits[rows], columns.values[rows], columns.slots[rows], columns.leads[rows])
    return state.add(floats)


def float_rows(columns: Columns, zeros: list[tuple[int, int]]) -> tuple[UInt32s, Int64s, UInt64s]:
    """References, times and bits of the float samples, with ``zeros`` (reference, time in ms) in front."""
    rows = slice(0, columns.numbers[ROWS])
    refs, times, bits = columns.refs[rows], columns.times[rows], columns.bits[rows]
    good = refs > 0
    if not good.all():
        refs, times, bits = refs[good], times[good], bits[good]
    if zeros:
        refs = np.concatenate([np.array([ref for ref, _ in zeros], np.uint32), refs])
        times = np.concatenate([np.array([time for _, time in zeros], np.int64), times])
        bits = np.concatenate([np.zeros(len(zeros), np.uint64), bits])
    return refs, times, bits


def decoded_histograms(columns: Columns, state: DeltaState) -> tuple[DecodedHistograms, int, tuple[NativeUndo, ...]]:
    """The native histograms, deltas added up; how many were too late (their references are 0 now), and how to undo it.

    Deltas take a Python object each: their buckets may lie anywhere, and few senders use them.
    """
    count = int(columns.numbers[NATIVES])
    refs, times, ends = columns.native_refs[:count], columns.native_times[:count], columns.native_ends[: count + 1]
    if not (columns.native_slots[:count] >= 0).any():
        return DecodedHistograms(refs, times, ends * 8, columns.words[: ends[-1]].view(np.uint8)), 0, ()
    bodies, undo = [], []
    for k, (slot, time) in enumerate(zip(columns.native_slots[:count].tolist(), times.tolist(), strict=True)):
        body = columns.words[ends[k] : ends[k + 1]].tobytes()
        if slot >= 0:
            found = state.add_native(slot, time, body)
            if found is None:
                refs[k] = 0
                continue
            body = found[0]
            undo += [found[1]] if found[1] is not None else []
        bodies.append(body)
    kept = refs > 0
    offsets = np.zeros(len(bodies) + 1, np.int64)
    np.cumsum([len(body) for body in bodies], out=offsets[1:])
    histograms = DecodedHistograms(refs[kept], times[kept], offsets, np.frombuffer(b"".join(bodies), np.uint8))
    return histograms, count - len(bodies), tuple(undo)


def decoded_exemplars(data: bytes, scratch: Scratch) -> DecodedExemplars:
    """The exemplars of samples that are not refused."""
    columns, count = scratch.columns, int(scratch.columns.numbers[EXEMPLARS])
    if not count:
        return DecodedExemplars.empty()
    refs, times, values = np.empty(count, np.uint32), np.empty(count, np.int64), np.empty(count)
    ends, attributed, labels = np.zeros(count, np.int64), np.zeros(count, np.uint8), np.empty(count * LABEL_BYTES, np.uint8)
    n = finish_exemplars(scratch.buffer, count, columns, labels, (refs, times, values, ends, attributed))
    offsets = np.zeros(n + 1, np.int64)
    offsets[1:] = ends[:n]
    labels = labels[: offsets[-1]]
    if attributed[:n].any():
        offsets, labels = _with_attributes(data, columns, attributed[:n].tolist(), offsets, labels)
    return DecodedExemplars(refs[:n], times[:n], values[:n], offsets, labels)


def _with_attributes(
    data: bytes, columns: Columns, attributed: list[int], offsets: Int64s, labels: np.ndarray[tuple[int], np.dtype[np.uint8]]
) -> tuple[Int64s, np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    """Offsets and labels with filtered attributes added, where they fit."""
    plain, ends, parts = labels.tobytes(), offsets.tolist(), []
    for k, has_attributes in enumerate(attributed):
        own = plain[ends[k] : ends[k + 1]]
        start, end = columns.exemplars[k, [EXEMPLAR_START, EXEMPLAR_END]].tolist()
        parts.append(_added(data, start, end, own) if has_attributes else own)
    longer = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=longer[1:])
    return longer, np.frombuffer(b"".join(parts), np.uint8)


def _added(data: bytes, start: int, end: int, own: bytes) -> bytes:
    try:
        found = dict(attributes(data, _FILTERED_ATTRIBUTES, start, end))
    except ProtobufError:
        return own  # its trace is worth more than its attributes
    pairs = found | dict(Labels.from_canonical(own))
    if "" in pairs or sum(len(name) + len(value) for name, value in pairs.items()) > _MOST_EXEMPLAR_RUNES:
        return own
    return Labels(pairs).canonical
