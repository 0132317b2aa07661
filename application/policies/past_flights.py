"""Flights as they were before an event of the log, and as they are now."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence

from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.ports import Clock, RecordedEvent
from domain.inventory.state import Flight
from domain.kernel.fold import fold

# Flights whose histories are remembered.
HISTORIES_REMEMBERED = 100


class PastFlights:
    """Reads flights for one preview, whose present is the instant `now`."""

    def __init__(self, bus: CommandBus, clock: Clock) -> None:
        self.now: dt.datetime = clock()
        self._bus = bus
        self._histories: OrderedDict[str, Sequence[RecordedEvent]] = OrderedDict()

    async def current(self, flight_id: str) -> Flight:
        """Return the flight of a booking as it is now."""
        flight: Flight | None = (await self._bus.current(stream_kinds.FLIGHT, flight_id))[0]
        assert flight is not None, "a booking names flights that exist"
        return flight

    async def before(self, recorded: RecordedEvent, flight_id: str) -> Flight:
        """Return the flight as the command of this event found it."""
        flight = fold(
            stream_kinds.FLIGHT.evolve,
            None,
            (
                each.event
                for each in await self._history(flight_id)
                if each.position < recorded.position and each.command_id != recorded.command_id
            ),
        )
        assert flight is not None, "a booking names flights that exist"
        return flight

    async def _history(self, flight_id: str) -> Sequence[RecordedEvent]:
        found = self._histories.get(flight_id)
        if found is None:
            found = self._histories[flight_id] = await self._bus.history(flight_id)
            if len(self._histories) > HISTORIES_REMEMBERED:
                self._histories.popitem(last=False)
        return found
