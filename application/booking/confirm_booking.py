"""Confirm a paid booking: tickets, documents, the entry and the sale of the seats in one append."""

from application.booking import journey, letters, paid_seats
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import sale
from domain.booking.values import ExtraDocument, Ticket
from domain.inventory import seat_sale
from domain.kernel import ids
from domain.kernel.document_numbers import document_number
from domain.ledger import carriage

# The reason for seats that were lost while the booking was not paid.
BEFORE_PAYMENT = "lost_before_payment"


class ConfirmBooking(Command, frozen=True):
    """`serials` were drawn from the stock, at least one for each passenger and each extra."""

    booking_id: str
    airline_code: str
    serials: tuple[int, ...]

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and TransitionRefused; a ticketed booking records nothing."""
        booking = journey.load(context, self.booking_id)
        if booking.tickets:
            return Reply(self.booking_id)
        party = len(booking.passengers)
        rest = self.serials[party : party + len(booking.extras)]
        tickets = tuple(
            Ticket(index, ids.ticket_number(self.airline_code, serial))
            for index, serial in enumerate(self.serials[:party])
        )
        documents = tuple(
            ExtraDocument(index, document_number(self.airline_code, serial))
            for index, serial in enumerate(rest)
        )
        entry = carriage.ticketing_entry(
            carriage.Posted(
                booking=self.booking_id,
                references=tuple(ticket.number for ticket in tickets),
                now=context.now,
            ),
            price=booking.price,
        )
        confirmed = sale.confirm(booking, tickets=tickets, documents=documents, entry=entry)
        context.record(self.booking_id, confirmed)
        for flight_id in booking.flights():
            flight = journey.load_flight(context, flight_id)
            context.record(flight_id, seat_sale.sell(flight, booking=self.booking_id))
        context.enqueue(letters.ConfirmationLetter(booking_id=self.booking_id))
        paid_seats.restore_and_report(context, self.booking_id, reason=BEFORE_PAYMENT)
        return Reply(self.booking_id)
