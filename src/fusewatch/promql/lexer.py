"""The query text in tokens: names, numbers, durations, strings, operators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NoReturn

from fusewatch.promql.errors import ParseError
from fusewatch.telemetry.labels import quote

#: Longer texts are refused before anything reads them; Prometheus' own largest rules are a few thousand characters.
MAX_QUERY_LENGTH: Final = 131_072


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    NUMBER = auto()
    DURATION = auto()
    STRING = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the query; ``text`` as written."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """A name in lower case (keywords ignore case); "" for any other token."""
        return self.text.lower() if self.kind is Kind.NAME else ""

    def describe(self) -> str:
        """The token as Prometheus' errors name it."""
        if self.kind is Kind.END:
            return "end of input"
        noun = {Kind.NAME: "identifier", Kind.NUMBER: "number", Kind.DURATION: "duration", Kind.STRING: "string"}.get(self.kind)
        return f"{noun} {quote(self.text)}" if noun else quote(self.text)


_TOKEN = re.compile(
    r"""
    (?P<SPACE>[ \t\r\n]+|\#[^\n]*)
  | (?P<DURATION>(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9A-Za-z_]))
  | (?P<NUMBER>(?:0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.]))
  | (?P<NAME>[A-Za-z_][A-Za-z0-9_:]*|:[A-Za-z0-9_:]+)
  | (?P<STRING>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
  | (?P<SYMBOL>==|!=|<=|>=|=~|!~|</|>/|[-+*/%^<>=@(){}\[\],:])
    """,
    re.VERBOSE,
)
#: Inside brackets a colon parts range and step; elsewhere it may begin a name.
_COLON = re.compile(r"(?P<SYMBOL>:)")


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def tokenize(text: str) -> Sequence[Token]:
    """The tokens of ``text``, ended by one of kind END.

    Raises:
        ParseError: too long, or a character or an unfinished string that PromQL does not know.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise ParseError(f"query is too long: {len(text)} characters, the limit is {MAX_QUERY_LENGTH}")
    tokens: list[Token] = []
    place, brackets = 0, 0
    while place < len(text):
        found = _COLON.match(text, place) if brackets else None
        found = found or _TOKEN.match(text, place)
        if found is None:
            _reject(text, place)
        if found.lastgroup != "SPACE":
            tokens.append(Token(Kind[str(found.lastgroup)], found.group(), place, found.end()))
        brackets += {"[": 1, "]": -1}.get(found.group(), 0)
        place = found.end()
    if not tokens:
        raise ParseError("no expression found in input", (1, 1))
    tokens.append(Token(Kind.END, "", len(text), len(text)))
    return tokens


_OPERATORS: Final = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless", "atan2", "["})


def tree_depth(tokens: Sequence[Token]) -> int:
    """How deep the tree of these tokens can be at most, told without recursion: a chain of operators is as deep as it is long."""
    # Per open bracket: the deepest part before the last comma, the deepest operand since then, and the operators since then.
    levels = [(0, 0, 0)]
    for token in tokens:
        before, operand, operators = levels[-1]
        if (token.keyword or token.text) in _OPERATORS and token.kind is not Kind.STRING:
            levels[-1] = (before, operand, operators + 1)
        elif token.text == "," and token.kind is Kind.SYMBOL:
            levels[-1] = (max(before, operand + operators), 0, 0)
        if token.kind is Kind.SYMBOL and token.text in "([{":
            levels.append((0, 0, 0))
        elif token.kind is Kind.SYMBOL and token.text in ")]}" and len(levels) > 1:
            before, operand, operators = levels.pop()
            inside = max(before, operand + operators) + 1
            outer = levels[-1]
            levels[-1] = (outer[0], max(outer[1], inside), outer[2])
    return max(max(before, operand + operators) + len(levels) - place for place, (before, operand, operators) in enumerate(levels, 1))


def _reject(text: str, place: int) -> NoReturn:
    where = position(text, place)
    character = text[place]
    if character in "\"'":
        raise ParseError("unterminated quoted string", where)
    if character == "`":
        raise ParseError("unterminated raw string", where)
    if character.isdigit() or character == ".":
        word = re.match(r"[0-9A-Za-z_.]+", text[place:])
        raise ParseError(f"bad number or duration syntax: {quote(word.group() if word else character)}", where)
    raise ParseError(f"unexpected character: {character!r}", where)


_ESCAPE = re.compile(rb"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))""", re.DOTALL)
_SIMPLE: Final = dict(zip(b"abfnrtv\\'\"", (b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v", b"\\", b"'", b'"'), strict=True))


def unquote(token: Token) -> str:
    """The text that a string token stands for, with Go's escapes; bytes that are no UTF-8 become surrogates.

    Raises:
        ValueError: an escape that Go does not know.
    """
    inner = token.text[1:-1]
    if token.text[0] == "`" or "\\" not in inner:
        return inner
    return _ESCAPE.sub(_unescape, inner.encode()).decode("utf-8", "surrogateescape")


def _unescape(found: re.Match[bytes]) -> bytes:
    simple, byte, short, long, octal, _ = found.groups()
    if simple:
        return _SIMPLE[simple[0]]
    if byte:
        return bytes.fromhex(byte.decode())
    if short or long:
        return chr(int(short or long, 16)).encode()
    if octal:
        return bytes([int(octal, 8)])
    raise ValueError("invalid escape sequence")


_UNITS_S: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_536_000}
_PART = re.compile(r"([0-9]+)(ms|[smhdwy])")
_OCTAL = re.compile(r"0[0-7_]+\Z")


def number_of(token: Token) -> float:
    """The value of a NUMBER, or the seconds of a DURATION."""
    if token.kind is Kind.DURATION:
        milliseconds = sum(int(count) * round(_UNITS_S[unit] * 1000) for count, unit in _PART.findall(token.text))
        return milliseconds / 1000
    text = token.text.replace("_", "")
    if text[:2] in ("0x", "0X"):
        return float(int(text, 16))
    if _OCTAL.match(text):
        return float(int(text, 8))
    return float(text)
