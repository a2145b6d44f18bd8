"""What an API token looks like, and what is kept of it."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

#: Lets people, and scanners for leaked secrets, see what it is.
PREFIX: Final = "fw_"
_TOKEN: Final = re.compile(r"fw_[A-Za-z0-9_-]{43}\Z")


def new_token() -> str:
    """A new token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def looks_like_token(text: str) -> bool:
    """Whether that can only be meant as a token."""
    return _TOKEN.match(text) is not None


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
