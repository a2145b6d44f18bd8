"""The labels of a scraped series: the line's own, the target's, metric relabelling, limits."""

from __future__ import annotations

from collections.abc import Mapping

from fusewatch.collect.config import ScrapeConfig
from fusewatch.collect.errors import LimitError, ScrapeError
from fusewatch.collect.relabel import Relabeller
from fusewatch.telemetry.labels import METRIC_NAME, Labels, is_legacy_label, is_legacy_metric


class SeriesNaming:
    """From a line's labels to the series' labels, for one target."""

    def __init__(self, config: ScrapeConfig, target: Mapping[str, str], relabeller: Relabeller) -> None:
        self._config = config
        self._target = target
        self._relabeller = relabeller
        self._limited = bool(config.label_limit or config.label_name_length_limit or config.label_value_length_limit)
        self._legacy = config.metric_name_validation_scheme == "legacy"

    def __call__(self, labels: dict[str, str]) -> Labels | None:
        """The series' labels; None when metric relabelling drops it.

        Raises:
            LimitError: more or longer labels than the job allows.
            ScrapeError: relabelling left no metric name, or names outside the legacy alphabet where the job demands it.
        """
        merged = honor(labels, self._target) if self._config.honor_labels else override(labels, self._target)
        if self._relabeller:
            relabelled = self._relabeller.apply(merged)
            if not relabelled:
                return None
            merged = relabelled
        named = Labels(merged)
        if not named.metric or (self._legacy and not _is_legacy(named)):
            message = f"invalid metric name or label names: {named}"
            raise ScrapeError(message)
        if self._limited:
            self._check(named)
        return named

    def _check(self, labels: Labels) -> None:
        config, metric = self._config, labels.metric[:50]
        if 0 < config.label_limit < len(labels):
            message = f"label_limit exceeded (metric: {metric}, number of labels: {len(labels)}, limit: {config.label_limit})"
            raise LimitError(message)
        limits = (("name", config.label_name_length_limit), ("value", config.label_value_length_limit))
        for pair in labels.items():
            for text, (what, limit) in zip(pair, limits, strict=True):
                if 0 < limit < len(text.encode()):
                    message = (
                        f"label_{what}_length_limit exceeded "
                        f"(metric: {metric}, label name: {pair[0][:50]}, length: {len(text.encode())}, limit: {limit})"
                    )
                    raise LimitError(message)


def honor(labels: Mapping[str, str], target: Mapping[str, str]) -> dict[str, str]:
    """``honor_labels: true``: what the line says wins, even where it says "" (which removes the label)."""
    return {**target, **labels}


def override(labels: dict[str, str], target: Mapping[str, str]) -> dict[str, str]:
    """``honor_labels: false``: the target's labels win; what they replace moves to ``exported_<name>``."""
    merged = {**labels, **target}
    conflicts = sorted((name for name in target if labels.get(name)), key=len)
    for name in conflicts:
        moved = f"exported_{name}"
        while merged.get(moved):
            moved = f"exported_{moved}"
        merged[moved] = labels[name]
    return merged


def _is_legacy(labels: Labels) -> bool:
    return is_legacy_metric(labels.metric) and all(is_legacy_label(name) for name in labels if name != METRIC_NAME)
