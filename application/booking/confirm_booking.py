"""Confirm a paid booking: tickets, documents, the entry and the sale of the seats in one append."""

import msgspec

from application.booking import journey, letters
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking.events import ExtraDocument, Ticket
from domain.inventory import decisions as flight_decisions
from domain.kernel import ids
from domain.ledger import carriage


class ConfirmBooking(msgspec.Struct, frozen=True):
    """`serials` were drawn from the stock, at least one for each passenger and each extra."""

    booking: str
    airline_code: str
    serials: tuple[int, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.booking,)


def confirm_booking(command: ConfirmBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound and TransitionRefused; ticketed already records nothing."""
    booking = journey.load(reading, command.booking)
    if booking.tickets:
        return Decision(answer_stream=command.booking)
    numbers = [ids.ticket_number(command.airline_code, serial) for serial in command.serials]
    party = len(booking.passengers)
    tickets = tuple(Ticket(index, number) for index, number in enumerate(numbers[:party]))
    documents = tuple(
        ExtraDocument(index, number)
        for index, number in enumerate(numbers[party : party + len(booking.extras)])
    )
    entry = carriage.ticketing_entry(
        carriage.Posted(
            booking=command.booking,
            references=tuple(ticket.number for ticket in tickets),
            now=reading.now,
        ),
        price=booking.price,
    )
    confirmed = booking_decisions.confirm(
        booking, tickets=tickets, documents=documents, entry=entry
    )
    sold = [
        (
            name,
            flight_decisions.sell(journey.load_flight(reading, name), booking=command.booking),
        )
        for name in booking.flights()
    ]
    letter = letters.ConfirmationLetter(booking_id=command.booking)
    return Decision(
        answer_stream=command.booking,
        events=((command.booking, confirmed), *sold),
        outbox=(letter,),
    )
