"""Relabelling: rules that rewrite, keep or drop label sets; the same for targets and for scraped series.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import Field, field_validator, model_validator

from fusewatch.telemetry.config import Block
from fusewatch.telemetry.matchers import compile_regex
from fusewatch.telemetry.regexes import expand

DEFAULT_REGEX: Final = "(.*)"
DEFAULT_REPLACEMENT: Final = "$1"
DEFAULT_SEPARATOR: Final = ";"


class Action(StrEnum):
    """What a rule does."""

    REPLACE = "replace"
    KEEP = "keep"
    DROP = "drop"
    KEEP_EQUAL = "keepequal"
    DROP_EQUAL = "dropequal"
    HASHMOD = "hashmod"
    LABELMAP = "labelmap"
    LABELDROP = "labeldrop"
    LABELKEEP = "labelkeep"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"


_NEED_TARGET = frozenset({Action.REPLACE, Action.HASHMOD, Action.LOWERCASE, Action.UPPERCASE, Action.KEEP_EQUAL, Action.DROP_EQUAL})
_NO_REPLACEMENT = frozenset({Action.LOWERCASE, Action.UPPERCASE, Action.KEEP_EQUAL, Action.DROP_EQUAL})
_BY_EQUALITY = frozenset({Action.KEEP_EQUAL, Action.DROP_EQUAL})
_BY_NAME = frozenset({Action.LABELDROP, Action.LABELKEEP})


class RelabelConfig(Block):
    """One rule, as prometheus.yml writes it."""

    source_labels: tuple[str, ...] = ()
    separator: str = DEFAULT_SEPARATOR
    target_label: str = ""
    regex: str = DEFAULT_REGEX
    modulus: int = Field(default=0, ge=0)
    replacement: str = DEFAULT_REPLACEMENT
    action: Action = Action.REPLACE

    @field_validator("action", mode="before")
    @classmethod
    def _any_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("regex", "replacement", "separator", mode="before")
    @classmethod
    def _scalar(cls, value: Any) -> Any:
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        compile_regex(value)
        return value

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        action = self.action
        if action is Action.HASHMOD and self.modulus == 0:
            raise ValueError("relabel configuration for hashmod requires non-zero modulus")
        if action in _NEED_TARGET and not self.target_label:
            message = f"relabel configuration for {action} action requires 'target_label' value"
            raise ValueError(message)
        if action in _NO_REPLACEMENT and self.replacement != DEFAULT_REPLACEMENT:
            message = f"'replacement' can not be set for {action} action"
            raise ValueError(message)
        if action is Action.LABELMAP and not self.replacement:
            message = f"{self.replacement!r} is invalid 'replacement' for {action} action"
            raise ValueError(message)
        defaults = self.modulus == 0 and self.separator == DEFAULT_SEPARATOR and self.replacement == DEFAULT_REPLACEMENT
        if action in _BY_EQUALITY and not (defaults and self.regex == DEFAULT_REGEX):
            message = f"{action} action requires only 'source_labels' and 'target_label', and no other fields"
            raise ValueError(message)
        if action in _BY_NAME and not (defaults and not self.source_labels and not self.target_label):
            message = f"{action} action requires only 'regex', and no other fields"
            raise ValueError(message)
        return self


Rule = Callable[[dict[str, str]], bool]


class Relabeller:
    """Rules, compiled once, applied in their order."""

    def __init__(self, configs: Iterable[RelabelConfig]) -> None:
        self._rules: tuple[Rule, ...] = tuple(_compile(config) for config in configs)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def apply(self, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The label set after all rules, without empty values; None when a rule dropped it."""
        changed = {name: value for name, value in labels.items() if value}
        for rule in self._rules:
            if not rule(changed):
                return None
        return changed


def _compile(config: RelabelConfig) -> Rule:
    """The rule as a function that changes a label set in place and says whether to keep it."""
    match config.action:
        case Action.KEEP | Action.DROP:
            return _filter(config)
        case Action.KEEP_EQUAL | Action.DROP_EQUAL:
            return _compare(config)
        case Action.LABELMAP:
            return _map_names(config)
        case Action.LABELDROP | Action.LABELKEEP:
            return _filter_names(config)
        case Action.REPLACE:
            return _replace(config)
        case Action.LOWERCASE:
            return _transform(config, str.lower)
        case Action.UPPERCASE:
            return _transform(config, str.upper)
        case Action.HASHMOD:
            return _transform(config, lambda value: _hashmod(value, config.modulus))


def _source(config: RelabelConfig) -> Callable[[Mapping[str, str]], str]:
    names, separator = config.source_labels, config.separator
    if len(names) == 1:
        (only,) = names
        return lambda labels: labels.get(only, "")
    return lambda labels: separator.join([labels.get(name, "") for name in names])


def _matcher(pattern: str) -> Callable[[str], object]:
    """Whether a value matches; a literal needs no regular expression (ten times faster on large target lists)."""
    if re.fullmatch(r"[\w/:;@ -]*", pattern):
        return pattern.__eq__
    match: Callable[[str], object] = compile_regex(pattern).match
    return match


def _filter(config: RelabelConfig) -> Rule:
    source, matches, keep = _source(config), _matcher(config.regex), config.action is Action.KEEP
    return lambda labels: bool(matches(source(labels))) is keep


def _compare(config: RelabelConfig) -> Rule:
    source, target, keep = _source(config), config.target_label, config.action is Action.KEEP_EQUAL
    return lambda labels: (labels.get(target, "") == source(labels)) is keep


def _replace(config: RelabelConfig) -> Rule:
    source, pattern = _source(config), compile_regex(config.regex)
    whole = config.regex == DEFAULT_REGEX and config.replacement == DEFAULT_REPLACEMENT and "$" not in config.target_label

    def rule(labels: dict[str, str]) -> bool:
        value = source(labels)
        if whole:
            _set(labels, config.target_label, value)
            return True
        found = pattern.match(value)
        if found is not None:
            _set(labels, expand(config.target_label, found), expand(config.replacement, found))
        return True

    return rule


def _transform(config: RelabelConfig, change: Callable[[str], str]) -> Rule:
    source, target = _source(config), config.target_label

    def rule(labels: dict[str, str]) -> bool:
        _set(labels, target, change(source(labels)))
        return True

    return rule


def _map_names(config: RelabelConfig) -> Rule:
    pattern = compile_regex(config.regex)

    def rule(labels: dict[str, str]) -> bool:
        for name, value in list(labels.items()):
            found = pattern.match(name)
            if found is not None:
                _set(labels, expand(config.replacement, found), value)
        return True

    return rule


def _filter_names(config: RelabelConfig) -> Rule:
    matches, keep = _matcher(config.regex), config.action is Action.LABELKEEP

    def rule(labels: dict[str, str]) -> bool:
        for name in [name for name in labels if bool(matches(name)) is not keep]:
            del labels[name]
        return True

    return rule


def _set(labels: dict[str, str], name: str, value: str) -> None:
    """An empty value removes the label; an empty name is no label and changes nothing."""
    if value and name:
        labels[name] = value
    else:
        labels.pop(name, None)


def _hashmod(value: str, modulus: int) -> str:
    digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % modulus)
