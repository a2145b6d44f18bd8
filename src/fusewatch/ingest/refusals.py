"""What a request brings that can't be stored, in Prometheus' words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fusewatch.telemetry.labels import METRIC_NAME, Labels
from fusewatch.telemetry.ports import SamplesRejectedError


class Refusals:
    """The first reason for which samples are left out, and how many are in all."""

    def __init__(self) -> None:
        self._first: SamplesRejectedError | None = None
        self._count = 0

    def add(self, reason: SamplesRejectedError | None, samples: int) -> None:
        """Leaves out ``samples``, if there is a reason."""
        if reason is not None:
            self._first = self._first or reason
            self._count += samples

    @property
    def problem(self) -> SamplesRejectedError | None:
        """What to tell the sender; None when all is well."""
        if self._first is not None:
            self._first.rejected = self._count
        return self._first


def checked_labels(pairs: Sequence[tuple[str, str]]) -> Labels:
    """A label set that may be stored, in any order on the wire.

    Raises:
        SamplesRejectedError: no metric name, an empty label name, or a label twice.
    """
    names = [name for name, _ in pairs]
    labels = Labels(pairs)
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise SamplesRejectedError(f'invalid labels for series, labels {show_labels(pairs)}, duplicated label "{twice}"', 1)
    if METRIC_NAME not in labels or "" in names:
        raise SamplesRejectedError(f"invalid metric name or labels, got {show_labels(pairs)}", 1)
    return labels


def show_labels(pairs: Sequence[tuple[str, str]]) -> str:
    """Labels as Prometheus' messages have them, cut off where they are long."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in pairs)[:500] + "}"
