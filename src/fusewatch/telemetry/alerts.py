"""Alerts on their way from rules, or from other servers, to whoever notifies people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fusewatch.telemetry.labels import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is wrong with something; its labels tell it from all others.

    ``starts_at`` is when it began to fire, ``ends_at`` when it was or, unless it is told again, will be over (ms UTC).
    """

    labels: Labels
    annotations: Labels
    starts_at: int
    ends_at: int
    generator_url: str = ""

    def is_resolved(self, now_ms: int) -> bool:
        """Whether it is over."""
        return self.ends_at <= now_ms


class Notifier(Protocol):
    """Who is told of alerts."""

    async def notify(self, alerts: Sequence[Alert]) -> None:
        """Returns once the alerts are kept durably; an alert of the same labels as one before updates it.

        Raises:
            OSError: they could not be kept; tell them again.
        """
        ...


class Nobody:
    """Where there is no one to tell."""

    async def notify(self, alerts: Sequence[Alert]) -> None:
        """Keeps nothing."""
