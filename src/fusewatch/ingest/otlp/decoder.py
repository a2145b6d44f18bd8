"""OTLP metrics against the known series: a request's bytes to what the log takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from fusewatch.ingest.otlp.blocks import Blocks
from fusewatch.ingest.otlp.config import OtlpSettings
from fusewatch.ingest.otlp.delta import DeltaState
from fusewatch.ingest.otlp.labelling import Labelling
from fusewatch.ingest.otlp.learning import Learning
from fusewatch.ingest.otlp.limited import Limited
from fusewatch.ingest.otlp.output import Effects, add_deltas, decoded_exemplars, decoded_histograms, float_rows, note_starts
from fusewatch.ingest.otlp.result import REASONS, OtlpResult
from fusewatch.telemetry.clock import Clock, SystemClock
from fusewatch.telemetry.hashing import draw_key
from fusewatch.telemetry.known_series import Decoded, KnownSeries
from fusewatch.telemetry.otlp.columns import (
    CUSTOM_BUCKETS,
    MISS_OF,
    MISSES,
    OPTIONS,
    POINT,
    POINTS,
    REASON,
    REFUSED,
    REFUSED_END,
    REFUSED_START,
    SCOPES,
    TARGET_INFO,
    ZERO_WITHIN,
    Known,
    Scratch,
)
from fusewatch.telemetry.otlp.plain import OtlpError, from_json, normalised
from fusewatch.telemetry.otlp.values import text_field
from fusewatch.telemetry.otlp.walker import walk
from fusewatch.telemetry.otlp.wire import MALFORMED, TOO_MANY, UNUSUAL
from fusewatch.telemetry.ports import OverloadedError, SamplesRejectedError
from fusewatch.telemetry.protobuf import ProtobufError

#: One walk finds what is new, a second writes it; more only where the table of series forgot in between.
_MOST_WALKS: Final = 5
_MS: Final = 1_000_000


class OtlpMetricsDecoder:
    """Decodes ExportMetricsServiceRequests against the known series, deltas added up.

    A new decoder is needed for new ``settings``: what it has learnt depends on them. Not for concurrent use: one request is decoded and
    handed to the log (or undone) before the next.
    """

    def __init__(self, series: KnownSeries, settings: OtlpSettings, state: DeltaState, clock: Clock | None = None) -> None:
        self._series = series
        self._settings = settings
        self._state = state
        self._limited = Limited(clock or SystemClock())
        self._blocks = Blocks()
        self._scratch = Scratch()
        self._salt = draw_key()
        self._seen = (series.epoch, state.version)
        self._options = np.zeros(OPTIONS, np.int64)
        self._options[SCOPES] = settings.promote_scope_metadata
        self._options[CUSTOM_BUCKETS] = settings.convert_histograms_to_nhcb
        self._options[TARGET_INFO] = settings.target_info
        self._options[ZERO_WITHIN] = settings.start_time_zero_sample * _MS

    def decode(self, body: bytes, *, json: bool = False) -> OtlpResult:
        """What a request says; what can't be stored is left out and counted. The arrays are good until the next call.

        Raises:
            OtlpError: not an ExportMetricsServiceRequest, or larger than the settings allow; nothing of it is used.
            OverloadedError: series were forgotten faster than the request was decoded; it may be sent again.
        """
        if len(body) > self._settings.body_limit:
            raise OtlpError(f"the request takes {len(body)} bytes, the limit is {self._settings.body_limit} (otlp.body_limit)")
        self._scratch = self._scratch.trimmed()
        self._limited.begin()
        data = from_json(body) if json else body
        for _ in range(_MOST_WALKS):
            epoch = self._series.epoch
            result = self._decode(data, epoch)
            if self._series.epoch == epoch:
                return result
            result.undo()
        raise OverloadedError("series are being forgotten; try again")

    def forget_idle(self, now_ms: int) -> int:
        """Forgets delta series without a point for the time in the settings; how many. To be called every minute or so."""
        self._limited.clear()
        return self._state.forget(now_ms - self._settings.delta_idle)

    def _decode(self, data: bytes, epoch: int) -> OtlpResult:
        if self._seen != (epoch, self._state.version):
            self._blocks.clear()
            self._seen = (epoch, self._state.version)
        data, learning = self._learnt(data)
        columns = self._scratch.columns
        numbers = columns.numbers
        starts = note_starts(columns, self._blocks)
        late, added = add_deltas(columns, self._state)
        histograms, late_natives, natives = decoded_histograms(columns, self._state)
        late += late_natives
        unknown = int((columns.misses[: numbers[MISSES], MISS_OF] == POINT).sum())
        rejected = int(numbers[REFUSED]) + unknown + late
        problem = self._problem(data, learning.problem, rejected) if rejected else None
        exemplars = decoded_exemplars(data, self._scratch)
        decoded = Decoded(epoch, *float_rows(columns, learning.zeros), histograms, exemplars, list(learning.metadata), problem)
        effects = Effects(
            self._state,
            self._state.version,
            replace(added, natives=natives),
            self._blocks,
            self._blocks.generation,
            learning.described,
            starts,
        )
        message = str(problem or learning.problem or "")
        return OtlpResult(decoded, points=int(numbers[POINTS]), rejected=rejected, message=message, undo=effects.undo)

    def _learnt(self, data: bytes) -> tuple[bytes, Learning]:
        """Walks until everything is known that can be; the data (in its plain form where it was unusual), and what was learnt."""
        size = self._scratch.fill(data)
        if self._walk(size) == UNUSUAL:
            data = normalised(data)
            size = self._scratch.fill(data)
            if self._walk(size) == UNUSUAL:
                raise OtlpError("proto: the body is not an ExportMetricsServiceRequest")
        labelling = Labelling(data, self._settings)
        learning = Learning(labelling, self._settings, self._series, self._blocks, self._state, self._limited)
        for _ in range(_MOST_WALKS):
            columns = self._scratch.columns
            if not columns.numbers[MISSES] or not learning.learn(data, columns.misses[: columns.numbers[MISSES]].tolist()):
                return data, learning
            self._walk(size)
        raise OverloadedError("series are forgotten as fast as they are learnt; try again")

    def _walk(self, size: int) -> int:
        while True:
            blocks = self._blocks
            known = Known(
                *self._series.fingerprints,
                blocks.keys,
                blocks.blocks,
                blocks.firsts,
                blocks.members,
                blocks.slots,
                blocks.starts,
                blocks.described,
                self._options,
            )
            status = walk(self._scratch.buffer, size, self._salt, self._series.key, known, self._scratch.columns)
            if status == MALFORMED:
                raise OtlpError("proto: the body is not an ExportMetricsServiceRequest")
            if status != TOO_MANY:
                return status
            self._scratch.widen()

    def _problem(self, data: bytes, learnt: SamplesRejectedError | None, rejected: int) -> SamplesRejectedError:
        """The first reason why points are left out, with their number."""
        numbers = self._scratch.columns.numbers
        problem = learnt
        if problem is None and numbers[REFUSED]:
            name = _name(data, int(numbers[REFUSED_START]), int(numbers[REFUSED_END]))
            problem = SamplesRejectedError(REASONS[int(numbers[REASON])].format(repr(name)), rejected)
        if problem is None:
            problem = SamplesRejectedError(
                "delta points that are not later than the last of their series: sent twice, or out of order", rejected
            )
        problem.rejected = rejected
        return problem


def _name(data: bytes, start: int, end: int) -> str:
    try:
        return text_field(data, 1, start, end)
    except ProtobufError:
        return "?"
