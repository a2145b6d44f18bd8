"""Functions on texts that Prometheus' and Alertmanager's templates share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import re2

from fusewatch.telemetry.regexes import compile_free, replace_all
from fusewatch.templates.errors import TemplateRunError
from fusewatch.templates.values import Method, SafeText

#: What replacing may make of a text (characters).
_LONGEST: Final = 1_000_000


def _checked(pattern: str) -> re2._Regexp:
    try:
        return compile_free(pattern)
    except re2.error as error:
        detail = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise TemplateRunError(f"error parsing regexp: {detail}: `{pattern}`") from error


def _replaced(pattern: str, template: str, text: str) -> str:
    _checked(pattern)
    try:
        return replace_all(pattern, template, text, longest=_LONGEST)
    except OverflowError as error:
        raise TemplateRunError(str(error)) from error


def title_words(text: str) -> str:
    """The first letter of each word in upper case, as Go's ``strings.Title`` does; a word's other letters stay."""
    return "".join(sign.title() if not _in_word(text[at - 1 : at] if at else "") else sign for at, sign in enumerate(text))


def _in_word(sign: str) -> bool:
    """Whether what follows the character is inside of a word."""
    return bool(sign) and (sign.isalnum() or sign in "_'" or (not sign.isascii() and not sign.isspace()))


TEXT_FUNCTIONS: Final[Mapping[str, Method]] = {
    "match": Method(lambda pattern, text: _checked(pattern).search(text) is not None, "string", "string"),
    "reReplaceAll": Method(_replaced, "string", "string", "string"),
    "safeHtml": Method(SafeText, "string"),
    "toLower": Method(str.lower, "string"),
    "toUpper": Method(str.upper, "string"),
}
