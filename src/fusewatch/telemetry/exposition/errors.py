"""What can be wrong with an exposition.

ExpositionError
├── MalformedLineError     a line does not follow the grammar; the whole page is refused, as Prometheus does
├── MalformedMessageError  a protobuf page can't be read, or holds what can't be stored; refused as a whole as well
└── ContentTypeError       the target names no format, or one that is not understood
"""

from __future__ import annotations


class ExpositionError(ValueError):
    """An exposition can't be read."""


class MalformedLineError(ExpositionError):
    """A line does not follow the grammar. ``line`` counts from 1; 0 where it is not known yet."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.reason = message
        self.line = line

    def at(self, line: int) -> MalformedLineError:
        """The same error with its place."""
        return MalformedLineError(self.reason, line)


class MalformedMessageError(ExpositionError):
    """A protobuf page can't be read, or holds what can't be stored."""


class ContentTypeError(ExpositionError):
    """The ``Content-Type`` of the answer can't be served."""
