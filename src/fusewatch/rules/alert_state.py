"""What is known of one alert of a rule from one evaluation to the next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fusewatch.telemetry.labels import EMPTY, Labels


class State(StrEnum):
    """Where an alert stands, in Prometheus' words."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class Held(StrEnum):
    """Why an alert fires on without its condition."""

    #: It is not known whether its condition holds: there is no data.
    NO_DATA = "no data"
    #: Its clear condition does not hold yet.
    CLEAR = "not clear yet"
    #: For its rule's ``keep_firing_for``.
    KEEP_FIRING = "keep firing"
    #: It came and went too often.
    FLAPPING = "flapping"


@dataclass(slots=True, kw_only=True)
class ActiveAlert:
    """An alert, told from the others of its rule by its labels. Times in ms UTC; 0, or -1 for ``told_at``: not yet.

    ``value`` is the last one that its expression had; ``held`` says why it fires although the expression has none now, and ``held_since``
    from when. ``begun`` are the times when it last began to fire.
    """

    labels: Labels
    active_at: int
    value: Any = float("nan")
    annotations: Labels = EMPTY
    state: State = State.PENDING
    fired_at: int = 0
    resolved_at: int = 0
    held: Held | None = None
    held_since: int = 0
    last_seen: int = 0
    told_at: int = -1
    begun: deque[int] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def no_data_since(self) -> int:
        """When its data was last there, where there is none; else 0."""
        return self.held_since if self.held is Held.NO_DATA else 0

    def see(self, value: Any, now: int) -> None:
        """Its condition holds."""
        self.value, self.last_seen = value, now
        self.held, self.held_since = None, 0

    def hold(self, why: Held, now: int) -> None:
        """It fires on for another reason."""
        if self.held is not why:
            self.held, self.held_since = why, now

    def fire(self, now: int) -> None:
        """It has been pending for long enough."""
        self.state, self.fired_at = State.FIRING, now
        self.begun.append(now)

    def resolve(self, now: int) -> None:
        """It is over."""
        self.state, self.resolved_at = State.INACTIVE, now
        self.held, self.held_since = None, 0
