"""The modes that are on, as this process last read or found them: a look that costs no question.

`infrastructure/postgres/modes.py` reads those that operators switch, again at each change;
`infrastructure/postgres/full_disk.py` finds out that the database has no room.
"""

import asyncio
from collections.abc import Mapping

from application import metrics
from domain.modes.modes import CLOSING, MODES, Mode, ModeOn


class CurrentModes:
    """None is on until `replace` or `begin` was called. Used from one event loop."""

    def __init__(self, carrier: str = "") -> None:
        # A process may serve several, each with modes of its own.
        self._carrier = carrier
        self._switched: Mapping[Mode, ModeOn] = {}
        self._found: Mapping[Mode, ModeOn] = {}
        self._unknown: ModeOn | None = None
        self._changed = asyncio.Event()

    def of(self, mode: Mode) -> ModeOn | None:
        """Return what is known of a mode that is on; None where it is off."""
        return self._switched.get(mode) or self._found.get(mode)

    def is_switched_on(self, mode: Mode) -> bool:
        """Return whether an operator has switched it on."""
        return mode in self._switched

    def all(self) -> Mapping[Mode, ModeOn]:
        """Return every mode that is on."""
        return {**self._found, **self._switched}

    def closing(self) -> ModeOn | None:
        """Return a mode in which nothing is changed; None where everything is served."""
        found = (self.of(mode) for mode in CLOSING)
        return next((each for each in found if each is not None), self._unknown)

    def replace(self, switched: Mapping[Mode, ModeOn]) -> None:
        """Take these modes as those that operators have switched on, and no other."""
        self._switched = dict(switched)
        self._unknown = None
        self._announce()

    def forget(self, unknown: ModeOn) -> None:
        """Change nothing until `replace`: what operators have switched on cannot be read."""
        self._unknown = unknown
        self._announce()

    def begin(self, found: ModeOn) -> None:
        """Note a mode that this process has found out itself."""
        self._found = {**self._found, found.mode: found}
        self._announce()

    def end(self, mode: Mode) -> None:
        """Note that such a mode is over."""
        self._found = {each: on for each, on in self._found.items() if each != mode}
        self._announce()

    async def wait_until_open(self) -> None:
        """Return once no mode is on in which nothing is changed, at once if none is."""
        while self.closing() is not None:
            await self._changed.wait()

    def _announce(self) -> None:
        on = self.all()
        for mode in MODES:
            metrics.MODE_ON.set(float(mode in on), self._carrier, mode)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
