"""What a door needs to be done from time to time."""

from __future__ import annotations

import asyncio
from typing import Final

from fusewatch.storage.door import Door

_LOOK_S: Final = 0.25
_REST_S: Final = 60.0


class DoorKeeper:
    """A component that hands old segments on, and lets the book forget series that rest."""

    name = "storage.door"

    def __init__(self, door: Door) -> None:
        self._door = door

    async def run(self) -> None:
        """Works until cancelled."""
        waited = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            self._door.hand_on()
            waited += _LOOK_S
            if waited >= _REST_S:
                await asyncio.to_thread(self._door.rest)
                waited = 0.0
