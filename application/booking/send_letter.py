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
from domain.inventory.state import Flight, FlightStatus
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
        nobody makes any more, or about a disruption that is answered or was followed by another.
        """
        booking = (await self._bus.current(stream_kinds.BOOKING, letter.booking_id))[0]
        if booking is None:
            return
        ahead = await self._flights_ahead(booking)
        if not ahead and not isinstance(letter, letters.CancellationLetter):
            return
        if _has_lapsed(letter, booking, ahead):
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
            **_journey(booking, ahead, names, contact.locale),
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

    async def _flights_ahead(self, booking: Booking) -> dict[int, Flight]:
        """Return the flights that somebody of the booking has before them, by segment."""
        if booking.status in OVER:
            return {}
        ahead = {}
        for segment in sorted({each.segment for each in booking.open_coupons()}):
            name = booking.segments[segment].flight
            flight = (await self._bus.current(stream_kinds.FLIGHT, name))[0]
            assert flight is not None, "a booking names flights that exist"
            if flight.status is not FlightStatus.DEPARTED:
                ahead[segment] = flight
        return ahead


def _has_lapsed(letter: letters.BookingLetter, booking: Booking, ahead: dict[int, Flight]) -> bool:
    """Whether the letter asks for an answer that nobody needs to give any more."""
    match letter:
        case letters.DisruptionLetter() if letter.about.count("-") > 1:
            return letter.about not in {
                letters.disruption_about(
                    each.segment,
                    each.kind,
                    ahead[each.segment].departs_at if each.times is None else each.times.departs_at,
                )
                for each in booking.disruptions
                if each.segment in ahead
            }
        case letters.DisruptionReminder() if "-" in letter.about:
            reminded = letter.about.split("-")[:-1]
            return all(str(each.segment) not in reminded for each in booking.disruptions)
        case _:
            return False


def _journey(
    booking: Booking,
    ahead: dict[int, Flight],
    names: list[bytes | None],
    language: letters.Language,
) -> dict[str, str]:
    """Return the passengers and flights that still are, by placeholder."""
    passengers = [people.read_name(name, locale=language) for name in names]
    travelling = sorted(
        {each.passenger for each in booking.open_coupons() if each.segment in ahead}
    )
    known = [each for each in travelling if names[each] is not None]
    journey = {
        "name": passengers[next(iter(known or travelling), 0)],
        "flights": "\n".join(
            _line(booking, segment, flight, travelling, passengers, language)
            for segment, flight in ahead.items()
        ),
        "seats": _seats(booking, ahead, passengers),
        "tickets": "\n".join(
            f"  {ticket.number}  {passengers[ticket.passenger]}"
            for ticket in booking.tickets
            if ticket.passenger in travelling
        ),
    }
    remaining = letters.REMAINING[language].format(**journey) if ahead else ""
    return {**journey, "remaining": remaining}


def _line(
    booking: Booking,
    segment: int,
    flight: Flight,
    travelling: list[int],
    passengers: list[str],
    language: letters.Language,
) -> str:
    """Return the line of a flight, with the names of its passengers where not all fly.

    One that the airline cancelled is marked, until its passengers have chosen another.
    """
    departure = people.local_time(flight.departs_at, flight.origin_zone)
    line = f"  {flight.number} {flight.origin}-{flight.destination}  {departure}"
    if flight.status is FlightStatus.CANCELLED:
        line += f"  ({letters.CANCELLED[language]})"
    on_board = sorted(each.passenger for each in booking.open_coupons(segment))
    if on_board != travelling:
        line += "  " + ", ".join(passengers[each] for each in on_board)
    return line


def _seats(booking: Booking, ahead: dict[int, Flight], passengers: list[str]) -> str:
    """Return a line for each passenger and flight still to come; a dash without a seat."""
    lines = []
    for each in booking.open_coupons():
        if each.segment in ahead and TAKES_SEAT[booking.passengers[each.passenger].type]:
            flight = ahead[each.segment]
            route = f"{flight.number} {flight.origin}-{flight.destination}"
            lines.append(f"  {route}  {passengers[each.passenger]}  {each.seat or '-'}")
    return "\n".join(lines)


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
        case letters.DivisionLetter(source=source):
            return {"source": ids.reference_of(source)}
        case letters.SeatLetter(refund=refund):
            return {"refund": money.display(money.Money(refund, currency))}
        case letters.DisruptionLetter(reason=reason):
            # A task of an earlier release has words in place of a code.
            return {"reason": letters.REASONS.get(reason, {language: reason})[language]}
        case _:
            return {}
