"""Write a letter to the passengers of a booking.

Personal data is opened here, at the last moment, and is written to the letter only. So is what the
letter names: the passengers and flights that still are when it is sent.
"""

import msgspec

from application import mail, ports
from application.booking import letters, people
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from domain.booking import states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.state import FlightStatus
from domain.kernel import ids, money
from domain.pricing.price import TAKES_SEAT

# Nobody travels any more: only the letter that says so is sent.
OVER = states.TERMINAL | {Status.CANCELLED, Status.NO_SHOW}


class LetterSender:
    """Sends letters; a letter that is sent again has the same id."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._bus = bus
        self._vault = vault
        self._mailer = mailer

    async def send(self, letter: letters.BookingLetter) -> None:
        """Send the letter.

        Do nothing when the passenger's data was erased, or when the letter is about a journey that
        nobody makes any more.
        """
        booking = (await self._bus.current(stream_kinds.BOOKING, letter.booking_id))[0]
        if booking is None or (not _travels(booking) and not _is_final(letter)):
            return
        boxes = [booking.contact, *(passenger.name for passenger in booking.passengers)]
        contact_text, *names = await self._vault.open_all(boxes)
        if contact_text is None:
            return
        contact = msgspec.json.decode(contact_text, type=people.Contact)
        reference = ids.reference_of(letter.booking_id)
        words = letters.LETTERS[type(letter)][contact.locale]
        values = {
            "reference": reference,
            "total": money.display(booking.price.total()),
            "until": "" if booking.hold_until is None else f"{booking.hold_until:%Y-%m-%d %H:%M}",
            **await self._journey(booking, names, contact.locale),
            **_decided(letter, booking.currency, contact.locale),
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

    async def _journey(
        self, booking: Booking, names: list[bytes | None], language: letters.Language
    ) -> dict[str, str]:
        """Return the passengers and flights that still are, by placeholder."""
        passengers = [people.read_name(name, locale=language) for name in names]
        travelling = _travelling(booking)
        known = [each for each in travelling if names[each] is not None]
        journey = {
            "name": passengers[next(iter(known or travelling), 0)],
            "flights": await self._flights(booking, passengers, language),
            "seats": await self._seats(booking, passengers),
            "tickets": "\n".join(
                f"  {ticket.number}  {passengers[ticket.passenger]}"
                for ticket in booking.tickets
                if ticket.passenger in travelling
            ),
        }
        remaining = letters.REMAINING[language].format(**journey) if _travels(booking) else ""
        return {**journey, "remaining": remaining}

    async def _flights(
        self, booking: Booking, passengers: list[str], language: letters.Language
    ) -> str:
        """Return a line for each flight that somebody still flies, with the names where not all do.

        A flight that the airline cancelled is marked, until its passengers have chosen another.
        """
        travelling = _travelling(booking)
        lines = []
        for index, segment in enumerate(booking.segments):
            on_board = [each.passenger for each in booking.open_coupons(index)]
            if not on_board:
                continue
            flight = (await self._bus.current(stream_kinds.FLIGHT, segment.flight))[0]
            assert flight is not None
            departure = people.local_time(flight.departs_at, flight.origin_zone)
            line = f"  {flight.number} {flight.origin}-{flight.destination}  {departure}"
            if flight.status is FlightStatus.CANCELLED:
                line += f"  ({letters.CANCELLED[language]})"
            if set(on_board) != set(travelling):
                line += "  " + ", ".join(passengers[each] for each in on_board)
            lines.append(line)
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
                route = f"{flight.number} {flight.origin}-{flight.destination}"
                lines.append(f"  {route}  {passengers[coupon.passenger]}  {seat}")
        return "\n".join(lines)


def _travels(booking: Booking) -> bool:
    return booking.status not in OVER and bool(booking.open_coupons())


def _travelling(booking: Booking) -> list[int]:
    """Return the passengers who still have a flight before them, in the order of the booking."""
    return sorted({each.passenger for each in booking.open_coupons()})


def _is_final(letter: letters.BookingLetter) -> bool:
    """Whether the letter is also sent when the journey is over."""
    return isinstance(letter, letters.CancellationLetter)


def _decided(
    letter: letters.BookingLetter, currency: str, language: letters.Language
) -> dict[str, str]:
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
            # A task of an earlier release has words in place of a code.
            return {"reason": letters.REASONS.get(reason, {language: reason})[language]}
        case _:
            return {}
