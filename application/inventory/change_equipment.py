"""Another aircraft flies: seats, seat map and authorised numbers change."""

import msgspec

from application.inventory import flights
from application.orders import Decision
from application.planning import Reading
from domain.inventory import operations, rules
from domain.inventory.events import CabinLayout


class ChangeEquipment(msgspec.Struct, frozen=True):
    """`layouts` of the new aircraft; cabins without one have no seats in it."""

    flight: str
    layouts: tuple[CabinLayout, ...]
    reason: str

    @property
    def hints(self) -> tuple[str, ...]:
        """The flight itself."""
        return (self.flight,)


def change_equipment(command: ChangeEquipment, reading: Reading) -> Decision:
    """Rejects FlightNotFound, FlightOver and CabinNotFound."""
    authorised = {
        layout.cabin: rules.authorised_count(layout.cabin, layout.seat_count)
        for layout in command.layouts
    }
    events = operations.change_equipment(
        flights.load(reading, command.flight),
        layouts=command.layouts,
        authorised=authorised,
        reason=command.reason,
    )
    return flights.decided(command.flight, events)
