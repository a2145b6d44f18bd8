"""What users, tokens and sessions can't do.

AccessError
├── InvalidError     a value does not fit: ``field`` says which (400)
├── NotAllowedError  the caller may not do this to that (403)
├── UnknownError     there is no such user or token (404)
└── ConflictError    it exists already, or nobody could administer any more (409)
"""

from __future__ import annotations


class AccessError(Exception):
    """Nothing was changed; the message is one sentence for people."""


class InvalidError(AccessError):
    """A value does not fit."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotAllowedError(AccessError):
    """The caller may not do this to that."""


class UnknownError(AccessError):
    """There is no such user or token."""


class ConflictError(AccessError):
    """What exists forbids it."""
