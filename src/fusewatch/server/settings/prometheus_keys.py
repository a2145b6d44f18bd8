"""Blocks that prometheus.yml may have and this version of Fusewatch has not, so that an error can say so.

What lies inside of ``global`` and ``scrape_configs`` is the business of :mod:`fusewatch.collect`. From Prometheus' configuration reference,
https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

from __future__ import annotations

from typing import Final

from fusewatch.documents.problems import KeyPath

_TOP: Final = frozenset(
    {"alerting", "otlp", "remote_read", "runtime", "scrape_config_files", "tracing"},
)
_STORAGE: Final = frozenset({"exemplars", "tsdb"})
_WORDS: Final = "Prometheus has this setting, this version of Fusewatch has not"


def known_to_prometheus(path: KeyPath) -> str | None:
    """What to say of a key that prometheus.yml may have at this place; None where it may not."""
    match path:
        case (key,) if key in _TOP:
            return _WORDS
        case ("storage", key) if key in _STORAGE:
            return _WORDS
        case _:
            return None
