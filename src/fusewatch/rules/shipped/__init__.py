"""The alerts that come with Fusewatch: those of the operators' guide, with expressions that do what it means."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from fusewatch.rules.errors import RuleError
from fusewatch.rules.loading import RuleFile, parse_rules

#: In this order.
FILES: Final = ("guide.yml", "presence.yml")


@cache
def shipped_rules() -> Sequence[RuleFile]:
    """The files as they are; a test holds them valid.

    Raises:
        RuleError: one has been damaged.
    """
    return tuple(_read(name) for name in FILES)


def _read(name: str) -> RuleFile:
    file, problems = parse_rules(files(__name__).joinpath(name).read_text(encoding="utf-8"), f"fusewatch/{name}")
    if file is None:
        raise RuleError(f"{name} of this installation is damaged: {problems[0]}")
    return file
