"""What the use cases of modes need from outside, named by role."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from application.modes.current_modes import CurrentModes
from application.ports import Clock
from domain.modes.modes import ModeOn, SwitchedMode


class Modes(Protocol):
    """Stores which modes are on, and records each change with who made it and why.

    All processes learn of a change at once. All methods raise Unavailable.
    """

    async def all(self) -> Sequence[ModeOn]:
        """Return the modes that are on, by name."""
        ...

    async def start(self, mode: ModeOn, *, correlation_id: str) -> ModeOn:
        """Switch it on; one that is on keeps `since` and gets the new reason and planned end."""
        ...

    async def end(self, mode: SwitchedMode, *, actor: str, correlation_id: str) -> bool:
        """Switch it off; False where it was off, which records nothing."""
        ...


class ModePorts(msgspec.Struct, frozen=True):
    """What switches and reads modes; `current` are those that are on, as the process knows them."""

    modes: Modes
    current: CurrentModes
    clock: Clock
