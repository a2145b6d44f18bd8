"""What can be wrong with a line of samples.

NotationError    the text is no series, no value or no histogram
"""

from __future__ import annotations


class NotationError(ValueError):
    """The text can't be read; the message names the part."""
