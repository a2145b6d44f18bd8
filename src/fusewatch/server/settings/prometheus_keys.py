"""Blocks that prometheus.yml may have and this version of Fusewatch has not, so that an error can say so.

What lies inside of ``global`` and ``scrape_configs`` is the business of :mod:`fusewatch.collect`. From Prometheus' configuration reference,
https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

from __future__ import annotations

from typing import Final

from fusewatch.server.settings.problems import KeyPath

_TOP: Final = frozenset(
    {"alerting", "otlp", "remote_read", "rule_files", "runtime", "scrape_config_files", "tracing"},
)
_STORAGE: Final = frozenset({"exemplars", "tsdb"})


def known_to_prometheus(path: KeyPath) -> bool:
    """Whether prometheus.yml may have this key at this place."""
    match path:
        case (key,):
            return key in _TOP
        case ("storage", key):
            return key in _STORAGE
        case _:
            return False
