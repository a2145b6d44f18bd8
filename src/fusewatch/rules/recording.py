"""Evaluates a recording rule: the result of its expression under the rule's name.

https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
"""

from __future__ import annotations

from fusewatch.rules.errors import EvaluationError, TooManyError
from fusewatch.rules.model import RecordingRule
from fusewatch.rules.output import Output
from fusewatch.rules.vector import Vector
from fusewatch.telemetry.labels import METRIC_NAME, Labels


def recorded(rule: RecordingRule, vector: Vector, timestamp: int, *, limit: int = 0) -> Output:
    """What the rule writes for a result at ``timestamp`` (ms UTC).

    Raises:
        EvaluationError: two results have the same labels once they are renamed.
        TooManyError: there are more than ``limit``.
    """
    if 0 < limit < len(vector):
        raise TooManyError(f"exceeded limit of {limit} with {len(vector)} series")
    output, changes = Output(timestamp), {METRIC_NAME: rule.name, **rule.labels}
    values = vector.values.tolist()
    for row, labels in enumerate(vector.labels):
        series: Labels = labels.replace(changes)
        if series in output.numbers or series in output.histograms:
            raise EvaluationError("vector contains metrics with the same labelset after applying rule labels")
        histogram = vector.histogram(row)
        if histogram is None:
            output.numbers[series] = values[row]
        else:
            output.histograms[series] = histogram
    return output
