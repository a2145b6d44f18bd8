"""What users and tokens may be called."""

from __future__ import annotations

import re
from typing import Final

from fusewatch.access.errors import InvalidError
from fusewatch.access.need import Role

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}\Z")
#: Actors that are no users.
_RESERVED: Final = frozenset({"local", "cli", "anonymous", "system"})


def check_name(name: str) -> str:
    """The name, when it is acceptable for a user or a token.

    Raises:
        InvalidError: characters that need quoting somewhere, too long, or the name of an actor that is no user.
    """
    if _NAME.match(name) is None:
        raise InvalidError(
            f"not an acceptable name: {name[:80]!r} (1 to 64 letters, digits and . _ @ + -, a letter or digit first)", "name"
        )
    if name.lower() in _RESERVED:
        raise InvalidError(f"the name {name} is reserved", "name")
    return name


def parse_role(text: str) -> Role:
    """The role of that name.

    Raises:
        InvalidError: there is none.
    """
    try:
        return Role(text)
    except ValueError as error:
        raise InvalidError(f"unknown role {text!r}: one of {', '.join(role.value for role in Role)}", "role") from error
