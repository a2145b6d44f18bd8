"""What keeps the engine from starting.

StartError    said to the user in one line; starting again would end the same way
"""

from __future__ import annotations


class StartError(Exception):
    """The server can't start; the message says why and what to do."""
