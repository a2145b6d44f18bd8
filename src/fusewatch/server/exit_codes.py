"""What the engine process tells its parent by the way it ends."""

from __future__ import annotations

from typing import Final

#: Stopped as asked.
CLEAN: Final = 0
#: The configuration can't be used; said in one line per problem.
CONFIGURATION: Final = 2
#: Could not start (port taken, data folder in use …); said in one line.
START: Final = 3
#: Failed while running: starting again may help.
FAILURE: Final = 70
