"""What was expected beside what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fusewatch.promql.notation.histograms import indexed, parse_histogram
from fusewatch.promql.notation.series import parse_series
from fusewatch.rules.alert_series import ALERT_NAME
from fusewatch.rules.alert_state import ActiveAlert, State
from fusewatch.rules.unit_tests.config import AlertTest, ExpressionTest
from fusewatch.rules.vector import Vector
from fusewatch.telemetry.histograms import Histogram
from fusewatch.telemetry.labels import EMPTY, Labels

#: Relative errors: sums come out a little different in another order.
_EXACT: Final = 1e-12
_FUZZY: Final = 1e-6


def alerts_difference(expected: AlertTest, found: Sequence[ActiveAlert]) -> str:
    """How the alerts that fire differ from those that are expected, an empty text where they do not."""
    wanted = sorted(
        _alert_text(Labels({**one.exp_labels, ALERT_NAME: expected.alertname}), Labels(one.exp_annotations)) for one in expected.exp_alerts
    )
    got = sorted(_alert_text(alert.labels, alert.annotations) for alert in found if alert.state is State.FIRING)
    return "" if wanted == got else _beside(wanted, got)


def _alert_text(labels: Labels, annotations: Labels) -> str:
    return f"{labels}" + (f" with {annotations}" if annotations else "")


def samples_difference(expected: ExpressionTest, found: Vector, *, fuzzy: bool) -> str:
    """How an expression's samples differ from those that are expected, an empty text where they do not.

    Raises:
        NotationError: what is expected can't be read.
    """
    wanted: dict[Labels, float | Histogram] = {}
    for sample in expected.exp_samples:
        labels = parse_series(f"{sample.labels} 1")[0] if sample.labels.strip() else EMPTY
        wanted[labels] = parse_histogram(sample.histogram).histogram if sample.histogram else sample.value
    values = found.values.tolist()
    got = {labels: found.histogram(row) or values[row] for row, labels in enumerate(found.labels)}
    if wanted.keys() == got.keys() and all(_same(wanted[labels], got[labels], _FUZZY if fuzzy else _EXACT) for labels in wanted):
        return ""
    return _beside(_shown(wanted), _shown(got))


def _same(wanted: Any, got: Any, tolerance: float) -> bool:
    if isinstance(wanted, Histogram) or isinstance(got, Histogram):
        if not (isinstance(wanted, Histogram) and isinstance(got, Histogram)):
            return False
        one, other = _parts(wanted), _parts(got)
        return one.keys() == other.keys() and all(_close(one[name], other[name], tolerance) for name in one)
    return _close(wanted, got, tolerance)


def _close(wanted: float, got: float, tolerance: float) -> bool:
    return (math.isnan(wanted) and math.isnan(got)) or wanted == got or math.isclose(wanted, got, rel_tol=tolerance)


def _parts(histogram: Histogram) -> dict[str, float]:
    """Everything that is compared, by name."""
    return {
        "schema": float(histogram.schema),
        "count": histogram.count,
        "sum": histogram.sum,
        "zero threshold": histogram.zero_threshold,
        "zero count": histogram.zero_count,
        **{f"+{index}": count for index, count in indexed(histogram.positive_spans, histogram.positive_buckets).items()},
        **{f"-{index}": count for index, count in indexed(histogram.negative_spans, histogram.negative_buckets).items()},
        **{f"bound {place}": bound for place, bound in enumerate(histogram.custom_values)},
    }


def _shown(samples: Mapping[Labels, Any]) -> list[str]:
    return sorted(f"{labels} {value if isinstance(value, float) else _parts(value)}" for labels, value in samples.items())


def _beside(wanted: Sequence[str], got: Sequence[str]) -> str:
    return "\n".join(
        ["expected:", *([f"  {line}" for line in wanted] or ["  nothing"]), "got:", *([f"  {line}" for line in got] or ["  nothing"])]
    )
