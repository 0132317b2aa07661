"""Switch a mode on or off, for all processes at once."""

import datetime as dt

import msgspec

from application.modes.ports import ModePorts
from domain.modes.modes import ModeOn, SwitchedMode, require_end_ahead


class StartMode(msgspec.Struct, frozen=True):
    """Who switches which mode on, why, and until when it should last; in UTC."""

    mode: SwitchedMode
    reason: str
    until: dt.datetime | None
    actor: str
    correlation_id: str


async def start_mode(command: StartMode, outside: ModePorts) -> ModeOn:
    """Switch it on and return it; rejects EndNotAhead, raises Unavailable.

    A mode that is on already keeps its beginning and gets the new reason and planned end.
    """
    now = outside.clock()
    require_end_ahead(command.until, now)
    wanted = ModeOn(command.mode, now, command.actor, command.reason, command.until)
    return await outside.modes.start(wanted, correlation_id=command.correlation_id)


async def end_mode(
    mode: SwitchedMode, outside: ModePorts, *, actor: str, correlation_id: str
) -> bool:
    """Switch it off; return whether it was on. Raises Unavailable."""
    return await outside.modes.end(mode, actor=actor, correlation_id=correlation_id)
