"""The tree of a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Something of a template; ``offset`` counts characters from the template's beginning."""

    offset: int


@dataclass(frozen=True, slots=True)
class Text(Node):
    """What is copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A number, a string, a boolean; ``text`` as it was written."""

    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Nil(Node):
    """The word ``nil``."""


@dataclass(frozen=True, slots=True)
class Dot(Node):
    """The cursor."""


@dataclass(frozen=True, slots=True)
class Fields(Node):
    """``.a.b``: fields of the cursor, or with ``of`` those of something in parentheses."""

    names: tuple[str, ...]
    of: Node | None = None


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """``$x.a.b``; ``name`` with its dollar sign."""

    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function(Node):
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Command(Node):
    """An operand and what it is given."""

    words: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """Commands, each given the result of the one before, and the variables that take the last result.

    ``declares``: they are new ones (``:=``). ``text`` is how it was written.
    """

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class Action(Node):
    """A pipeline whose result is printed, unless it goes to a variable."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """``if``, ``with`` or ``range`` (``word``) with what follows ``else``."""

    word: str
    pipeline: Pipeline
    body: Sequence[Node]
    otherwise: Sequence[Node] = ()


@dataclass(frozen=True, slots=True)
class Leave(Node):
    """``break`` or ``continue`` (``word``)."""

    word: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``template "name" pipeline``."""

    name: str
    pipeline: Pipeline | None


@dataclass(frozen=True, slots=True)
class Tree:
    """One template: its name, its nodes, the text it stands in, and the name under which errors show that text."""

    name: str
    nodes: Sequence[Node]
    source: str
    file: str
    #: The templates that are defined inside of it.
    defined: dict[str, Tree] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but space in it."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.nodes)
