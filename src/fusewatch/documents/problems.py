"""What can be wrong with a configuration file.

SettingsError    the file can't be used; carries every Problem found
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Where a value stands in the file: mapping keys and list indices from the root.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands and what to do about it.

    ``line`` counts from 1 (0: the file as a whole); ``key`` reads like ``scrape_configs[0].scrape_interval``, empty for the whole file;
    ``nearest`` is the known key that the writer may have meant.
    """

    file: str
    line: int
    key: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f' (did you mean "{self.nearest}"?)' if self.nearest else ""
        return ": ".join(part for part in (place, self.key, self.message + hint) if part)


class SettingsError(Exception):
    """The configuration can't be used."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = list(problems)


def format_key(path: KeyPath) -> str:
    """The path as people write it: ``scrape_configs[0].job_name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text
