"""Starts everything that runs, restarts what fails, stops it in reverse."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import structlog

from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.components import Component

State = Literal["starting", "running", "failed", "stopped"]

STATE_STARTING: Final[State] = "starting"
STATE_RUNNING: Final[State] = "running"
STATE_FAILED: Final[State] = "failed"
STATE_STOPPED: Final[State] = "stopped"


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """How one component is. ``since`` is when it took this state, milliseconds UTC; ``reason`` says why it is not ready yet."""

    name: str
    state: State
    since: int
    restarts: int = 0
    last_error: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """How long to wait before a failed component is started again: doubling from ``first_s`` to ``longest_s``, plus up to ``jitter`` of it.

    A component that ran for ``reset_after_s`` counts as healthy again.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    reset_after_s: float = 60.0
    jitter: float = 0.2

    def delay(self, failures: int, chance: Callable[[], float] = random.random) -> float:
        """Seconds to wait after that many failures in a row."""
        plain = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 32))
        return plain * (1 + self.jitter * chance())


@dataclass(slots=True)
class _Entry:
    component: Component
    status: ComponentStatus
    failures: int = 0
    task: asyncio.Task[None] | None = field(default=None)


class Supervisor:
    """Runs components in the order given, which is the order of their dependencies; more may be started later.

    Their order of stopping is the reverse. ``stop_within_s`` bounds the stop of each; one that does not end by then is
    left behind and named in the log.
    """

    def __init__(self, *, clock: Clock, back_off: BackOff | None = None, stop_within_s: float = 5.0) -> None:
        self._clock = clock
        self._back_off = back_off or BackOff()
        self._stop_within_s = stop_within_s
        self._entries: list[_Entry] = []
        self._log = structlog.get_logger("fusewatch.supervisor").bind(component="supervisor")

    def start(self, components: Sequence[Component]) -> None:
        """Starts the components in order; needs a running loop.

        Raises:
            ValueError: two components have one name.
        """
        for component in components:
            if any(entry.component.name == component.name for entry in self._entries):
                raise ValueError(f"two components are named {component.name!r}")
            entry = _Entry(component, ComponentStatus(component.name, STATE_STARTING, self._clock.now_ms()))
            entry.task = asyncio.create_task(self._keep_running(entry), name=component.name)
            self._entries.append(entry)

    async def stop(self, *, within_s: float = 60.0) -> None:
        """Stops all components, the last started first, within that many seconds in all. Safe to call twice."""
        end = self._clock.monotonic() + within_s
        for entry in reversed(self._entries):
            await self._stop(entry, max(0.0, min(self._stop_within_s, end - self._clock.monotonic())))

    async def end(self, name: str) -> None:
        """Stops one component and forgets it."""
        for entry in [entry for entry in self._entries if entry.component.name == name]:
            await self._stop(entry, self._stop_within_s)
            self._entries.remove(entry)

    def statuses(self) -> list[ComponentStatus]:
        """How each component is, in the order of starting."""
        return [self._with_reason(entry) for entry in self._entries]

    def unready_reasons(self) -> list[str]:
        """Why the whole is not ready: a sentence for each component that is not; empty when it is.

        A component may say that it is ``dispensable``: the whole is ready without it.
        """
        reasons = []
        for status in [self._with_reason(entry) for entry in self._entries if not getattr(entry.component, "dispensable", False)]:
            if status.state == STATE_FAILED:
                reasons.append(f"{status.name}: failed, starting again: {status.last_error}")
            elif status.reason is not None:
                reasons.append(f"{status.name}: {status.reason}")
        return reasons

    @staticmethod
    def _with_reason(entry: _Entry) -> ComponentStatus:
        ask = getattr(entry.component, "unready_reason", None)
        reason: str | None = ask() if ask is not None and entry.status.state == STATE_RUNNING else None
        return replace(entry.status, state=STATE_STARTING, reason=reason) if reason else entry.status

    async def _keep_running(self, entry: _Entry) -> None:
        while True:
            self._set(entry, STATE_RUNNING)
            started = self._clock.monotonic()
            error = await self._run_once(entry)
            if self._clock.monotonic() - started >= self._back_off.reset_after_s:
                entry.failures = 0
            entry.failures += 1
            entry.status = replace(entry.status, restarts=entry.status.restarts + 1, last_error=error)
            self._set(entry, STATE_FAILED)
            delay = self._back_off.delay(entry.failures)
            self._log.error("component failed", failed=entry.component.name, error=error, restart_in_seconds=round(delay, 2))
            await asyncio.sleep(delay)

    async def _run_once(self, entry: _Entry) -> str:
        """What made the component end; cancellation passes through."""
        try:
            await entry.component.run()
        except Exception as error:  # noqa: BLE001 - whatever it was, the component is started again
            self._log.debug("component failed with", failed=entry.component.name, exc_info=True)
            return _describe(error)
        return "ended by itself"

    async def _stop(self, entry: _Entry, within_s: float) -> None:
        task = entry.task
        if task is None or entry.status.state == STATE_STOPPED:
            return
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=within_s)
        if not done:
            self._log.error("component did not stop in time", left=entry.component.name, seconds=within_s)
        elif not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("component failed while stopping", failed=entry.component.name, error=str(error))
        self._set(entry, STATE_STOPPED)

    def _set(self, entry: _Entry, state: State) -> None:
        entry.status = replace(entry.status, state=state, since=self._clock.now_ms())


def _describe(error: BaseException) -> str:
    """The error in a line; of a task group's errors the first, which is nearly always the only one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
