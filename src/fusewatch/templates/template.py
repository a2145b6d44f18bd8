"""Templates as the rest of the program uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fusewatch.templates.builtins import BUILTINS
from fusewatch.templates.execute import Execution, Limits
from fusewatch.templates.nodes import Tree
from fusewatch.templates.parse import parse
from fusewatch.templates.values import Method, printed


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was parsed, with those that it may call."""

    tree: Tree
    others: Mapping[str, Tree]
    functions: Mapping[str, Method]
    limits: Limits

    def execute(
        self,
        data: Any,
        *,
        functions: Mapping[str, Method] | None = None,
        variables: Mapping[str, Any] | None = None,
        shown: Callable[[Any], str] = printed,
    ) -> str:
        """What the template makes of the data.

        ``functions`` stand in for those of the same names that it was parsed with; ``variables`` (with their dollar signs) are the values
        of those that it was told of then; ``shown`` is how values are printed.

        Raises:
            TemplateRunError: it fails on this data, or takes more than it may.
        """
        known = {**self.functions, **functions} if functions else self.functions
        execution = Execution(templates=self.others, functions=known, limits=self.limits, shown=shown)
        return execution.run(self.tree, data, variables or {})


@dataclass(slots=True)
class TemplateSet:
    """Templates that may call each other by name; ``functions`` beside those that every template has."""

    functions: Mapping[str, Method] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    _defined: dict[str, Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.functions = {**BUILTINS, **self.functions}

    def define(self, text: str, name: str) -> None:
        """Adds what a file defines; what was defined before under the same name is replaced. ``name`` is the file's in errors.

        Raises:
            TemplateParseError: nothing was added.
        """
        tree = parse(text, name, self.functions)
        self._defined.update(tree.defined)

    def names(self) -> list[str]:
        """The names of all that were defined, sorted."""
        return sorted(self._defined)

    def parse(self, text: str, name: str, variables: tuple[str, ...] = ()) -> Template:
        """A template that may call those of the set; ``variables`` (with their dollar signs) are there from its beginning.

        Raises:
            TemplateParseError: the text is no template.
        """
        tree = parse(text, name, self.functions, variables)
        return Template(tree, {**self._defined, **tree.defined}, self.functions, self.limits)
