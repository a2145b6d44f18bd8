"""The query text in tokens: names, numbers, durations, strings, operators.

What can't be read becomes a token of kind ERROR and ends the list: the parser complains of what stands before it first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from fusewatch.promql.errors import ParseError
from fusewatch.promql.literals import bad_escape, go_quote, go_rune

#: Longer texts are refused before anything reads them; Prometheus' own largest rules are a few thousand characters.
MAX_QUERY_LENGTH: Final = 131_072

OPERATOR_WORDS: Final = frozenset({"and", "or", "unless", "atan2"})
AGGREGATION_WORDS: Final = frozenset(
    [
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "limitk",
        "limit_ratio",
    ]
)
FILL_WORDS: Final = frozenset({"fill", "fill_left", "fill_right"})
MODIFIER_WORDS: Final = (
    frozenset(["bool", "by", "group_left", "group_right", "ignoring", "offset", "smoothed", "anchored", "on", "without"]) | FILL_WORDS
)
#: Keywords that also name functions.
CALLABLE_WORDS: Final = frozenset({"start", "end", "step", "range", "max_of", "min_of"})
NUMBER_WORDS: Final = frozenset({"inf", "nan"})
_OPERATOR_SYMBOLS: Final = frozenset(["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "=~", "!~", "</", ">/", "@"])
_LONGEST_SHOWN: Final = 10


class Kind(Enum):
    """What a token is; the text of an ERROR is what is wrong."""

    NAME = auto()
    NUMBER = auto()
    DURATION = auto()
    STRING = auto()
    SYMBOL = auto()
    ERROR = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the query; ``text`` as written. ``keyword`` is a name that has a meaning, in lower case, "" for any other token."""

    kind: Kind
    text: str
    start: int
    end: int
    keyword: str = ""

    def describe(self) -> str:
        """The token as Prometheus' errors name it."""
        match self.kind:
            case Kind.END:
                return "end of input"
            case Kind.NAME:
                return self._describe_name()
            case Kind.SYMBOL:
                return f"<op:{self.text}>" if self.text in _OPERATOR_SYMBOLS else go_quote(self.text)
            case _:
                cut = go_quote(self.text[:_LONGEST_SHOWN]) + "..." if len(self.text.encode()) > _LONGEST_SHOWN else go_quote(self.text)
                return f"{self.kind.name.lower()} {cut}"

    def _describe_name(self) -> str:
        if self.keyword in OPERATOR_WORDS:
            return f"<op:{self.text}>"
        if self.keyword in AGGREGATION_WORDS:
            return f"<aggr:{self.text}>"
        if self.keyword in MODIFIER_WORDS:
            return f"<{self.text}>"
        if self.keyword in CALLABLE_WORDS:
            return go_quote(self.text)
        if self.keyword in NUMBER_WORDS:
            return f"number {go_quote(self.text)}"
        return f"{'metric identifier' if ':' in self.text else 'identifier'} {go_quote(self.text)}"


# Possessive throughout (`++`, `*+`): a long number that turns out to be none is read once and not in every shorter way too.
_DIGITS: Final = r"[0-9]++(?:_[0-9]++)*+"
_HEX: Final = r"0[xX]_?[0-9a-fA-F]++(?:_[0-9a-fA-F]++)*+"
_NUMBER: Final = rf"(?:{_HEX}|(?:{_DIGITS}(?:\.(?:{_DIGITS})?+)?+|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?+)"
_ANYWHERE: Final = rf"""
  | (?P<DURATION>{_NUMBER}[smhdwy]s?(?:[0-9]++[smhdw]s?)*+(?![0-9A-Za-z_]))
  | (?P<NUMBER>{_NUMBER}(?![0-9A-Za-z_.]))
"""
_STRING: Final = r"""(?P<STRING>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`[^`]*+`)"""
_SPACE: Final = r"(?P<SPACE>[ \t\r\n]+|\#[^\n\r]*)"
_STATEMENT = re.compile(
    rf"{_SPACE} {_ANYWHERE} | (?P<NAME>[A-Za-z_:][A-Za-z0-9_:]*) | {_STRING} | (?P<SYMBOL>==|!=|<=|>=|</|>/|=(?!~)|[-+*/%^<>@(){{\[,])",
    re.VERBOSE,
)
_BRACES = re.compile(rf"{_SPACE} | (?P<NAME>[A-Za-z_][A-Za-z0-9_]*) | {_STRING} | (?P<SYMBOL>!=|=~|!~|[=}},])", re.VERBOSE)
_WORD: Final = r"(?P<NAME>(?i:step|range|max_of|min_of)(?![A-Za-z_]))"
_RANGE = re.compile(rf"{_SPACE} {_ANYWHERE} | {_WORD} | {_STRING} | (?P<SYMBOL>==|!=|<=|>=|</|>/|[-+*/%^<>=@(){{\],:])", re.VERBOSE)
#: Between an opening bracket and the first number after it.
_RANGE_BEGUN = re.compile(rf"(?P<SPACE>[ \t\r\n]+) {_ANYWHERE} | {_WORD} | (?P<SYMBOL>[-+*/%^(),\]:])", re.VERBOSE)
_BAD_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F]*+|[0-9]*+(?:_[0-9]++)*+(?:\.(?:[0-9]++(?:_[0-9]++)*+)?+)?+(?:[eE][+-]?(?:[._eE]|[0-9]*+(?:_[0-9]++)*+))?+)"
    r"(?:_[._eE]?|[.eE]|[smhdwy]s?(?:[0-9]++[smhdw]s?)*+(?:[0-9]++|[0-9A-Za-z_])?)?"
)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character; columns count bytes of UTF-8, as Prometheus' do."""
    line = text.count("\n", 0, offset) + 1
    return line, len(text[text.rfind("\n", 0, offset) + 1 : offset].encode("utf-8", "surrogatepass")) + 1


def tokenize(text: str) -> Sequence[Token]:
    """The tokens of ``text``, ended by one of kind END or ERROR.

    Raises:
        ParseError: too long, or nothing in it.
    """
    if len(text) > MAX_QUERY_LENGTH:
        raise ParseError(f"query is too long: {len(text)} characters, the limit is {MAX_QUERY_LENGTH}", (1, 1))
    tokens = _Lexer(text).run()
    if tokens[0].kind is Kind.END:
        raise ParseError("no expression found in input", (1, 1) if text else None)
    return tokens


class _Lexer:
    """One text on its way to tokens; what is open decides what may come next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._tokens: list[Token] = []
        self._parens = 0
        self._braces = False
        self._bracket = False
        #: What a range has had so far.
        self._number = False
        self._colon = False

    def run(self) -> list[Token]:
        while not (self._tokens and self._tokens[-1].kind in (Kind.ERROR, Kind.END)):
            self._step()
        return self._tokens

    def _step(self) -> None:
        if self._place >= len(self._text):
            self._end()
            return
        found = self._pattern().match(self._text, self._place)
        if found is None:
            self._fail(self._complaint())
            return
        kind = found.lastgroup
        if kind != "SPACE":
            self._add(Kind[str(kind)], found.group())
        self._place = found.end()
        if kind == "SYMBOL":
            self._open_or_close(found.group())

    def _pattern(self) -> re.Pattern[str]:
        if self._braces:
            return _BRACES
        if self._bracket:
            return _RANGE if self._number else _RANGE_BEGUN
        return _STATEMENT

    def _add(self, kind: Kind, text: str) -> None:
        end = self._place + len(text)
        keyword = self._keyword(text, end) if kind is Kind.NAME and not self._braces else ""
        self._tokens.append(Token(kind, text, self._place, end, keyword))
        self._number = self._number or kind in (Kind.NUMBER, Kind.DURATION)
        if kind is Kind.STRING and (reason := bad_escape(text)):
            self._tokens.pop()
            self._fail(reason)

    def _keyword(self, text: str, end: int) -> str:
        word = text.lower()
        if word in FILL_WORDS:
            # Metrics may have these names.
            return word if self._text[end:].lstrip(" \t\r\n").startswith("(") else ""
        known = word in OPERATOR_WORDS or word in AGGREGATION_WORDS or word in MODIFIER_WORDS or word in CALLABLE_WORDS
        return word if known or word in NUMBER_WORDS else ""

    def _fail(self, reason: str) -> None:
        self._tokens.append(Token(Kind.ERROR, reason, self._place, self._place))

    def _replace(self, reason: str) -> None:
        """In place of the token read last; where it ends is where Prometheus says the slip is."""
        self._tokens.pop()
        self._fail(reason)

    def _open_or_close(self, symbol: str) -> None:
        match symbol:
            case "(" | ")":
                self._parens += 1 if symbol == "(" else -1
                if self._parens < 0:
                    self._replace("unexpected right parenthesis ')'")
            case "{" | "}":
                self._braces = symbol == "{"
            case "[":
                self._bracket, self._number, self._colon = True, False, False
            case "]":
                self._bracket = False
            case ":":
                self._second_colon()

    def _second_colon(self) -> None:
        if not self._number:
            self._replace("unexpected colon before duration in duration expression")
        elif self._colon:
            self._place -= 1
            self._replace("unexpected colon ':'")
        self._colon = True

    def _end(self) -> None:
        if self._braces:
            self._fail("unexpected end of input inside braces")
        elif self._bracket and not self._number:
            self._fail("unexpected end of input in duration expression")
        elif self._parens:
            self._fail("unclosed left parenthesis")
        elif self._bracket:
            self._fail("unclosed left bracket")
        else:
            self._tokens.append(Token(Kind.END, "", self._place, self._place))

    def _complaint(self) -> str:
        """Why nothing can be read here."""
        character, after = self._text[self._place], self._text[self._place + 1 : self._place + 2]
        if self._bracket and not self._number and not (character.isdecimal() or character == "."):
            return f"unexpected character in duration expression: {go_rune(character)}"
        if character in "\"'`":
            return bad_escape(self._text[self._place :]) or f"unterminated {'raw' if character == '`' else 'quoted'} string"
        if character == "=":
            return f"unexpected character after '=': {go_rune(after)}"
        if character == "!":
            return f"unexpected character after '!'{' inside braces' if self._braces else ''}: {go_rune(after)}"
        if self._braces:
            return f"unexpected {'left brace' if character == '{' else 'character inside braces:'} {go_rune(character)}"
        if character in "[]":
            return f"unexpected {'left' if character == '[' else 'right'} bracket {go_rune(character)}"
        if "0" <= character <= "9" or (character == "." and "0" <= after <= "9"):
            read = _BAD_NUMBER.match(self._text, self._place)
            return f"bad number or duration syntax: {go_quote(read.group() if read else character)}"
        if self._bracket and re.match(r"[A-Za-z_]", character):
            return f"unexpected character: {go_rune(character)}, expected ':'"
        return f"unexpected character: {go_rune(character)}"


_DEEPENING: Final = _OPERATOR_SYMBOLS - {"=~", "!~", "@"} | OPERATOR_WORDS | {"["}


def tree_depth(tokens: Sequence[Token]) -> int:
    """How deep the tree of these tokens can be at most, told without recursion: a chain of operators is as deep as it is long."""
    # Per open bracket: the deepest part before the last comma, the deepest operand since then, and the operators since then.
    levels = [(0, 0, 0)]
    for token in tokens:
        before, operand, operators = levels[-1]
        if (token.keyword or token.text) in _DEEPENING and token.kind in (Kind.SYMBOL, Kind.NAME):
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
