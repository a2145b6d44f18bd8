"""Events: what happened and when; the annotation layer of every graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once or lasted for a while.

    ``timestamp`` and ``end`` are milliseconds UTC (``end`` 0: a moment). ``kind`` is a short noun such as deployment, configuration,
    restart, scaling, alert. ``id`` is opaque; writing an event with a known id replaces it, so a repeated webhook is harmless.
    """

    id: str
    timestamp: int
    kind: str
    title: str
    text: str = ""
    source: str = ""
    end: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
