"""The configuration in use, and how it is replaced while the server runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
import yaml

from fusewatch.documents.problems import Problem, SettingsError
from fusewatch.server.logs import hide_in_text
from fusewatch.server.own_metrics import OwnMetrics
from fusewatch.server.settings.model import Settings
from fusewatch.server.settings.source import SettingsSource
from fusewatch.telemetry.clock import Clock
from fusewatch.telemetry.events import Event
from fusewatch.telemetry.ports import EventSink, StorageError

#: Top-level keys that take effect at a reload; a change of any other is refused.
RELOADABLE: Final = frozenset(
    {"external_url", "global_", "scrape_configs", "rule_files", "rules", "time_intervals", "remote_write", "host", "log"}
)

#: Takes up new settings; must not fail once they were validated.
Apply = Callable[[Settings], Awaitable[None]]


class Configuration:
    """Holds the settings, reloads them all or nothing, and remembers how the last reload went."""

    def __init__(
        self,
        *,
        source: SettingsSource,
        settings: Settings,
        clock: Clock,
        metrics: OwnMetrics,
        events: EventSink,
        apply: Sequence[Apply],
    ) -> None:
        self.settings = settings
        self.loaded_at = clock.now_ms()
        self.problems: list[Problem] = []
        self._source = source
        self._clock = clock
        self._metrics = metrics
        self._events = events
        self._apply = list(apply)
        self._lock = asyncio.Lock()
        self._log = structlog.get_logger("fusewatch.configuration").bind(component="configuration")
        metrics.configuration_loaded(ok=True)

    @property
    def ok(self) -> bool:
        """Whether the last reload worked (or none was asked for)."""
        return not self.problems

    def problem(self) -> str | None:
        """What was wrong with the file that could not be reloaded, in one sentence; None when nothing was."""
        if not self.problems:
            return None
        more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        return f"{self.problems[0]}{more}"

    @property
    def path(self) -> str:
        """The file in use, "" without one."""
        return str(self._source.path or "")

    def effective(self) -> str:
        """The whole configuration as YAML, defaults filled in, secrets hidden."""
        return show_settings(self.settings)

    async def reload(self) -> None:
        """Takes up the file as it is now.

        Raises:
            SettingsError: it can't be used, or changes what needs a restart; everything stays as it was.
        """
        async with self._lock:
            try:
                settings = await asyncio.to_thread(self._source.load)
                self._refuse_fixed(settings)
            except SettingsError as error:
                self.problems = error.problems
                self._metrics.configuration_loaded(ok=False)
                self._log.error("the configuration was not reloaded", problems=[str(problem) for problem in error.problems])
                raise
            for apply in self._apply:
                await apply(settings)
            changed = _changed(self.settings, settings)
            self.settings, self.loaded_at, self.problems = settings, self._clock.now_ms(), []
            self._metrics.configuration_loaded(ok=True)
            self._log.info("the configuration was reloaded", changed=changed)
            await self._write_event(changed)

    def _refuse_fixed(self, settings: Settings) -> None:
        fixed = [name for name in _changed(self.settings, settings) if name.rstrip("_") not in {key.rstrip("_") for key in RELOADABLE}]
        if fixed:
            message = "can't be changed while the server runs; restart it, or take the change back"
            raise SettingsError([Problem(self.path, 0, name, message) for name in fixed])

    async def _write_event(self, changed: Sequence[str]) -> None:
        text = f"Changed: {', '.join(changed)}." if changed else "Nothing changed."
        event = Event(
            id=f"configuration-{secrets.token_hex(8)}",
            timestamp=self.loaded_at,
            kind="configuration",
            title="Fusewatch's configuration was reloaded",
            text=text,
            source="fusewatch",
        )
        try:
            await self._events.write_event(event)
        except StorageError as error:
            self._log.warning("the reload could not be noted as an event", error=str(error))


def show_settings(settings: Settings) -> str:
    """Settings as YAML with secrets hidden."""
    values = _without_passwords(settings.model_dump(mode="json", by_alias=True, exclude_none=True))
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)


def _without_passwords(value: Any) -> Any:
    """The same with the passwords in URLs hidden."""
    match value:
        case dict():
            return {key: _without_passwords(inner) for key, inner in value.items()}
        case list():
            return [_without_passwords(inner) for inner in value]
        case str():
            return hide_in_text(value)
        case _:
            return value


def _changed(old: Settings, new: Settings) -> list[str]:
    """The top-level keys, as the file writes them, whose values differ."""
    changed = [field.alias or name for name, field in Settings.model_fields.items() if getattr(old, name) != getattr(new, name)]
    # The files' names may be the same.
    same_rules = "rule_files" in changed or old.rule_files_read == new.rule_files_read
    return changed if same_rules else [*changed, "rule_files"]
