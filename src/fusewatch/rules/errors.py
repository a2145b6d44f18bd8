"""What can go wrong with rules.

RuleError
├── EvaluationError    a rule could not be evaluated; the rule keeps its state and is tried again
└── TooManyError       its result has more series or alerts than the group's limit
"""

from __future__ import annotations


class RuleError(Exception):
    """A rule did not do its work."""


class EvaluationError(RuleError):
    """The expression or what became of it is of no use; the message says why."""


class TooManyError(EvaluationError):
    """More than the group's ``limit``."""
