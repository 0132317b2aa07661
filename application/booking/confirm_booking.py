"""Confirm a paid booking: tickets, the entry and the sale of the seats in one append."""

import msgspec

from application import ports, streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import rejections
from domain.booking.events import Ticket
from domain.booking.states import Status
from domain.inventory import decisions as flight_decisions
from domain.kernel import ids
from domain.ledger import rules as ledger_rules

CONFIRMATION_TOPIC = "mail.booking_confirmed"


class ConfirmBooking(msgspec.Struct, frozen=True):
    """`ticket_serials` were drawn from the ticket stock, at least one for each passenger."""

    booking: str
    airline_code: str
    ticket_serials: tuple[int, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking; its flight becomes known with it."""
        return (self.booking,)


def confirm_booking(command: ConfirmBooking, reading: Reading) -> Decision:
    """Rejects BookingNotFound and TransitionRefused; confirmed already records nothing."""
    booking = reading.load(streams.BOOKING, command.booking)
    if booking is None:
        raise rejections.BookingNotFound()
    if booking.status is Status.CONFIRMED:
        return Decision(answer_stream=command.booking)
    flight = reading.load(streams.FLIGHT, booking.flight)
    assert flight is not None
    tickets = tuple(
        Ticket(index, ids.ticket_number(command.airline_code, serial))
        for index, serial in enumerate(command.ticket_serials[: len(booking.passengers)])
    )
    entry = ledger_rules.ticketing_entry(
        booking=command.booking,
        price=booking.price,
        references=tuple(ticket.number for ticket in tickets),
        now=reading.now,
    )
    confirmed = booking_decisions.confirm(booking, tickets=tickets, entry=entry)
    sold = flight_decisions.sell(flight, booking=command.booking)
    mail = ports.OutboxMessage(topic=CONFIRMATION_TOPIC, body={"booking": command.booking})
    return Decision(
        answer_stream=command.booking,
        events=((command.booking, confirmed), (booking.flight, sold)),
        outbox=(mail,),
    )
