"""Sorting the answer of an instant query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from fusewatch.promql.ast import ValueType
from fusewatch.promql.functions.function import CallContext, Function, Implementation
from fusewatch.promql.matrix import Matrix
from fusewatch.telemetry.labels import Labels

_CHUNKS = re.compile(r"([0-9]+)")


def _sortable(call: CallContext) -> bool:
    if call.query.count == 1:
        return True
    call.notes.warn("sort is ineffective for range queries since results are always ordered by labels", call.node.span)
    return False


def _by_value(*, descending: bool) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.vector(0).floats.trimmed()
        if not _sortable(call) or call.grid.count != 1:
            return vector
        values = vector.values[:, 0]
        return vector.rows(np.argsort(-values if descending else values, kind="stable"))

    return apply


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Orders texts by their letters and by the numbers within them: ``node-9`` before ``node-10``."""
    parts = _CHUNKS.split(text)
    return tuple((0, int(part), part) if index % 2 else (1, 0, part) for index, part in enumerate(parts) if part)


def _by_label(*, descending: bool) -> Implementation:
    def apply(call: CallContext) -> Matrix:
        vector = call.vector(0)
        names = [call.string(index) for index in range(1, len(call.args))]
        if not _sortable(call):
            return vector
        keys = [_label_key(labels, names) for labels in vector.labels]
        return vector.rows(sorted(range(len(vector)), key=keys.__getitem__, reverse=descending))

    return apply


def _label_key(labels: Labels, names: Sequence[str]) -> tuple[object, ...]:
    return (*(natural_key(labels.get(name, "")) for name in names), labels.pairs)


VECTOR, STRING = ValueType.VECTOR, ValueType.STRING
FUNCTIONS: Final = (
    Function("sort", (VECTOR,), VECTOR, _by_value(descending=False)),
    Function("sort_desc", (VECTOR,), VECTOR, _by_value(descending=True)),
    Function("sort_by_label", (VECTOR, STRING), VECTOR, _by_label(descending=False), required=1, at_most=-1),
    Function("sort_by_label_desc", (VECTOR, STRING), VECTOR, _by_label(descending=True), required=1, at_most=-1),
)
