"""Fusewatch: metrics, logs, traces, alerts and the procedures around them, as one program."""

from __future__ import annotations

__version__ = "0.1.0"
