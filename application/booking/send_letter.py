"""Write letters to the passengers of bookings, one or a batch of them.

Personal data is opened here, at the last moment, and is written to the letter only. So is what the
letter names: the passengers and flights that still are when it is sent.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from application import mail, ports, telemetry
from application.booking import condition_words, letter_reasons, letters, people
from application.booking.letter_batches import ReadLetter
from application.booking.letter_drafts import Draft, DraftReader
from application.commands.bus import CommandBus
from application.pricing import extra_names
from domain.booking.state import Booking
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import ids, money
from domain.pricing.price import TAKES_SEAT

# A batch of LETTER_LIMIT letters that all time out ends within the time of a task.
MAILS_AT_ONCE = 8
MAIL_TIMEOUT_SECONDS = 10.0

logger = logging.getLogger(__name__)


class LetterSender:
    """Sends letters; a letter that is sent again has the same id."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault, mailer: mail.Mailer) -> None:
        self._drafts = DraftReader(bus=bus, vault=vault)
        self._mailer = mailer

    async def send(self, letter: letters.BookingLetter) -> None:
        """Send the letter; those that are sent at the same time are read together.

        Do nothing when the passenger's data was erased, or when the letter is about a journey that
        nobody makes any more, or about a disruption that is answered or was followed by another.
        """
        draft = await self._drafts.read(letter)
        if draft is not None:
            await self._deliver(draft)

    async def send_all(self, batch: Sequence[ReadLetter]) -> Sequence[ReadLetter]:
        """Send the letters as `send` does; return those that failed, which stop no other.

        Raises Unavailable when nothing was sent.
        """
        drafts = await self._drafts.read_all([each.letter for each in batch])
        places = asyncio.Semaphore(MAILS_AT_ONCE)

        async def error_of(each: ReadLetter, draft: Draft | Exception | None) -> Exception | None:
            if not isinstance(draft, Draft):
                return draft
            try:
                async with places:
                    with telemetry.carrying(each.work):
                        await self._deliver(draft)
            except Exception as error:  # noqa: BLE001 - a letter that fails is tried again alone
                return error
            return None

        errors = await asyncio.gather(*map(error_of, batch, drafts))
        failed = []
        for each, error in zip(batch, errors, strict=True):
            if error is not None:
                with telemetry.carrying(each.work):
                    kind = type(error).__name__
                    logger.warning("%s was not sent: %s", each.letter.topic, kind)
                failed.append(each)
        return failed

    async def _deliver(self, draft: Draft) -> None:
        written = _written(draft)
        if written is not None:
            async with asyncio.timeout(MAIL_TIMEOUT_SECONDS):
                await self._mailer.send(written)


def _written(draft: Draft) -> mail.Letter | None:
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
        "until": _deadline(booking),
        **_journey(booking, draft.ahead, names, contact.locale),
        **_decided(letter, booking.currency, contact.locale),
        "conditions": _conditions(draft, contact.locale),
    }
    kind = letter.topic.partition(".")[2].replace("_", "-")
    return mail.Letter(
        id="-".join(part for part in (kind, reference, letter.about) if part),
        to=contact.email,
        subject=words.subject.format(**values),
        text=words.text.format(**values),
        kind=kind,
        language=contact.locale,
    )


def _deadline(booking: Booking) -> str:
    """Return until when what is due may be paid, in UTC."""
    until = booking.modification_until if booking.awaits_change else booking.hold_until
    return "" if until is None else f"{until:%Y-%m-%d %H:%M}"


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
        "extras": _extras(booking, ahead, passengers, language),
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


def _conditions(draft: Draft, language: letters.Language) -> str:
    """Return the conditions and bags of each flight still to come."""
    if not draft.conditions:
        return ""
    lines = [condition_words.HEADING[language]]
    for segment, flight in draft.ahead.items():
        known, sold = draft.conditions[segment], draft.booking.segments[segment]
        lines += [
            f"  {flight.number} {flight.origin}-{flight.destination}  "
            + condition_words.fare_of(known, sold.fare_class, language),
            *(f"    {each}" for each in condition_words.lines(known, language)),
        ]
    return "\n".join(lines)


def _seats(booking: Booking, ahead: dict[int, Flight], passengers: list[str]) -> str:
    """Return a line for each passenger and flight still to come; a dash without a seat."""
    lines = []
    for each in booking.open_coupons():
        if each.segment in ahead and TAKES_SEAT[booking.passengers[each.passenger].type]:
            flight = ahead[each.segment]
            route = f"{flight.number} {flight.origin}-{flight.destination}"
            lines.append(f"  {route}  {passengers[each.passenger]}  {each.seat or '-'}")
    return "\n".join(lines)


def _extras(
    booking: Booking, ahead: dict[int, Flight], passengers: list[str], language: letters.Language
) -> str:
    """Return a line for each extra of a flight still to come; a dash where there is none."""
    lines = []
    for each in booking.extras:
        coupon = booking.coupon(each.passenger, each.segment)
        if each.segment in ahead and coupon is not None and not coupon.is_final:
            name = extra_names.NAMES.get(each.code, {language: each.code})[language]
            flight = ahead[each.segment]
            line = f"  {name}  {flight.number}  {passengers[each.passenger]}  {each.document or ''}"
            lines.append(line.rstrip())
    return "\n".join(lines) or "  -"


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
        case letters.ExtraRefundLetter(fee=fee, refund=refund):
            return {
                "fee": money.display(money.Money(fee, currency)),
                "refund": money.display(money.Money(refund, currency)),
            }
        case letters.ExtrasLetter(paid=paid, refund=refund):
            return {
                "paid": money.display(money.Money(paid, currency)),
                "refund": money.display(money.Money(refund, currency)),
            }
        case letters.DivisionLetter(source=source):
            return {"source": ids.reference_of(source)}
        case letters.SeatLetter(refund=refund):
            return {"refund": money.display(money.Money(refund, currency))}
        case letters.ClaimLetter(amount=amount, currency=other):
            return {"amount": money.display(money.Money(amount, other))}
        case letters.CreditLetter(amount=amount, currency=other, until=until):
            return {
                "amount": money.display(money.Money(amount, other)),
                "until": until.isoformat(),
            }
        case letters.ReturnedMoneyLetter(amount=amount, currency=other, reason=reason):
            return {
                "amount": money.display(money.Money(amount, other)),
                "reason": letter_reasons.RETURNED_FOR.get(reason, {language: reason})[language],
            }
        case letters.RestLetter(received=received, rest=rest, currency=other):
            return {
                "received": money.display(money.Money(received, other)),
                "rest": money.display(money.Money(rest, other)),
            }
        case letters.PaymentLinkLetter(url=url, amount=amount, currency=other):
            return {"url": url, "amount": money.display(money.Money(amount, other))}
        case letters.DisruptionLetter(reason=reason):
            # A task of an earlier release has words in place of a code.
            return {"reason": letter_reasons.REASONS.get(reason, {language: reason})[language]}
        case _:
            return {}
