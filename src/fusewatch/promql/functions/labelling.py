"""``label_replace`` and ``label_join``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from fusewatch.promql.ast import ValueType
from fusewatch.promql.errors import ExecutionError
from fusewatch.promql.functions.function import CallContext, Function
from fusewatch.promql.matrix import Matrix, merged
from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.matchers import BadRegexError, compile_regex
from fusewatch.telemetry.regexes import expand


def valid_label_name(name: str) -> bool:
    """Whether ``name`` may name a label: any text of at least one character that is UTF-8."""
    return bool(name) and not any("\ud800" <= character <= "\udfff" for character in name)


def _label_replace(call: CallContext) -> Matrix:
    target, template, source, pattern = (call.string(index) for index in range(1, 5))
    try:
        regex = compile_regex(pattern)
    except BadRegexError as error:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern}") from error
    if not valid_label_name(target):
        raise ExecutionError(f"invalid destination label name in label_replace(): {target}")
    changed: list[Labels | None] = []
    for labels in call.vector(0).labels:
        found = regex.match(labels.get(source, ""))
        changed.append(None if found is None else labels.replace({target: expand(template, found)}))
    return _relabelled(call.vector(0), changed, target)


def _label_join(call: CallContext) -> Matrix:
    target, separator = call.string(1), call.string(2)
    sources = [call.string(index) for index in range(3, len(call.args))]
    for source in sources:
        if not valid_label_name(source):
            raise ExecutionError(f"invalid source label name in label_join(): {source}")
    if not valid_label_name(target):
        raise ExecutionError(f"invalid destination label name in label_join(): {target}")
    joined = (labels.replace({target: separator.join(labels.get(name, "") for name in sources)}) for labels in call.vector(0).labels)
    return _relabelled(call.vector(0), list(joined), target)


def _relabelled(vector: Matrix, changed: Sequence[Labels | None], target: str) -> Matrix:
    """``vector`` with new labels where there are any; a metric's name that was set here stays."""
    drop = vector.drop_name.copy()
    if target == METRIC_NAME:
        drop &= np.asarray([labels is None for labels in changed], np.bool_)
    labels = [old if new is None else new for old, new in zip(vector.labels, changed, strict=True)]
    return merged(replace(vector, labels=labels, drop_name=drop))


VECTOR, STRING = ValueType.VECTOR, ValueType.STRING
FUNCTIONS: Final = (
    Function("label_replace", (VECTOR, STRING, STRING, STRING, STRING), VECTOR, _label_replace),
    Function("label_join", (VECTOR, STRING, STRING, STRING), VECTOR, _label_join, required=3, at_most=-1),
)
