"""Roles, and what a route needs.

Roles are ordered: viewer < operator < editor < admin; each may do all that those below it may.
"""

from __future__ import annotations

import enum


class Need(enum.IntEnum):
    """The least that a caller of a route must be. ``PUBLIC`` answers without credentials."""

    PUBLIC = 0
    VIEWER = 1
    OPERATOR = 2
    EDITOR = 3
    ADMIN = 4

    def met_by(self, role: Role | None) -> bool:
        """Whether somebody with this role (None: nobody in particular) may pass."""
        return self is Need.PUBLIC or (role is not None and role.level >= self)


@enum.unique
class Role(enum.Enum):
    """What a user or token is. Compares by power; its value is the name in files, the API and the database."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def level(self) -> Need:
        """The highest need that the role meets."""
        return Need[self.name]

    def __lt__(self, other: object) -> bool:
        return self.level < other.level if isinstance(other, Role) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.level <= other.level if isinstance(other, Role) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.level > other.level if isinstance(other, Role) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.level >= other.level if isinstance(other, Role) else NotImplemented
