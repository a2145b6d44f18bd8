"""What a template can fail with.

TemplateError
├── TemplateParseError    the text is no template, or names a function or variable that is not there
└── TemplateRunError      a template could not be executed on its data
    └── TemplateLimitError    it would have taken more steps, depth or output than it may
"""

from __future__ import annotations


class TemplateError(Exception):
    """A template has no result."""


class TemplateParseError(TemplateError):
    """The text can't be read as a template; the message has Go's form ``template: name:line: reason``."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"template: {name}:{line}: {reason}")
        self.line = line
        self.reason = reason


class TemplateRunError(TemplateError):
    """A template failed while it was executed; ``reason`` says why, the message where."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason = reason


class TemplateLimitError(TemplateRunError):
    """The template takes more than it may."""
