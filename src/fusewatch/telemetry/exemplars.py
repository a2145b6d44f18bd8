"""Exemplars: single observations that stand for many, as a rule with the trace they belong to."""

from __future__ import annotations

from dataclasses import dataclass

from fusewatch.telemetry.labels import Labels


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation: when (ms UTC), its value, and its own labels, such as ``trace_id``."""

    timestamp: int
    value: float
    labels: Labels
