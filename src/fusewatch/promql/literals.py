"""Strings, numbers and durations of a query as Go reads them, and texts as Go's ``%q`` writes them."""

from __future__ import annotations

import math
import re
from typing import Final

_ESCAPE = re.compile(rb"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))""")
_SIMPLE: Final = dict(zip(b"abfnrtv\\'\"", (b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v", b"\\", b"'", b'"'), strict=True))
_WRITTEN: Final = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}
#: How many digits follow the letter of an escape, and to which base; octal ones have no letter.
_DIGITS: Final = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}
_REPLACEMENT: Final = "\ufffd"
_LAST_CODE_POINT: Final = 0x10FFFF


def go_quote(text: str) -> str:
    """``text`` in double quotes, as Go's ``%q`` has it."""
    return f'"{"".join(_written(character, chr(34)) for character in text)}"'


def go_rune(character: str) -> str:
    """One character in single quotes, as Go's ``%q`` has it; without one, what Go shows for the end of a text."""
    return f"'{_written(character or _REPLACEMENT, chr(39))}'"


def _written(character: str, quote: str) -> str:
    if character in _WRITTEN:
        return _WRITTEN[character]
    if character == quote:
        return f"\\{quote}"
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def bad_escape(text: str) -> str:
    """What Prometheus says is wrong inside a string that begins ``text``, "" if nothing is."""
    quote, place = text[0], 1
    while place < len(text) and text[place] != quote and (text[place] != "\n" or quote == "`"):
        if text[place] == _REPLACEMENT:
            return "invalid UTF-8 rune"
        if text[place] == "\\" and quote != "`":
            reason, place = _escape(text, place + 1, quote)
            if reason:
                return reason
        place += 1
    return ""


def _escape(text: str, place: int, quote: str) -> tuple[str, int]:
    """What is wrong with the escape whose backslash stands before ``place``, and where it ends."""
    letter = text[place : place + 1]
    if not letter:
        return "escape sequence not terminated", place
    if letter in "abfnrtv\\" or letter == quote:
        return "", place
    count, base = _DIGITS.get(letter, (3, 8))
    if letter not in "01234567xuU":
        return f"unknown escape sequence {_code_point(letter)}", place
    first = place + (letter in _DIGITS)
    digits = text[first : first + count]
    for digit in digits:
        if digit.lower() not in "0123456789abcdef"[:base]:
            return f"illegal character {_code_point(digit)} in escape sequence", place
    if len(digits) < count:
        return "escape sequence not terminated", place
    code, most = int(digits, base), _LAST_CODE_POINT if letter in "uU" else 255
    wrong = code > most or 0xD800 <= code < 0xE000
    return ("escape sequence is an invalid Unicode code point" if wrong else ""), first + count - 1


def _code_point(character: str) -> str:
    """A character as Go's ``%#U`` has it."""
    return f"U+{ord(character):04X}" + (f" '{character}'" if character.isprintable() else "")


def unquote(text: str) -> str:
    """The text that a string token stands for, with Go's escapes, none of them bad; bytes that are no UTF-8 become surrogates."""
    inner = text[1:-1]
    if text[0] == "`" or "\\" not in inner:
        return inner
    return _ESCAPE.sub(_unescape, inner.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")


def _unescape(found: re.Match[bytes]) -> bytes:
    simple, byte, short, long, octal = found.groups()
    if simple:
        return _SIMPLE[simple[0]]
    if byte:
        return bytes.fromhex(byte.decode())
    if short or long:
        return chr(int(short or long, 16)).encode()
    return bytes([int(octal, 8)])


_UNITS_MS: Final = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_PART = re.compile(r"([0-9]+)([^0-9]+)")
_OCTAL = re.compile(r"0[0-7_]+\Z")
_MOST_DIGITS: Final = 19
_MOST_MS: Final = (1 << 63) // 1_000_000


def number_of(text: str) -> float:
    """The value of a number token.

    Raises:
        ValueError: it is none; with Go's words.
    """
    plain = text.replace("_", "")
    if "_" in text and not (plain.isdecimal() or plain[:2] in ("0x", "0X")):
        raise ValueError(f"error parsing number: strconv.ParseFloat: parsing {go_quote(text)}: invalid syntax")
    value = _float(plain)
    if math.isinf(value):
        raise ValueError(f"error parsing number: strconv.ParseFloat: parsing {go_quote(text)}: value out of range")
    return value


def _float(plain: str) -> float:
    base = 16 if plain[:2] in ("0x", "0X") else 8
    if base == 8 and not _OCTAL.match(plain):
        return float(plain)
    try:
        return float(int(plain, base))
    except OverflowError:
        return math.inf


def seconds_of(text: str) -> float:
    """The seconds of a duration token.

    Raises:
        ValueError: its units are unknown, twice there, or out of order; with Prometheus' words.
    """
    order, last, total = list(_UNITS_MS), -1, 0
    for count, unit in _PART.findall(text):
        if unit not in _UNITS_MS:
            raise ValueError(f"unknown unit {go_quote(unit)} in duration {go_quote(text)}")
        if order.index(unit) <= last:
            raise ValueError(f"not a valid duration string: {go_quote(text)}")
        last = order.index(unit)
        # A number of more digits is not even computed.
        total += int(count[-_MOST_DIGITS:]) * _UNITS_MS[unit]
        if total > _MOST_MS or count[:-_MOST_DIGITS].strip("0"):
            raise ValueError("duration out of range")
    return total / 1000
