"""What Go's literals mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fusewatch.templates.errors import TemplateParseError
from fusewatch.templates.lexer import Kind, Token

#: Makes the error for what is wrong with a token.
Bad = Callable[[str, Token], TemplateParseError]

_ESCAPE: Final = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|.)", re.DOTALL)
_PLAIN: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}
_LARGEST: Final = (1 << 63) - 1
_HIGHEST_CHARACTER: Final = 0x10FFFF


def constant(token: Token, error: Bad) -> object:
    """The value of a literal: int, float, str or bool; ``error`` makes what is raised of what is wrong with it."""
    match token.kind:
        case Kind.BOOL:
            return token.text == "true"
        case Kind.NUMBER:
            return _number(token, error)
        case Kind.CHARACTER:
            text = _unescaped(token, "'", error)
            if len(text) != 1:
                raise error(f"malformed character constant: {token.text}" if text else "invalid syntax", token)
            return ord(text)
    if token.text.startswith("`"):
        return token.text[1:-1].replace("\r", "")
    return _unescaped(token, '"', error)


def _number(token: Token, error: Bad) -> int | float:
    text = token.text.replace("_", "")
    try:
        sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
        if re.fullmatch(r"0[0-7]+", digits):
            value = int(digits, 8)
        elif re.fullmatch(r"\d+|0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+", digits):
            value = int(digits, 0)
        else:
            number = float.fromhex(digits) if digits[:2] in ("0x", "0X") else float(digits)
            return -number if sign == "-" else number
    except (ValueError, OverflowError) as bad:
        raise error(f'illegal number syntax: "{token.text}"', token) from bad
    if value > _LARGEST + (sign == "-"):
        raise error(f'integer overflow: "{token.text}"', token)
    return -value if sign == "-" else value


def _unescaped(token: Token, mark: str, error: Bad) -> str:
    """Between its marks, escapes replaced; bytes that make up UTF-8 are put together."""

    def replaced(match: re.Match[str]) -> str:
        plain, byte, short, long, octal = match.groups()
        if plain is not None and plain in ("'", '"') and plain != mark:
            raise error("invalid syntax", token)
        if plain is not None:
            return _PLAIN[plain]
        if byte or octal:
            number = int(byte, 16) if byte else int(octal, 8)
            if number > 0xFF:
                raise error("invalid syntax", token)
            return chr(number) if number < 0x80 else chr(0xDC00 + number)
        if short or long:
            number = int(short or long, 16)
            if number > _HIGHEST_CHARACTER or 0xD800 <= number < 0xE000:
                raise error("invalid syntax", token)
            return chr(number)
        raise error("invalid syntax", token)

    text = _ESCAPE.sub(replaced, token.text[1:-1])
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
