"""From files to groups of rules."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusewatch.documents.document import Document, read_document
from fusewatch.documents.problems import Problem
from fusewatch.documents.validation import validate
from fusewatch.rules.config import RuleFileConfig
from fusewatch.rules.model import Defaults, Group, group_of

_MAX_BYTES: Final = 64 << 20
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file that was read."""

    path: str
    config: RuleFileConfig

    def groups(self, defaults: Defaults) -> list[Group]:
        """Its groups as they are evaluated."""
        return [group_of(group, self.path, defaults) for group in self.config.groups]


def find_rule_files(patterns: Sequence[str], base: Path) -> tuple[list[Path], list[str]]:
    """The files that the patterns of ``rule_files`` name, each once and sorted, and the patterns that name none.

    Relative ones start at ``base``. As in Prometheus, a pattern with wildcards may find nothing.
    """
    found: dict[Path, None] = {}
    missing = []
    for pattern in patterns:
        matches = sorted(glob.glob(str(base / pattern)))  # noqa: PTH207 - a pattern may be absolute
        if not matches and not _WILD & set(pattern):
            missing.append(pattern)
        found.update(dict.fromkeys(map(Path, matches)))
    return list(found), missing


def read_rule_file(path: Path) -> tuple[RuleFile | None, list[Problem]]:
    """The file's content, or every mistake in it with its place."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None, [Problem(str(path), 0, "", f"larger than {_MAX_BYTES >> 20} MB; is this a rule file?")]
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return None, [Problem(str(path), 0, "", f"can't be read: {error.strerror}")]
    except UnicodeDecodeError:
        return None, [Problem(str(path), 0, "", "not a text file in UTF-8")]
    return parse_rules(text, str(path))


def parse_rules(text: str, file: str) -> tuple[RuleFile | None, list[Problem]]:
    """The same of a file's text."""
    document = read_document(text, file=file, base=Path(), environ=None)
    config = None
    if document.value is not None or not document.problems:
        config = validate(document, RuleFileConfig, example="groups:")
    if config is not None:
        _check_names(document, config)
    if config is None or document.problems:
        return None, sorted(document.problems, key=lambda problem: (problem.line, problem.key))
    return RuleFile(file, config), []


def _check_names(document: Document, config: RuleFileConfig) -> None:
    """Two groups of one name, and rules that stand twice in one group."""
    groups: dict[str, int] = {}
    for index, group in enumerate(config.groups):
        first = groups.setdefault(group.name, index)
        if first != index:
            document.report(("groups", index, "name"), f'groupname: "{group.name}" is repeated in the same file')
        rules: dict[object, int] = {}
        for place, rule in enumerate(group.rules):
            known = rules.setdefault((rule.record, rule.alert, rule.expr, tuple(sorted(rule.labels.items()))), place)
            if known != place:
                line = document.line(("groups", index, "rules", known))
                document.report(("groups", index, "rules", place), f"the same rule stands in line {line} already")
