"""Write to the traveller that the booking is confirmed, with the ticket numbers.

Personal data is opened here, at the last moment, and goes nowhere but into the letter.
"""

import msgspec

from application import mail, ports, streams
from application.booking import people
from application.desk import Desk
from domain.booking.state import Booking
from domain.kernel import money

_TEXT = {
    "en": (
        "Your booking {reference} is confirmed",
        "Dear {name},\n\nyour booking {reference} on flight {flight} is confirmed.\n"
        "Departure: {departure} (local time)\nPaid: {total}\n\nTickets:\n{tickets}\n",
    ),
    "ar": (
        "تم تأكيد حجزك {reference}",
        "عزيزنا {name}،\n\nتم تأكيد حجزك {reference} على الرحلة {flight}.\n"
        "المغادرة: {departure} (بالتوقيت المحلي)\nالمبلغ المدفوع: {total}\n\n"
        "التذاكر:\n{tickets}\n",
    ),
}


class ConfirmationSender:
    """Sends the letter of one booking; again gives the same letter with the same id."""

    def __init__(self, *, desk: Desk, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._desk = desk
        self._vault = vault
        self._mailer = mailer

    async def send(self, booking_stream: str) -> None:
        """Does nothing when the traveller was erased or the booking has no ticket."""
        found = await self._desk.current(streams.BOOKING, booking_stream)
        booking = found[0]
        if booking is None or not booking.tickets:
            return
        boxes = [booking.contact, *(passenger.name for passenger in booking.passengers)]
        contact_text, *names = await self._vault.open_all(boxes)
        if contact_text is None:
            return
        contact = msgspec.json.decode(contact_text, type=people.Contact)
        letter = await self._letter(booking_stream, booking, contact, names)
        await self._mailer.send(letter)

    async def _letter(
        self,
        booking_stream: str,
        booking: Booking,
        contact: people.Contact,
        names: list[bytes | None],
    ) -> mail.Letter:
        found = await self._desk.current(streams.FLIGHT, booking.flight)
        flight = found[0]
        assert flight is not None
        reference = booking_stream.removeprefix("booking-")
        subject, text = _TEXT[contact.locale]
        travellers = [people.read_name(name) for name in names]
        tickets = "\n".join(
            f"  {ticket.number}  {travellers[ticket.passenger]}" for ticket in booking.tickets
        )
        values = {
            "reference": reference,
            "name": travellers[0],
            "flight": f"{flight.number} {flight.origin}-{flight.destination}",
            "departure": people.local_time(flight.departs_at, flight.origin_zone),
            "total": money.display(booking.amount_due()),
            "tickets": tickets,
        }
        return mail.Letter(
            id=f"booking-confirmed-{reference}",
            to=contact.email,
            subject=subject.format(**values),
            text=text.format(**values),
        )
