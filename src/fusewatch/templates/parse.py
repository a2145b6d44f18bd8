"""From a template's text to its tree."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from fusewatch.templates.constants import constant
from fusewatch.templates.errors import TemplateParseError
from fusewatch.templates.formatting import quoted
from fusewatch.templates.lexer import Kind, Token, line_of, tokens
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

#: Parentheses and blocks inside each other; far above any real template.
_DEEPEST: Final = 100
_CONSTANTS: Final = frozenset({Kind.NUMBER, Kind.STRING, Kind.CHARACTER, Kind.BOOL})


def parse(text: str, name: str, functions: Container[str], variables: tuple[str, ...] = ()) -> Tree:
    """The tree of a template; ``functions`` are those it may name, ``variables`` those that exist before it begins.

    Raises:
        TemplateParseError: with Go's words.
    """
    return _Parser(text, name, functions, ("$", *variables)).tree()


class _Parser:
    def __init__(self, text: str, name: str, functions: Container[str], variables: tuple[str, ...]) -> None:
        self._text = text
        self._name = name
        self._functions = functions
        self._tokens = tokens(text, name)
        self._at = 0
        self._variables = list(variables)
        self._ranges = 0
        self._depth = 0
        self._defined: dict[str, Tree] = {}

    def tree(self) -> Tree:
        """The whole text."""
        nodes, stop = self._list(top=True)
        if stop is not None:
            raise self._error(f"unexpected {{{{{stop}}}}}")
        return Tree(self._name, nodes, self._text, self._name, self._defined)

    # Tokens ---------------------------------------------------------------------------------------------------------------------

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _skip_space(self) -> Token:
        """The next token that is no space, not taken."""
        while self._peek().kind is Kind.SPACE:
            self._at += 1
        return self._peek()

    def _take(self) -> Token:
        """The next token that is no space."""
        self._skip_space()
        return self._next()

    def _expect(self, kind: Kind, context: str) -> Token:
        token = self._take()
        if token.kind is not kind:
            raise self._unexpected(token, context)
        return token

    def _unexpected(self, token: Token, context: str) -> TemplateParseError:
        if token.kind is Kind.END:
            return self._error("unexpected EOF" if context != "command" else "unclosed action", token)
        shown = f"<{token.text}>" if token.kind is Kind.KEYWORD else f'"{token.text}"'
        return self._error(f"unexpected {shown} in {context}", token)

    def _error(self, reason: str, token: Token | None = None) -> TemplateParseError:
        offset = (token or self._tokens[max(self._at - 1, 0)]).offset
        return TemplateParseError(self._name, line_of(self._text, offset), reason)

    # Lists of nodes -------------------------------------------------------------------------------------------------------------

    def _list(self, *, top: bool = False) -> tuple[list[Node], str | None]:
        """Nodes up to the end of the text (None) or an ``end`` or ``else``, which is taken; its word."""
        nodes: list[Node] = []
        while True:
            token = self._next()
            match token.kind:
                case Kind.TEXT:
                    nodes.append(Text(token.offset, token.text))
                case Kind.END:
                    if not top:
                        raise self._error("unexpected EOF", token)
                    return nodes, None
                case _:
                    node = self._action(top=top)
                    if isinstance(node, str):
                        return nodes, node
                    nodes += [] if node is None else [node]

    def _inner(self, context: str) -> tuple[list[Node], str]:
        """The nodes of a block inside of others, and the word that ended it."""
        if self._depth >= _DEEPEST:
            raise self._error("blocks are nested too deeply")
        self._depth += 1
        known, (nodes, stop) = len(self._variables), self._list()
        del self._variables[known:]
        self._depth -= 1
        if stop is None:
            raise self._error(f"unexpected EOF in {context}")
        return nodes, stop

    def _action(self, *, top: bool) -> Node | str | None:
        """What stands behind ``{{``: a node, the word of an ``end`` or ``else``, or None for a definition."""
        token = self._skip_space()
        if token.kind is not Kind.KEYWORD:
            pipeline = self._pipeline("command", Kind.CLOSE, variables=2)
            return Action(token.offset, pipeline)
        self._next()
        match token.text:
            case "end":
                self._expect(Kind.CLOSE, "end")
                return "end"
            case "else":
                return self._else()
            case "if" | "with" | "range":
                return self._branch(token)
            case "break" | "continue":
                self._expect(Kind.CLOSE, f"{{{{{token.text}}}}}")
                if not self._ranges:
                    raise self._error(f"{{{{{token.text}}}}} outside {{{{range}}}}", token)
                return Leave(token.offset, token.text)
            case "template":
                return self._call()
            case "block":
                return self._block(token)
        if not top:
            raise self._error("unexpected <define> in command", token)
        self._define(token)
        return None

    def _else(self) -> str:
        follows = self._skip_space()
        if follows.kind is Kind.KEYWORD and follows.text in ("if", "with"):
            return f"else {follows.text}"  # the branch reads on from here
        self._expect(Kind.CLOSE, "else")
        return "else"

    def _branch(self, token: Token) -> Branch:
        word = token.text
        known = len(self._variables)
        pipeline = self._pipeline(word, Kind.CLOSE, variables=2 if word == "range" else 1)
        self._ranges += word == "range"
        body, stop = self._inner(word)
        self._ranges -= word == "range"
        otherwise: list[Node] = []
        if stop in ("else if", "else with"):
            if stop.removeprefix("else ") != word:
                raise self._error(f"unexpected <{stop.removeprefix('else ')}> in {{{{else}}}}")
            otherwise = [self._branch(self._take())]
        elif stop == "else":
            otherwise, stop = self._inner(word)
            if stop != "end":
                raise self._error("expected end; found {{else}}")
        del self._variables[known:]
        return Branch(token.offset, word, pipeline, body, otherwise)

    # Templates ------------------------------------------------------------------------------------------------------------------

    def _template_name(self, context: str) -> str:
        token = self._take()
        if token.kind is not Kind.STRING:
            raise self._unexpected(token, context)
        return str(constant(token, self._error))

    def _call(self) -> Call:
        token = self._skip_space()
        name, pipeline = self._template_name("template clause"), None
        if self._skip_space().kind is Kind.CLOSE:
            self._next()
        else:
            pipeline = self._pipeline("template clause", Kind.CLOSE, variables=1)
        return Call(token.offset, name, pipeline)

    def _define(self, token: Token) -> None:
        name = self._template_name("define clause")
        self._expect(Kind.CLOSE, "define clause")
        self._add(name, token, "define clause")

    def _block(self, token: Token) -> Call:
        name = self._template_name("block clause")
        pipeline = self._pipeline("block clause", Kind.CLOSE, variables=1)
        self._add(name, token, "block clause")
        return Call(token.offset, name, pipeline)

    def _add(self, name: str, token: Token, context: str) -> None:
        outer, self._variables, ranges, self._ranges = self._variables, ["$"], self._ranges, 0
        nodes, stop = self._inner(context)
        self._variables, self._ranges = outer, ranges
        if stop != "end":
            raise self._error(f"unexpected {{{{{stop}}}}} in {context}")
        tree = Tree(name, nodes, self._text, self._name)
        known = self._defined.get(name)
        if known is not None and not known.is_empty and not tree.is_empty:
            raise self._error(f'template: multiple definition of template "{name}"', token)
        if known is None or not tree.is_empty:
            self._defined[name] = tree

    # Pipelines ------------------------------------------------------------------------------------------------------------------

    def _pipeline(self, context: str, end: Kind, *, variables: int = 0) -> Pipeline:
        start = self._skip_space()
        names, declares = self._declarations(context, variables)
        commands: list[Command] = []
        while True:
            token = self._take()
            if token.kind is end:
                break
            if token.kind is Kind.END or token.kind in (Kind.CLOSE, Kind.RIGHT):
                raise self._unexpected(token, context)
            self._at -= 1
            commands.append(self._command(context, end))
        if not commands:
            raise self._error(f"missing value for {context}", token)
        for number, command in enumerate(commands[1:], 2):
            if isinstance(command.words[0], Constant | Dot | Nil):
                raise self._error(f"non executable command in pipeline stage {number}", start)
        if declares:
            self._variables += names
        return Pipeline(start.offset, tuple(commands), tuple(names), declares, self._text[start.offset : token.offset].strip())

    def _declarations(self, context: str, most: int) -> tuple[list[str], bool]:
        """The variables that take the result, in front of ``:=`` or ``=``."""
        begin, names = self._at, list[str]()
        while most and self._skip_space().kind is Kind.VARIABLE:
            names.append(self._next().text)
            sign = self._skip_space()
            if sign.kind is Kind.COMMA and context == "range" and len(names) < most:
                self._next()
                continue
            if sign.kind is Kind.COMMA:
                raise self._error(f"too many declarations in {context}", sign)
            if sign.kind in (Kind.DECLARE, Kind.ASSIGN):
                self._next()
                if sign.kind is Kind.ASSIGN:
                    for name in names:
                        self._check_variable(name, sign)
                return names, sign.kind is Kind.DECLARE
            break
        self._at = begin
        return [], True

    def _check_variable(self, name: str, token: Token) -> None:
        if name not in self._variables:
            raise self._error(f'undefined variable "{name}"', token)

    def _command(self, context: str, end: Kind) -> Command:
        words: list[Node] = []
        start = self._skip_space()
        while True:
            token = self._skip_space()
            word = self._operand()
            if word is not None:
                words.append(word)
            after = self._next()
            match after.kind:
                case Kind.SPACE:
                    continue
                case Kind.PIPE:
                    if self._skip_space().kind in (Kind.CLOSE, Kind.RIGHT):
                        raise self._error(f"missing value for {context}", self._peek())
                case _ if after.kind is end:
                    self._at -= 1
                case _:
                    raise self._unexpected(after, "operand" if words else context)
            if not words:
                raise self._unexpected(token, context)
            return Command(start.offset, tuple(words))

    def _operand(self) -> Node | None:
        """A term and the fields behind it; None where no term begins."""
        term = self._term()
        if term is None or self._peek().kind is not Kind.FIELD:
            return term
        if isinstance(term, Constant | Nil | Dot):
            raise self._error(f"unexpected . after term {quoted(self._text[term.offset : self._peek().offset])}")
        names, offset = [], self._peek().offset
        while self._peek().kind is Kind.FIELD:
            names.append(self._next().text[1:])
        match term:
            case Fields(of=None):
                return Fields(offset, (*term.names, *names))
            case Variable():
                return Variable(offset, term.name, (*term.fields, *names))
        return Fields(offset, tuple(names), term)

    def _term(self) -> Node | None:
        token = self._peek()
        if token.kind in _CONSTANTS:
            self._next()
            return Constant(token.offset, constant(token, self._error), token.text)
        match token.kind:
            case Kind.IDENTIFIER:
                self._next()
                if token.text not in self._functions:
                    raise self._error(f'function "{token.text}" not defined', token)
                return Function(token.offset, token.text)
            case Kind.DOT:
                self._next()
                return Dot(token.offset)
            case Kind.NIL:
                self._next()
                return Nil(token.offset)
            case Kind.VARIABLE:
                self._next()
                self._check_variable(token.text, token)
                return Variable(token.offset, token.text)
            case Kind.FIELD:
                self._next()
                return Fields(token.offset, (token.text[1:],))
            case Kind.LEFT:
                self._next()
                if self._depth >= _DEEPEST:
                    raise self._error("parentheses are nested too deeply", token)
                self._depth += 1
                pipeline = self._pipeline("parenthesized pipeline", Kind.RIGHT, variables=1)
                self._depth -= 1
                return pipeline
        return None
