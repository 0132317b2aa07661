"""Write to the travellers of a booking.

Personal data is opened here, at the last moment, and goes nowhere but into the letter.
"""

import msgspec

from application import mail, ports
from application.booking import letters, people
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from domain.booking.state import Booking
from domain.kernel import money


class LetterSender:
    """Sends one letter about a booking; again gives the same letter with the same id."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._bus = bus
        self._vault = vault
        self._mailer = mailer

    async def send(
        self,
        topic: str,
        booking_stream: str,
        *,
        about: str = "",
        reason: str = "",
        fee: str = "0",
        refund: str = "0",
    ) -> None:
        """Amounts in minor units of the booking's currency; `about` differs between letters
        of one topic. Does nothing when the traveller was erased.
        """
        booking = (await self._bus.current(stream_kinds.BOOKING, booking_stream))[0]
        if booking is None:
            return
        boxes = [booking.contact, *(passenger.name for passenger in booking.passengers)]
        contact_text, *names = await self._vault.open_all(boxes)
        if contact_text is None:
            return
        contact = msgspec.json.decode(contact_text, type=people.Contact)
        reference = booking_stream.removeprefix("booking-")
        words = letters.LETTERS[topic][contact.locale]
        travellers = [people.read_name(name) for name in names]
        values = {
            "reference": reference,
            "name": travellers[0],
            "flights": await self._flights(booking),
            "total": money.display(booking.price.total()),
            "tickets": _tickets(booking, travellers),
            "reason": reason,
            "fee": money.display(money.Money(int(fee), booking.currency)),
            "refund": money.display(money.Money(int(refund), booking.currency)),
            "until": "" if booking.hold_until is None else f"{booking.hold_until:%Y-%m-%d %H:%M}",
        }
        kind = topic.partition(".")[2].replace("_", "-")
        await self._mailer.send(
            mail.Letter(
                id="-".join(part for part in (kind, reference, about) if part),
                to=contact.email,
                subject=words.subject.format(**values),
                text=words.text.format(**values),
            )
        )

    async def _flights(self, booking: Booking) -> str:
        lines = []
        for segment in booking.segments:
            flight = (await self._bus.current(stream_kinds.FLIGHT, segment.flight))[0]
            assert flight is not None
            departure = people.local_time(flight.departs_at, flight.origin_zone)
            lines.append(f"  {flight.number} {flight.origin}-{flight.destination}  {departure}")
        return "\n".join(lines)


def _tickets(booking: Booking, travellers: list[str]) -> str:
    return "\n".join(
        f"  {ticket.number}  {travellers[ticket.passenger]}" for ticket in booking.tickets
    )
