"""The modes that are on, as this process last read them: a look that costs no question.

`infrastructure/postgres/modes.py` reads them, and reads again at each change.
"""

import asyncio
from collections.abc import Mapping

from application import metrics
from domain.modes.modes import MODES, Mode, ModeOn


class CurrentModes:
    """None is on until `replace` was called. Used from one event loop."""

    def __init__(self) -> None:
        self._on: Mapping[Mode, ModeOn] = {}
        self._changed = asyncio.Event()

    def of(self, mode: Mode) -> ModeOn | None:
        """Return what is known of a mode that is on; None where it is off."""
        return self._on.get(mode)

    def all(self) -> Mapping[Mode, ModeOn]:
        """Return every mode that is on."""
        return self._on

    def replace(self, found: Mapping[Mode, ModeOn]) -> None:
        """Take these modes as those that are on, and no other."""
        self._on = dict(found)
        for mode in MODES:
            metrics.MODE_ON.set(float(mode in found), mode)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_until_off(self, mode: Mode) -> None:
        """Return once the mode is off, at once if it is."""
        while mode in self._on:
            await self._changed.wait()
