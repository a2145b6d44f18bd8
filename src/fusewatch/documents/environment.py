"""``${NAME}`` in configuration values."""

from __future__ import annotations

import re
from collections.abc import Mapping

# A name starts with a letter or underscore: ${1} is a group of a relabelling rule. $${NAME} is the text ${NAME}.
_REFERENCE = re.compile(r"(?P<escape>\$)?\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\}")


class MissingVariableError(ValueError):
    """The environment lacks a variable that has no default."""


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """The text with ``${NAME}`` and ``${NAME:-default}`` replaced from the environment, as a shell does; ``$${NAME}`` stays ``${NAME}``.

    Raises:
        MissingVariableError: a variable is not set and no default stands beside it.
    """

    def replace(found: re.Match[str]) -> str:
        if found["escape"]:
            return found[0][1:]
        name, default = found["name"], found["default"]
        value = environ.get(name)
        if default is not None:
            return value or default[2:]
        if value is None:
            raise MissingVariableError(
                f"environment variable {name} is not set (set it, write ${{{name}:-default}}, or $${{{name}}} for the text itself)"
            )
        return value

    return _REFERENCE.sub(replace, text)
