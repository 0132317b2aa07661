"""Another aircraft flies: seats, seat map and authorised numbers change."""

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.inventory import flights
from domain.inventory import operations, schedule
from domain.inventory.events import CabinLayout


class ChangeEquipment(Command, frozen=True):
    """`layouts` of the new aircraft; cabins without one have no seats in it."""

    flight_id: str
    layouts: tuple[CabinLayout, ...]
    reason: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects FlightNotFound, FlightOver and CabinNotFound."""
        authorised = {
            layout.cabin: schedule.authorised_count(layout.cabin, layout.seat_count)
            for layout in self.layouts
        }
        changed = operations.change_equipment(
            flights.load(context, self.flight_id),
            layouts=self.layouts,
            authorised=authorised,
            reason=self.reason,
        )
        context.record(self.flight_id, changed)
        return Reply(self.flight_id)
