"""Go's ``fmt.Sprintf`` for the values that templates have.

https://pkg.go.dev/fmt
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fusewatch.templates.values import Struct, float_text, inner_printed, type_name

_DIRECTIVE: Final = re.compile(
    r"%(?P<flags>[+\-# 0]*)(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?(?:\[(?P<index>\d+)\])?(?P<verb>.?)", re.DOTALL
)
#: Beyond this a width is a mistake: it would fill the memory. Go's own bound.
_WIDEST: Final = 1_000_000
_INTEGER_VERBS: Final = {"b": "b", "d": "d", "o": "o", "x": "x", "X": "X"}
_PREFIXES: Final = {"b": "0b", "o": "0", "x": "0x", "X": "0X", "O": "0o"}


@dataclass(frozen=True, slots=True)
class _Directive:
    flags: str
    width: int | None
    precision: int | None
    verb: str

    def has(self, flag: str) -> bool:
        return flag in self.flags


def sprintf(layout: str, arguments: Sequence[Any]) -> str:
    """The layout with each directive replaced; what does not fit is shown in Go's form, ``%!d(string=hi)``."""
    return _Printer(arguments).run(layout)


def sprint(arguments: Sequence[Any]) -> str:
    """All of them, with spaces between those of which neither is a text."""
    parts: list[str] = []
    for number, value in enumerate(arguments):
        if number and not isinstance(value, str) and not isinstance(arguments[number - 1], str):
            parts.append(" ")
        parts.append(inner_printed(value))
    return "".join(parts)


def sprintln(arguments: Sequence[Any]) -> str:
    """All of them with spaces between, and a line's end."""
    return " ".join(inner_printed(value) for value in arguments) + "\n"


class _Printer:
    def __init__(self, arguments: Sequence[Any]) -> None:
        self._arguments = arguments
        self._at = 0
        self._reordered = False

    def run(self, layout: str) -> str:
        text = _DIRECTIVE.sub(self._replaced, layout)
        if self._at < len(self._arguments) and not self._reordered:
            left = ", ".join(f"{type_name(value)}={inner_printed(value)}" for value in self._arguments[self._at :])
            text += f"%!(EXTRA {left})"
        return text

    def _replaced(self, match: re.Match[str]) -> str:
        verb = match["verb"]
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        width = self._number(match["width"])
        precision = None if match["precision"] is None else self._number(match["precision"] or "0")
        flags = match["flags"]
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        if max(width or 0, precision or 0) > _WIDEST:
            return "%!(BADWIDTH)"
        if match["index"]:
            self._reordered, self._at = True, int(match["index"]) - 1
        if not 0 <= self._at < len(self._arguments):
            return f"%!{verb}({'BADINDEX' if match['index'] else 'MISSING'})"
        value = self._arguments[self._at]
        self._at += 1
        return formatted(value, _Directive(flags, width, precision, verb))

    def _number(self, text: str) -> int | None:
        if text != "*":
            return int(text) if text else None
        value = self._arguments[self._at] if self._at < len(self._arguments) else None
        self._at += 1
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def formatted(value: Any, how: _Directive) -> str:
    """One value as one directive says."""
    text = _TYPE if how.verb == "T" else _body(value, how)
    if text is _TYPE:
        text = type_name(value)
    if text is None:
        shown = "<nil>" if value is None else f"{type_name(value)}={inner_printed(value)}"
        return f"%!{how.verb}({shown})"
    return _padded(text, value, how)


_TYPE: Final = "\0type"


def _body(value: Any, how: _Directive) -> str | None:
    """Without padding; None where the verb takes no such value."""
    match value:
        case None:
            return "<nil>" if how.verb == "v" else None
        case bool():
            return inner_printed(value) if how.verb in "tv" else None
        case Struct() if how.verb in "vsqxX":
            return _string(str(value), how)
        case float():
            return _float(value, how)
        case int():
            return _integer(value, how)
        case str():
            return _string(str(value), how)
        case Mapping() if how.verb == "v":
            return inner_printed(value)
        case Mapping():
            return "map[" + " ".join(f"{formatted(key, how)}:{formatted(value[key], how)}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join("<nil>" if item is None else formatted(item, how) for item in value) + "]"
    return inner_printed(value) if how.verb == "v" else None


def _string(text: str, how: _Directive) -> str | None:
    match how.verb:
        case "v" if how.has("#"):
            return quoted(text)
        case "v" | "s":
            return text if how.precision is None else text[: how.precision]
        case "q":
            cut = text if how.precision is None else text[: how.precision]
            return f"`{cut}`" if how.has("#") and "`" not in cut and cut.isprintable() else quoted(cut)
        case "x" | "X":
            octets = text.encode()
            octets = octets if how.precision is None else octets[: how.precision]
            hexed = octets.hex(" ") if how.has(" ") else octets.hex()
            return hexed if how.verb == "x" else hexed.upper()
    return None


def _integer(value: int, how: _Directive) -> str | None:
    number = abs(int(value))
    match how.verb:
        case "v" | "d":
            digits = str(number)
        case "b" | "o" | "x" | "X":
            digits = (_PREFIXES[how.verb] if how.has("#") else "") + format(number, _INTEGER_VERBS[how.verb])
        case "O":
            digits = f"0o{number:o}"
        case "c":
            return chr(value) if 0 <= value <= 0x10FFFF else "\ufffd"
        case "q":
            return "'" + quoted(chr(value))[1:-1].replace('\\"', '"').replace("'", "\\'") + "'" if 0 <= value <= 0x10FFFF else "'\ufffd'"
        case "U":
            return f"U+{number:04X}"
        case _:
            return None
    if how.precision is not None:
        digits = "" if how.precision == 0 and number == 0 else digits.rjust(how.precision, "0")
    return _sign(value < 0, how) + digits


def _float(value: float, how: _Directive) -> str | None:
    if how.verb not in "veEfFgGbxX":
        return None
    if math.isnan(value):
        return "+NaN" if how.has("+") else "NaN"
    if math.isinf(value):
        return "-Inf" if value < 0 else "+Inf"
    negative = math.copysign(1, value) < 0
    return _sign(negative, how) + _digits(abs(value), how)


def _digits(value: float, how: _Directive) -> str:
    match how.verb:
        case "f" | "F":
            return f"{value:.{6 if how.precision is None else how.precision}f}"
        case "e" | "E":
            return f"{value:.{6 if how.precision is None else how.precision}{how.verb}}"
        case "v" | "g" | "G" if how.precision is None:
            text = float_text(value)
            return text.upper() if how.verb == "G" else text
        case "v" | "g" | "G":
            text = f"{value:.{how.precision}g}"
            return text.upper() if how.verb == "G" else text
    text = value.hex()
    return text.upper() if how.verb == "X" else text


def _sign(negative: bool, how: _Directive) -> str:  # noqa: FBT001 - a digit's sign
    if negative:
        return "-"
    return "+" if how.has("+") else " " if how.has(" ") else ""


def _padded(text: str, value: Any, how: _Directive) -> str:
    missing = (how.width or 0) - len(text)
    if missing <= 0 or isinstance(value, list | tuple | Mapping):
        return text
    if how.has("-"):
        return text + " " * missing
    number = isinstance(value, int | float) and not isinstance(value, bool) and not (how.precision is not None and isinstance(value, int))
    if how.has("0") and (number or isinstance(value, str)) and text not in ("NaN", "+Inf", "-Inf", "Inf"):
        sign = text[:1] if number and text[:1] in ("+", "-", " ") else ""
        return sign + "0" * missing + text[len(sign) :]
    return " " * missing + text


def quoted(text: str) -> str:
    """The text as a Go literal in double quotes."""
    parts = ['"']
    for sign in text:
        plain = _ESCAPES.get(sign)
        if plain is not None:
            parts.append(plain)
        elif sign.isprintable():
            parts.append(sign)
        else:
            code = ord(sign)
            parts.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join([*parts, '"'])


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
