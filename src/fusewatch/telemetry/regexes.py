"""Regular expressions as Go has them: RE2, and templates of replacements."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import re2

#: ``$1``, ``${1}``, ``$name``, ``${name}`` and ``$$``.
_REFERENCE: Final = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)


def expand(template: str, found: re2._Match) -> str:
    """``$1``, ``${1}``, ``$name`` and ``$$`` of Go's ``Regexp.Expand``; a group that does not exist is empty."""

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return found.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(group, template) if "$" in template else template


@lru_cache(maxsize=256)
def compile_free(pattern: str) -> re2._Regexp:
    """The pattern as Go's ``regexp`` compiles it: anchored nowhere.

    Raises:
        re2.error: RE2 rejects it.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    return re2.compile(pattern, options)


def replace_all(pattern: str, template: str, text: str, *, longest: int) -> str:
    """Every match replaced, as Go's ``ReplaceAllString`` does it.

    Raises:
        re2.error: RE2 rejects the pattern.
        OverflowError: all replacements together are longer than ``longest`` characters.
    """
    left = longest

    def replaced(found: re2._Match) -> str:
        nonlocal left
        replacement = expand(template, found)
        left -= len(replacement)
        if left < 0:
            raise OverflowError(f"replacing would make a text of more than {longest:,} characters")
        return replacement

    result: str = compile_free(pattern).sub(replaced, text)
    return result
