"""The cases of Prometheus' own suite that can't pass yet, by the reason why."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_name("known_gaps.txt")


def read_gaps(text: str) -> dict[str, str]:
    """Reasons by case name. ``[reason]`` opens a section; below it stand a file and the lines of its cases."""
    reasons: dict[str, str] = {}
    reason = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            reason = line.strip("[]")
            continue
        file, *numbers = line.split()
        reasons.update({f"{file}:{number}": reason for number in numbers})
    return reasons
