"""Write letters to the passengers of bookings, one or a batch of them.

Personal data is opened here, at the last moment, and is written to the letter only. So is what the
letter names: the passengers and flights that still are when it is sent.
"""

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

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
from domain.kernel.sealed import Sealed
from domain.pricing.price import TAKES_SEAT

# Nobody travels any more: only the letter that says so is sent.
OVER = states.TERMINAL | {Status.CANCELLED, Status.NO_SHOW}

# A batch of LETTER_LIMIT letters that all time out ends within the time of a task.
MAILS_AT_ONCE = 8
MAIL_TIMEOUT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class _Draft(msgspec.Struct, frozen=True):
    """A letter with what was read for it; `opened` are the contact and the names, None if erased.

    `ahead` are the flights that somebody of the booking has before them, by segment.
    """

    letter: letters.BookingLetter
    booking: Booking
    ahead: dict[int, Flight]
    opened: list[bytes | None]


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
        for draft in await self._drafts([letter]):
            await self._deliver(draft)

    async def send_all(
        self, batch: Sequence[letters.BookingLetter]
    ) -> Sequence[letters.BookingLetter]:
        """Send the letters as `send` does, by one read of bookings, of flights and of keys; return
        those that failed, which stop no other. Raises Unavailable when nothing was sent.
        """
        try:
            drafts = await self._drafts(batch)
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a booking that cannot be read stops no other
            logger.warning("letters are read one by one: %s", type(error).__name__)
            return [each for each in batch if not await self._succeeds(self.send(each), each)]
        places = asyncio.Semaphore(MAILS_AT_ONCE)

        async def deliver(draft: _Draft) -> bool:
            async with places:
                return await self._succeeds(self._deliver(draft), draft.letter)

        succeeded = await asyncio.gather(*(deliver(draft) for draft in drafts))
        return [draft.letter for draft, has in zip(drafts, succeeded, strict=True) if not has]

    async def _succeeds(
        self, sending: Coroutine[Any, Any, None], letter: letters.BookingLetter
    ) -> bool:
        try:
            await sending
        except Exception as error:  # noqa: BLE001 - a letter that fails is tried again alone
            logger.warning("%s was not sent: %s", letter.topic, type(error).__name__)
            return False
        return True

    async def _drafts(self, batch: Sequence[letters.BookingLetter]) -> list[_Draft]:
        """Read what the letters need; leave out those that need not be sent."""
        names = {letter.booking_id for letter in batch}
        bookings = await self._bus.current_all(stream_kinds.BOOKING, names)
        known = {name: booking for name, (booking, _) in bookings.items() if booking is not None}
        flights = await self._flights(known.values())
        wanted = []
        for letter in batch:
            booking = known.get(letter.booking_id)
            if booking is None:
                continue
            ahead = _flights_ahead(booking, flights)
            if _is_needed(letter, booking, ahead):
                wanted.append((letter, booking, ahead))
        boxes = [_boxes(booking) for _, booking, _ in wanted]
        opened = iter(await self._vault.open_all([box for each in boxes for box in each]))
        return [
            _Draft(letter, booking, ahead, list(itertools.islice(opened, len(own))))
            for (letter, booking, ahead), own in zip(wanted, boxes, strict=True)
        ]

    async def _flights(self, bookings: Iterable[Booking]) -> Mapping[str, Flight]:
        """Return the flights of open coupons, by id."""
        names = {
            booking.segments[segment].flight
            for booking in bookings
            for segment in _segments_ahead(booking)
        }
        found = await self._bus.current_all(stream_kinds.FLIGHT, names)
        return {name: flight for name, (flight, _) in found.items() if flight is not None}

    async def _deliver(self, draft: _Draft) -> None:
        written = _written(draft)
        if written is not None:
            async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
                await self._mailer.send(written)


def _is_needed(letter: letters.BookingLetter, booking: Booking, ahead: dict[int, Flight]) -> bool:
    """Whether somebody still travels, or learns of the end, and the letter has not lapsed."""
    if not ahead and not isinstance(letter, letters.CancellationLetter):
        return False
    return not _has_lapsed(letter, booking, ahead)


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


def _boxes(booking: Booking) -> list[Sealed]:
    return [booking.contact, *(passenger.name for passenger in booking.passengers)]


def _segments_ahead(booking: Booking) -> list[int]:
    """Return the segments that somebody of the booking may still fly, in order."""
    if booking.status in OVER:
        return []
    return sorted({each.segment for each in booking.open_coupons()})


def _flights_ahead(booking: Booking, flights: Mapping[str, Flight]) -> dict[int, Flight]:
    """Return the flights that somebody of the booking has before them, by segment."""
    ahead = {
        segment: flights[booking.segments[segment].flight] for segment in _segments_ahead(booking)
    }
    return {
        segment: flight
        for segment, flight in ahead.items()
        if flight.status is not FlightStatus.DEPARTED
    }


def _written(draft: _Draft) -> mail.Letter | None:
    """Return the letter as it is sent; None where the passenger's data was erased."""
    letter, booking = draft.letter, draft.booking
    contact_text, *names = draft.opened
    if contact_text is None:
        return None
    contact = msgspec.json.decode(contact_text, type=people.Contact)
    reference = ids.reference_of(letter.booking_id)
    words = letters.LETTERS[type(letter)][contact.locale]
    values = {
        "reference": reference,
        "total": money.display(booking.price.total()),
        "until": "" if booking.hold_until is None else f"{booking.hold_until:%Y-%m-%d %H:%M}",
        **_journey(booking, draft.ahead, names, contact.locale),
        **_decided(letter, booking.currency, contact.locale),
    }
    kind = letter.topic.partition(".")[2].replace("_", "-")
    return mail.Letter(
        id="-".join(part for part in (kind, reference, letter.about) if part),
        to=contact.email,
        subject=words.subject.format(**values),
        text=words.text.format(**values),
    )


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
        case letters.SeatLetter(refund=refund):
            return {"refund": money.display(money.Money(refund, currency))}
        case letters.DisruptionLetter(reason=reason):
            # A task of an earlier release has words in place of a code.
            return {"reason": letters.REASONS.get(reason, {language: reason})[language]}
        case _:
            return {}
