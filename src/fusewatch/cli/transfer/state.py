"""How far an import has come, kept between runs: an interrupted one goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

_SAVE_EVERY_S: Final = 1.0


@dataclass(slots=True)
class Progress:
    """By ULID of a block: the position behind what the server has acknowledged, -1 when that is all; and what it refused."""

    positions: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    reason: str = ""


class StateFile:
    """The progress of one selection of samples to one target, in a file of its own."""

    def __init__(self, folder: Path, key: Mapping[str, Any]) -> None:
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        self.path = folder / f"import-{name}.json"
        self._key = dict(key)
        self._saved = 0.0

    def load(self) -> Progress:
        """The progress of an earlier run, or none."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))["progress"]
            positions = {str(ulid): int(position) for ulid, position in found["positions"].items()}
            return Progress(positions, int(found["refused"]), str(found["reason"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Progress()  # what is sent twice does no harm

    def save(self, progress: Progress, *, now: bool = False) -> None:
        """Writes it down, at most once a second unless ``now``.

        Raises:
            OSError: it can't be written.
        """
        if not now and time.monotonic() - self._saved < _SAVE_EVERY_S:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps({"import": self._key, "progress": asdict(progress)}, indent=1), encoding="utf-8")
        beside.replace(self.path)
        self._saved = time.monotonic()

    def forget(self) -> None:
        """Removes the file: the import is over."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def state_folder() -> Path:
    """Where this user's programs keep their state (https://specifications.freedesktop.org/basedir-spec/latest/)."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "fusewatch"
