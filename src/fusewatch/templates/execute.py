"""Executes a template's tree on data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fusewatch.templates.builtins import SHORT_CIRCUIT
from fusewatch.templates.errors import TemplateLimitError, TemplateRunError
from fusewatch.templates.nodes import (
    Action,
    Branch,
    Call,
    Command,
    Constant,
    Dot,
    Fields,
    Function,
    Leave,
    Nil,
    Node,
    Pipeline,
    Text,
    Tree,
    Variable,
)
from fusewatch.templates.values import Method, Struct, converted, field_of, is_true, printed

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one execution may take.

    Nodes executed, characters printed, characters of texts that functions made on the way, templates called inside of each other.
    """

    steps: int = 200_000
    output: int = 1_000_000
    made: int = 10_000_000
    depth: int = 50


class _Left(Exception):  # noqa: N818 - no error: how a loop is left
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Execution:
    """One execution of a template; ``shown`` is how a value is printed."""

    def __init__(
        self,
        *,
        templates: Mapping[str, Tree],
        functions: Mapping[str, Method],
        limits: Limits,
        shown: Callable[[Any], str] = printed,
    ) -> None:
        self._templates = templates
        self._functions = functions
        self._limits = limits
        self._shown = shown
        self._parts: list[str] = []
        self._size = 0
        self._steps = 0
        self._made = 0
        self._trees: list[Tree] = []
        self._variables: list[tuple[str, Any]] = []

    def run(self, tree: Tree, data: Any, variables: Mapping[str, Any]) -> str:
        """The text that the template makes of the data.

        Raises:
            TemplateRunError: with Go's words.
        """
        self._tree(tree, data, [*variables.items()])
        return "".join(self._parts)

    def _tree(self, tree: Tree, data: Any, variables: Sequence[tuple[str, Any]]) -> None:
        if len(self._trees) >= self._limits.depth:
            raise TemplateLimitError(f"exceeded maximum template depth ({self._limits.depth})")
        outer, self._variables = self._variables, [("$", data), *variables]
        self._trees.append(tree)
        self._nodes(tree.nodes, data)
        self._trees.pop()
        self._variables = outer

    # Nodes ----------------------------------------------------------------------------------------------------------------------

    def _nodes(self, nodes: Sequence[Node], dot: Any) -> None:
        for node in nodes:
            self._step(node)
            self._node(node, dot)

    def _step(self, node: Node) -> None:
        self._steps += 1
        if self._steps > self._limits.steps:
            raise self._error(node, f"exceeded {self._limits.steps:,} steps", kind=TemplateLimitError)

    def _node(self, node: Node, dot: Any) -> None:
        match node:
            case Text():
                self._write(node, node.text)
            case Action(pipeline=pipeline):
                value = self._pipeline(pipeline, dot)
                if not pipeline.variables:
                    self._write(node, self._printed(node, value))
            case Branch(word="range"):
                self._range(node, dot)
            case Branch():
                self._branch(node, dot)
            case Call():
                self._call(node, dot)
            case Leave():
                raise _Left(node.word)

    def _printed(self, node: Node, value: Any) -> str:
        if isinstance(value, Method):
            raise self._error(node, "can't print func of type func")
        return self._shown(value)

    def _write(self, node: Node, text: str) -> None:
        self._size += len(text)
        if self._size > self._limits.output:
            raise self._error(node, f"exceeded {self._limits.output:,} characters of output", kind=TemplateLimitError)
        self._parts.append(text)

    def _branch(self, node: Branch, dot: Any) -> None:
        known = len(self._variables)
        value = self._pipeline(node.pipeline, dot)
        if is_true(value):
            self._nodes(node.body, value if node.word == "with" else dot)
        else:
            self._nodes(node.otherwise, dot)
        del self._variables[known:]

    def _range(self, node: Branch, dot: Any) -> None:
        known = len(self._variables)
        value = self._pipeline(node.pipeline, dot)
        inside, empty = len(self._variables), True
        names = node.pipeline.variables
        for key, item in self._items(node, value):
            empty = False
            for name, shown in zip(names, (item,) if len(names) == 1 else (key, item), strict=False):
                if node.pipeline.declares:
                    self._variables[known + names.index(name)] = (name, shown)
                else:
                    self._set(name, shown)
            self._step(node)
            try:
                self._nodes(node.body, item)
            except _Left as left:
                if left.word == "break":
                    break
            finally:
                del self._variables[inside:]
        del self._variables[known:]
        if empty:
            self._nodes(node.otherwise, dot)

    def _items(self, node: Branch, value: Any) -> Iterator[tuple[Any, Any]]:
        match value:
            case None:
                return iter(())
            case list() | tuple():
                return iter(enumerate(value))
            case Mapping():
                return iter((key, value[key]) for key in sorted(value))
            case bool() | float() | str() | Struct():
                raise self._error(node.pipeline, f"range can't iterate over {printed(value)}")
            case int():
                return iter((number, number) for number in range(value))
        raise self._error(node.pipeline, f"range can't iterate over {printed(value)}")

    def _call(self, node: Call, dot: Any) -> None:
        tree = self._templates.get(node.name)
        if tree is None:
            raise self._error(node, f'template "{node.name}" not defined')
        known = len(self._variables)
        data = None if node.pipeline is None else self._pipeline(node.pipeline, dot)
        if len(self._trees) >= self._limits.depth:
            raise self._error(node, f"exceeded maximum template depth ({self._limits.depth})", kind=TemplateLimitError)
        self._tree(tree, data, ())
        del self._variables[known:]

    # Values ---------------------------------------------------------------------------------------------------------------------

    def _pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        self._step(pipeline)
        value: Any = _ABSENT
        for command in pipeline.commands:
            value = self._command(command, dot, value)
        for name in pipeline.variables:
            if pipeline.declares:
                self._variables.append((name, value))
            else:
                self._set(name, value)
        return value

    def _set(self, name: str, value: Any) -> None:
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return

    def _variable(self, name: str) -> Any:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise TemplateRunError(f"undefined variable: {name}")

    def _command(self, command: Command, dot: Any, last: Any) -> Any:
        first, arguments = command.words[0], command.words[1:]
        match first:
            case Function():
                return self._function(first, arguments, dot, last)
            case Fields(of=None) | Fields() | Variable(fields=(_, *_)):
                return self._chain(first, arguments, dot, last)
            case Nil():
                raise self._error(first, "nil is not a command")
        if arguments or last is not _ABSENT:
            raise self._error(first, f"can't give argument to non-function {self._source(first)}")
        return self._value(first, dot)

    def _value(self, node: Node, dot: Any) -> Any:
        """What a word is worth as an argument."""
        match node:
            case Constant():
                return node.value
            case Dot():
                return dot
            case Nil():
                return None
            case Variable(fields=()):
                return self._variable(node.name)
            case Fields() | Variable():
                return self._chain(node, (), dot, _ABSENT)
            case Function():
                return self._function(node, (), dot, _ABSENT)
            case Pipeline():
                return self._pipeline(node, dot)
        raise self._error(node, "can't handle this as an argument")

    def _chain(self, node: Node, arguments: Sequence[Node], dot: Any, last: Any) -> Any:
        match node:
            case Fields(names=names, of=None):
                value = dot
            case Fields(names=names, of=inner):
                value = self._value(inner, dot) if inner is not None else dot
            case Variable(fields=names):
                value = self._variable(node.name)
            case _:
                raise self._error(node, "no fields")
        for name in names[:-1]:
            value = self._field(node, value, name, (), dot, _ABSENT)
        return self._field(node, value, names[-1], arguments, dot, last)

    def _field(self, node: Node, receiver: Any, name: str, arguments: Sequence[Node], dot: Any, last: Any) -> Any:
        try:
            found = field_of(receiver, name)
        except TemplateRunError as error:
            raise self._error(node, error.reason) from None
        if isinstance(found, Method):
            return self._called(node, name, found, arguments, dot, last)
        if arguments or last is not _ABSENT:
            raise self._error(node, f"{name} has arguments but cannot be invoked as function")
        return found

    def _function(self, node: Function, arguments: Sequence[Node], dot: Any, last: Any) -> Any:
        method = self._functions.get(node.name)
        if method is None:
            raise self._error(node, f'"{node.name}" is not a defined function')
        if node.name in SHORT_CIRCUIT:
            return self._short_circuit(node, arguments, dot, last)
        return self._called(node, node.name, method, arguments, dot, last)

    def _short_circuit(self, node: Function, arguments: Sequence[Node], dot: Any, last: Any) -> Any:
        if not arguments and last is _ABSENT:
            raise self._error(node, f"wrong number of args for {node.name}: want at least 1 got 0")
        value: Any = None
        for argument in arguments:
            value = self._value(argument, dot)
            if is_true(value) == (node.name == "or"):
                return value
        return value if last is _ABSENT else last

    def _called(self, node: Node, name: str, method: Method, arguments: Sequence[Node], dot: Any, last: Any) -> Any:
        count, least = len(arguments) + (last is not _ABSENT), len(method.kinds)
        if count < least or (count > least and method.rest is None):
            wanted = f"at least {least}" if method.rest is not None else str(least)
            raise self._error(node, f"wrong number of args for {name}: want {wanted} got {count}")
        values: list[tuple[Any, Node | None]] = [(self._value(argument, dot), argument) for argument in arguments]
        values += [] if last is _ABSENT else [(last, None)]
        kinds = [*method.kinds, *[method.rest or "any"] * (count - least)]
        given = [self._converted(node, value, source, kind) for (value, source), kind in zip(values, kinds, strict=True)]
        try:
            return self._counted(node, method.call(*given))
        except TemplateLimitError:
            raise
        except TemplateRunError as error:
            raise self._error(Command(node.offset, (node, *arguments)), f"error calling {name}: {error.reason}") from error

    def _counted(self, node: Node, value: Any) -> Any:
        """A function's result; texts that double again and again would fill the memory."""
        if isinstance(value, str):
            self._made += len(value)
            if self._made > self._limits.made:
                raise self._error(node, f"exceeded {self._limits.made:,} characters of text", kind=TemplateLimitError)
        return value

    def _converted(self, node: Node, value: Any, source: Node | None, kind: str) -> Any:
        if kind == "truth":
            return is_true(value)
        if isinstance(source, Constant) and isinstance(value, int | float) and not isinstance(value, bool):
            # A number that is written down is of whatever type is wanted, where it fits.
            if kind == "float64":
                return float(value)
            if kind == "int" and value == int(value):
                return int(value)
        if isinstance(source, Constant) and kind == "string" and not isinstance(value, str):
            raise self._error(source, f"expected string; found {source.text}")
        try:
            return converted(value, kind)
        except TemplateRunError as error:
            raise self._error(source or node, error.reason) from None

    # Errors ---------------------------------------------------------------------------------------------------------------------

    def _source(self, node: Node) -> str:
        match node:
            case Pipeline():
                return node.text
            case Constant():
                return node.text
            case Function():
                return node.name
            case Fields(of=None):
                return "".join(f".{name}" for name in node.names)
            case Variable():
                return node.name + "".join(f".{name}" for name in node.fields)
            case Call():
                given = "" if node.pipeline is None else f" {self._source(node.pipeline)}"
                return f'{{{{template "{node.name}"{given}}}}}'
            case Dot():
                return "."
            case Command():
                return " ".join(f"({self._source(word)})" if isinstance(word, Pipeline) else self._source(word) for word in node.words)
        return "nil" if isinstance(node, Nil) else ""

    def _error(self, node: Node, reason: str, *, kind: type[TemplateRunError] = TemplateRunError) -> TemplateRunError:
        tree = self._trees[-1]
        line = tree.source.count("\n", 0, node.offset) + 1
        column = len(tree.source[tree.source.rfind("\n", 0, node.offset) + 1 : node.offset].encode())
        shown = self._source(node)
        at = f" at <{shown}>" if shown else ""
        return kind(reason, f'template: {tree.file}:{line}:{column}: executing "{tree.name}"{at}')
