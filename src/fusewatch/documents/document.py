"""A YAML file with the line of every key and value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from fusewatch.documents.environment import MissingVariableError, substitute
from fusewatch.documents.problems import KeyPath, Problem, format_key

_MERGE = "tag:yaml.org,2002:merge"
# Templates with a ${name} of their own (relabelling: named groups), which Prometheus users write without escapes.
_TEMPLATES: Final = frozenset({"replacement", "target_label"})
# Below these a key "files" lists paths.
_PATH_LISTS: Final = frozenset({"file_sd_configs", "http_headers"})
# Far above any real file; an alias that doubles itself twenty times stops here.
_MAX_NODES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and its text when it is a scalar (after substitution)."""

    line: int
    text: str | None = None


@dataclass(slots=True)
class Document:
    """What a file holds: plain values, where each stands, and what was wrong with the YAML itself.

    ``empty`` names the keys without a value; they are not in ``value``, so that an empty block means its defaults, as in Prometheus.
    """

    file: str
    value: Any = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    empty: list[KeyPath] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of a key, or of the nearest block around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path].line if path in self.places else 1

    def report(self, path: KeyPath, message: str, *, nearest: str | None = None, line: int | None = None) -> None:
        """Notes a problem at a key."""
        self.problems.append(Problem(self.file, self.line(path) if line is None else line, format_key(path), message, nearest))


def read_document(text: str, *, file: str, base: Path, environ: Mapping[str, str] | None) -> Document:
    """The document of a YAML text; problems are collected in it, nothing is raised.

    ``environ`` stands for the environment in ``${NAME}``; with None, texts stay as they are written. Paths in ``*_file`` keys and in
    ``files`` lists are taken relative to ``base``, the folder of the file.
    """
    document = Document(file)
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or error.context}"
        document.report((), message, line=mark.line + 1 if mark else 1)
        return document
    except yaml.YAMLError as error:
        document.report((), f"not valid YAML: {error}".splitlines()[0], line=1)
        return document
    if root is not None:
        document.value = _Builder(document, base, environ).build(root, ())
    return document


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    """Turns YAML nodes into values and notes their places."""

    def __init__(self, document: Document, base: Path, environ: Mapping[str, str] | None) -> None:
        self._document = document
        self._base = base
        self._environ = environ
        self._constructor = yaml.SafeLoader("")
        self._open: set[int] = set()
        self._nodes = 0

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._nodes += 1
        self._document.places.setdefault(path, Place(node.start_mark.line + 1))
        if id(node) in self._open or self._nodes > _MAX_NODES:
            self._document.report(path, "an alias that contains itself, or more values than a configuration can have")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._document.report(path, "a key must be plain text", line=line)
                continue
            key: str = key_node.value
            if (*path, key) in self._document.places:
                first = self._document.places[*path, key].line
                self._document.report((*path, key), f"the key stands twice, first in line {first}", line=line)
                continue
            self._document.places[*path, key] = Place(line)
            value = self.build(value_node, (*path, key))
            if value is None:
                self._document.empty.append((*path, key))
            else:
                result[key] = value
        for other in merged:
            inherited = self._inherited(other, path)
            result = {**inherited, **result}
        return result

    def _inherited(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        """The keys of a ``<<`` block; what the block itself writes keeps its place and value."""
        if not isinstance(node, yaml.MappingNode):
            self._document.report(path, "<< takes a mapping", line=node.start_mark.line + 1)
            return {}
        fresh = [(key, value) for key, value in node.value if (*path, key.value) not in self._document.places]
        return self._mapping(yaml.MappingNode(node.tag, fresh, node.start_mark, node.end_mark), path)

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text: str = node.value
        named = [part for part in path if isinstance(part, str)]
        key = named[-1] if named else ""
        if self._environ is not None and "${" in text and key not in _TEMPLATES:
            try:
                text = substitute(text, self._environ)
            except MissingVariableError as error:
                self._document.report(path, str(error), line=node.start_mark.line + 1)
                return None
        if text and (key.endswith("_file") or (key == "files" and not _PATH_LISTS.isdisjoint(named))):
            text = os.path.normpath(self._base / text)
        line = self._document.places[path].line
        self._document.places[path] = Place(line, text)
        # An unquoted value is typed as it reads after substitution; a quoted one is text.
        tag = node.tag
        if text != node.value:
            tag = self._constructor.resolve(yaml.ScalarNode, text, (node.style is None, False))  # type: ignore[no-untyped-call]
        try:
            return self._constructor.construct_object(yaml.ScalarNode(tag, text))
        except (ValueError, yaml.YAMLError):
            return text
