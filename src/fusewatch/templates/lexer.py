"""From a template's text to tokens: plain text, and what stands between ``{{`` and ``}}``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fusewatch.templates.errors import TemplateParseError


class Kind(StrEnum):
    """What a token is."""

    TEXT = "text"
    OPEN = "{{"
    CLOSE = "}}"
    FIELD = "field"
    VARIABLE = "variable"
    IDENTIFIER = "identifier"
    KEYWORD = "keyword"
    NUMBER = "number"
    CHARACTER = "character constant"
    STRING = "string"
    BOOL = "bool"
    NIL = "nil"
    DOT = "."
    PIPE = "|"
    COMMA = ","
    ASSIGN = "="
    DECLARE = ":="
    LEFT = "("
    RIGHT = ")"
    SPACE = "space"
    END = "EOF"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the template; ``offset`` counts characters from its beginning."""

    kind: Kind
    text: str
    offset: int


KEYWORDS: Final = frozenset({"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"})
_SPACE: Final = " \t\r\n"
_COMMENT: Final = "/*"
_NUMBER: Final = (
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?)"
)
_TOKEN: Final = re.compile(
    rf"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<character>'(?:[^'\\\n]|\\.)*')
    |(?P<number>{_NUMBER}(?![\w]))
    |(?P<field>\.[^\W\d]\w*)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<declare>:=)
    |(?P<sign>[|,=().])""",
    re.VERBOSE,
)
_SIGNS: Final = {"|": Kind.PIPE, ",": Kind.COMMA, "=": Kind.ASSIGN, "(": Kind.LEFT, ")": Kind.RIGHT, ".": Kind.DOT}
#: What may follow a field, a variable or a word.
_TERMINATORS: Final = frozenset(" \t\r\n.,|:=()}")


def tokens(text: str, name: str) -> list[Token]:
    """All tokens of a template, an END last.

    Raises:
        TemplateParseError: an action is not closed, or holds what is no token.
    """
    return _Lexer(text, name).run()


def line_of(text: str, offset: int) -> int:
    """The line, from 1, of a character."""
    return text.count("\n", 0, offset) + 1


class _Lexer:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._found: list[Token] = []
        self._at = 0
        self._depth = 0

    def run(self) -> list[Token]:
        trim = False
        while True:
            begin = self._text.find("{{", self._at)
            plain = self._text[self._at :] if begin < 0 else self._text[self._at : begin]
            offset = self._at
            if trim:
                offset += len(plain) - len(plain.lstrip(_SPACE))
                plain = plain.lstrip(_SPACE)
            after = begin + 2
            trims = begin >= 0 and self._text[after : after + 1] == "-" and self._text[after + 1 : after + 2] in tuple(_SPACE)
            if trims:
                plain = plain.rstrip(_SPACE)
            if plain:
                self._found.append(Token(Kind.TEXT, plain, offset))
            if begin < 0:
                self._found.append(Token(Kind.END, "", len(self._text)))
                return self._found
            self._at = after + (1 if trims else 0)
            trim = self._action(begin)

    def _action(self, begin: int) -> bool:
        """Reads up to behind the action's end; whether the text after it is to be trimmed."""
        # Behind the space that a trim mark ends with.
        comment = self._at if self._at == begin + 2 else self._at + 1
        if self._text.startswith(_COMMENT, comment):
            return self._comment(comment)
        self._found.append(Token(Kind.OPEN, "{{", begin))
        self._depth = 0
        while True:
            closing = self._closing()
            if closing is not None:
                if self._depth:
                    raise self._error(self._at, "unclosed left paren")
                self._found.append(Token(Kind.CLOSE, "}}", self._at))
                self._at += closing
                return closing > 2
            self._token(begin)

    def _closing(self) -> int | None:
        """How long the action's end is that stands here; None where none does."""
        if self._text.startswith("}}", self._at):
            return 2
        rest = self._text[self._at : self._at + 4]
        if len(rest) == 4 and rest[0] in _SPACE and rest[1:] == "-}}":
            return 4
        return None

    def _comment(self, begin: int) -> bool:
        end = self._text.find("*/", begin)
        if end < 0:
            raise self._error(begin, "unclosed comment")
        self._at = end + 2
        closing = self._closing()
        if closing is None:
            raise self._error(begin, "comment ends before closing delimiter")
        self._at += closing
        return closing > 2

    def _token(self, begin: int) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._refusal(begin)
        kind, text, offset = match.lastgroup, match[0], self._at
        if kind == "space" and self._text.startswith("-}}", match.end()):
            text = text[:-1]  # its last sign belongs to the end
        self._at += len(text)
        if not text:
            return
        self._found.append(Token(self._kind(kind or "", text, offset), text, offset))
        if kind in ("field", "variable", "word") and self._text[self._at : self._at + 1] not in _TERMINATORS:
            raise self._error(self._at, f"bad character {_shown(self._text[self._at : self._at + 1])}")

    def _kind(self, group: str, text: str, offset: int) -> Kind:
        match group:
            case "space" | "string" | "number" | "field" | "variable":
                return Kind(group)
            case "character":
                return Kind.CHARACTER
            case "declare":
                return Kind.DECLARE
            case "word":
                if text in KEYWORDS:
                    return Kind.KEYWORD
                return {"true": Kind.BOOL, "false": Kind.BOOL, "nil": Kind.NIL}.get(text, Kind.IDENTIFIER)
        self._depth += {"(": 1, ")": -1}.get(text, 0)
        if self._depth < 0:
            raise self._error(offset, "unexpected right paren")
        return _SIGNS[text]

    def _refusal(self, begin: int) -> TemplateParseError:
        rest = self._text[self._at :]
        if not rest:
            return self._error(begin, "unclosed action")
        match rest[0]:
            case '"':
                reason = "unterminated quoted string"
            case "`":
                reason = "unterminated raw quoted string"
            case "'":
                reason = "unterminated character constant"
            case ":":
                reason = "expected :="
            case sign if sign in "+-0123456789":
                word = re.match(r"[\w.+-]*", rest)
                reason = f"bad number syntax: {_quoted(word[0] if word else sign)}"
            case sign if sign.isprintable():
                reason = f'unexpected "{sign}" in command'
            case sign:
                reason = f"unrecognized character in action: {_shown(sign)}"
        return self._error(self._at, reason)

    def _error(self, offset: int, reason: str) -> TemplateParseError:
        return TemplateParseError(self._name, line_of(self._text, offset), reason)


def _shown(sign: str) -> str:
    return f"U+{ord(sign):04X} '{sign}'" if sign else "EOF"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
