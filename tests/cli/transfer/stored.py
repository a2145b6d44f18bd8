"""Asking a running server for the samples that were sent to it."""

from __future__ import annotations

from fusewatch.telemetry.labels import Labels


def stored(server, selector, end_ms, span="1d"):
    """The samples (ms, value as text) of a selector by label set, up to a time."""
    found = server.query(f"{selector}[{span}]", time=f"{end_ms / 1000:.3f}")
    return {Labels(one["metric"]): [(round(time * 1000), value) for time, value in one["values"]] for one in found}


def as_text(source):
    """The same of samples (ms, value)."""
    return {labels: [(time, f"{value:g}") for time, value in rows] for labels, rows in source.items()}
