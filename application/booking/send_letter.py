"""Write a letter to the passengers of a booking.

Personal data is opened here, at the last moment, and is written to the letter only.
"""

import msgspec

from application import mail, ports
from application.booking import letters, people
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.pricing.price import TAKES_SEAT


class LetterSender:
    """Sends letters; a letter that is sent again has the same id."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._bus = bus
        self._vault = vault
        self._mailer = mailer

    async def send(self, letter: letters.BookingLetter) -> None:
        """Send the letter; do nothing when the passenger's data was erased."""
        booking = (await self._bus.current(stream_kinds.BOOKING, letter.booking_id))[0]
        if booking is None:
            return
        boxes = [booking.contact, *(passenger.name for passenger in booking.passengers)]
        contact_text, *names = await self._vault.open_all(boxes)
        if contact_text is None:
            return
        contact = msgspec.json.decode(contact_text, type=people.Contact)
        reference = ids.reference_of(letter.booking_id)
        words = letters.LETTERS[type(letter)][contact.locale]
        passengers = [people.read_name(name) for name in names]
        values = {
            "reference": reference,
            "name": passengers[0],
            "flights": await self._flights(booking),
            "seats": await self._seats(booking, passengers),
            "total": money.display(booking.price.total()),
            "tickets": _tickets(booking, passengers),
            "until": "" if booking.hold_until is None else f"{booking.hold_until:%Y-%m-%d %H:%M}",
            **_decided(letter, booking.currency),
        }
        kind = letter.topic.partition(".")[2].replace("_", "-")
        await self._mailer.send(
            mail.Letter(
                id="-".join(part for part in (kind, reference, letter.about) if part),
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

    async def _seats(self, booking: Booking, passengers: list[str]) -> str:
        """Return a line for each passenger and flight still to come; a dash without a seat."""
        lines = []
        for coupon in booking.open_coupons():
            if TAKES_SEAT[booking.passengers[coupon.passenger].type]:
                segment = booking.segments[coupon.segment]
                flight = (await self._bus.current(stream_kinds.FLIGHT, segment.flight))[0]
                assert flight is not None
                seat = coupon.seat or "-"
                lines.append(f"  {flight.number}  {passengers[coupon.passenger]}  {seat}")
        return "\n".join(lines)


def _decided(letter: letters.BookingLetter, currency: str) -> dict[str, str]:
    """Return the facts of this kind of letter only, by placeholder."""
    match letter:
        case letters.CancellationLetter(fee=fee, refund=refund):
            return {
                "fee": money.display(money.Money(fee, currency)),
                "refund": money.display(money.Money(refund, currency)),
            }
        case letters.SeatLetter(refund=refund):
            return {"refund": money.display(money.Money(refund, currency))}
        case letters.DisruptionLetter(reason=reason):
            return {"reason": reason}
        case _:
            return {}


def _tickets(booking: Booking, passengers: list[str]) -> str:
    return "\n".join(
        f"  {ticket.number}  {passengers[ticket.passenger]}" for ticket in booking.tickets
    )
