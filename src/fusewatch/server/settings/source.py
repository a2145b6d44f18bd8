"""Where the settings come from: a file, and what the command line says over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusewatch.documents.problems import Problem, SettingsError
from fusewatch.server.settings.loading import load_settings
from fusewatch.server.settings.model import Settings
from fusewatch.telemetry.addresses import split_listen


class SettingsSource:
    """Loads the same settings again and again; what the command line set stays set.

    ``path`` is None when the server runs without a file.
    """

    def __init__(self, path: Path | None, *, data: str | None = None, listen: str | None = None) -> None:
        self.path = path
        self._data = data
        self._listen = listen

    def load(self, *, rules: bool = True) -> Settings:
        """The settings as they are now; without ``rules``, rule files are not read. Blocks.

        Raises:
            SettingsError: the file or an option can't be used.
        """
        settings = load_settings(self.path, rules=rules)
        changes: dict[str, Any] = {}
        if self._data is not None:
            changes["data"] = self._data
        if self._listen is not None:
            try:
                split_listen(self._listen)
            except ValueError as error:
                raise SettingsError([Problem("fusewatch: --listen", 0, "", str(error))]) from error
            changes["listen"] = self._listen
        return settings.model_copy(update=changes)
