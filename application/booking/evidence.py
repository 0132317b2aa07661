"""The evidence for a dispute, put together from the log: what was sold, used, written and refunded.

Letters are listed by the events after which they are sent. Personal data is opened for the person
who asks, and stored nowhere.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from application.booking import letters
from application.booking.booking_details import booked_flight
from application.booking.people import Contact, read_name
from application.booking.ports import BookingPorts
from application.commands import stream_kinds
from application.credit.gift_card_letters import GiftCardCodeLetter
from application.credit.order_gift_card import GiftCardDetails
from application.ports import RecordedEvent
from application.queries import ListedDispute
from domain.booking import events as bookings
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.division_events import BookingDividedOff
from domain.booking.extras_events import ExtraRefunded, ExtrasIssued
from domain.booking.seat_events import SeatExtrasRefunded
from domain.booking.state import Booking
from domain.credit import gift_cards
from domain.credit.events import GiftCardPaid, GiftCardRemailed
from domain.kernel import ids, money
from domain.payment import events as payments
from domain.payment.state import Payment

# Stripe takes 20,000 characters in a text (https://docs.stripe.com/api/disputes/evidence_object).
TEXT_LIMIT = 20_000
# What shows that the ticket was used.
USE = (
    bookings.PassengersCheckedIn,
    bookings.PassengersBoarded,
    bookings.CouponsFlown,
    bookings.PassengersMissed,
    DepartureWithdrawn,
)
# The letter that follows from an event.
LETTERS: Mapping[type, type[letters.BookingLetter]] = {
    bookings.BookingConfirmed: letters.ConfirmationLetter,
    bookings.ModificationCompleted: letters.ModificationLetter,
    bookings.BookingCancelled: letters.CancellationLetter,
    bookings.CouponsCancelled: letters.CancellationLetter,
    bookings.DisruptionOffered: letters.DisruptionLetter,
    bookings.DisruptionReminded: letters.DisruptionReminder,
    SeatExtrasRefunded: letters.SeatLetter,
    ExtrasIssued: letters.ExtrasLetter,
    ExtraRefunded: letters.ExtraRefundLetter,
    BookingDividedOff: letters.DivisionLetter,
}


class Fact(msgspec.Struct, frozen=True):
    """One line: when it happened (None: it is so now), and what, in words and ids of the log."""

    at: dt.datetime | None
    text: str


class Section(msgspec.Struct, frozen=True):
    """Lines under a title."""

    title: str
    facts: tuple[Fact, ...]


class Evidence(msgspec.Struct, frozen=True):
    """All that the airline can show about a disputed payment.

    `customer` and `email` are None where the person was erased, `service_date` is the day of the
    first flight, local at its origin. `product` is what was sold, in words for the bank.
    """

    dispute: ListedDispute
    reference: str
    product: str
    customer: str | None
    email: str | None
    service_date: dt.date | None
    sections: tuple[Section, ...]


class EvidencePrinter(Protocol):
    """Draws the evidence as a PDF. Takes tens of milliseconds of CPU: call it in a thread."""

    def pdf(self, evidence: Evidence) -> bytes:
        """Pages of A4; the same evidence always makes the same bytes."""
        ...


async def compile_evidence(ports: BookingPorts, dispute: ListedDispute) -> Evidence:
    """Return the evidence as the log has it now. Raises Unavailable."""
    payment = (await ports.bus.current(stream_kinds.PAYMENT, dispute.payment))[0]
    assert payment is not None, "the dispute is recorded on it"
    receipts = Section("Payments and refunds", await _receipts(ports, dispute.payment, payment))
    if ids.is_credit_id(payment.booking):
        return await _of_gift_card(ports, dispute, payment.booking, receipts)
    if ids.prefix_of(payment.booking) != ids.StreamPrefix.BOOKING:
        product = f"Air travel, payment {payment.booking}"
        return Evidence(dispute, payment.booking, product, None, None, None, (receipts,))
    booking = (await ports.bus.current(stream_kinds.BOOKING, payment.booking))[0]
    assert booking is not None, "the payment was made for it"
    recorded = await ports.history.events_of(payment.booking)
    names = await ports.vault.open_all([each.name for each in booking.passengers])
    (contact,) = await ports.vault.open_all([booking.contact])
    flights = [await booked_flight(ports, booking, i) for i in range(len(booking.segments))]
    return Evidence(
        dispute=dispute,
        reference=ids.reference_of(payment.booking),
        product=f"Air travel, booking {ids.reference_of(payment.booking)}",
        customer=read_name(names[0]) if names[0] is not None else None,
        email=None if contact is None else msgspec.json.decode(contact, type=Contact).email,
        service_date=ids.flight_date(booking.segments[0].flight),
        sections=(
            Section(
                "Journey",
                tuple(
                    Fact(
                        each.departs_at,
                        f"flight {each.number} {each.origin} to {each.destination}, {each.status}",
                    )
                    for each in flights
                ),
            ),
            Section("Tickets", _tickets(booking, [read_name(each) for each in names])),
            Section("Check-in and boarding", _of_types(recorded, USE)),
            receipts,
            Section("Letters sent", _letters(recorded)),
            Section("History", tuple(_fact(each) for each in recorded)),
        ),
    )


async def _of_gift_card(
    ports: BookingPorts, dispute: ListedDispute, card_id: str, receipts: Section
) -> Evidence:
    """Return what shows that the card was sold, its code mailed, and what it has paid for.

    The code itself is as good as cash, and shown to nobody.
    """
    credit = (await ports.bus.current(stream_kinds.CREDIT, card_id))[0]
    assert credit is not None, "the payment was made for it"
    recorded = await ports.history.events_of(card_id)
    (opened,) = await ports.vault.open_all([gift_cards.card_of(credit).details])
    details = None if opened is None else msgspec.json.decode(opened, type=GiftCardDetails)
    amount = money.display(credit.issued)
    used = tuple(
        Fact(
            None,
            f"{money.display(each.spent)} paid for booking {ids.reference_of(each.booking)}, "
            f"{money.display(each.returned)} of it came back",
        )
        for each in credit.uses
    )
    return Evidence(
        dispute=dispute,
        reference=card_id,
        product=f"Gift card of {amount} for air travel, its code delivered by e-mail, {card_id}",
        customer=None,
        email=None if details is None else details.contact.email,
        service_date=None,
        sections=(
            Section("Use of the card", used),
            receipts,
            Section(
                "Letters sent",
                tuple(
                    Fact(each.recorded_at, GiftCardCodeLetter.topic)
                    for each in recorded
                    if isinstance(each.event, GiftCardPaid | GiftCardRemailed)
                ),
            ),
            Section("History", tuple(_fact(each) for each in recorded)),
        ),
    )


def texts_of(evidence: Evidence) -> dict[str, str]:
    """Return the evidence by Stripe's names of its texts; none of them is empty.

    https://docs.stripe.com/api/disputes/evidence_object.
    """
    sections = {each.title: _lines(each) for each in evidence.sections}
    found = {
        "product_description": f"{evidence.product}. {sections.get('Journey', '')}".strip(),
        "service_date": "" if evidence.service_date is None else str(evidence.service_date),
        "customer_name": evidence.customer or "",
        "customer_email_address": evidence.email or "",
        "access_activity_log": sections.get("Check-in and boarding", ""),
        "uncategorized_text": "\n\n".join(f"{title}\n{text}" for title, text in sections.items()),
    }
    return {name: text[:TEXT_LIMIT] for name, text in found.items() if text}


def _lines(section: Section) -> str:
    return "\n".join(
        each.text if each.at is None else f"{each.at:%Y-%m-%d %H:%M:%S} UTC {each.text}"
        for each in section.facts
    )


def _tickets(booking: Booking, names: Sequence[str]) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            None,
            f"ticket {booking.ticket_of(each) or 'not issued'} of {names[each.passenger]}, "
            f"flight {booking.segments[each.segment].flight}, coupon status {each.status.value}, "
            f"seat {each.seat or 'none'}",
        )
        for each in booking.coupons
    )


def _of_types(recorded: Sequence[RecordedEvent], types: tuple[type, ...]) -> tuple[Fact, ...]:
    return tuple(_fact(each) for each in recorded if isinstance(each.event, types))


def _fact(recorded: RecordedEvent) -> Fact:
    """Return the event by its tag, with who did it and what it is about; nothing personal."""
    event = recorded.event
    named = [
        f"{name} {value}"
        for name in ("segment", "reason", "fee")
        if (value := getattr(event, name, None)) is not None
    ]
    match event:
        case bookings.PassengersCheckedIn():
            named += [f"passenger {each.passenger} by {each.channel}" for each in event.places]
        case bookings.PassengersBoarded() | bookings.CouponsFlown():
            named += [f"passenger {each}" for each in event.passengers]
        case _:
            pass
    role = recorded.actor.partition(":")[0]
    return Fact(recorded.recorded_at, ", ".join([event.tag, f"by {role}", *named]))


def _letters(recorded: Sequence[RecordedEvent]) -> tuple[Fact, ...]:
    return tuple(
        Fact(each.recorded_at, letter.topic)
        for each in recorded
        if (letter := LETTERS.get(type(each.event))) is not None
    )


async def _receipts(ports: BookingPorts, stream: str, payment: Payment) -> tuple[Fact, ...]:
    """Return what was due, paid and refunded by the disputed payment."""
    facts = [Fact(None, f"amount due: {money.display(payment.due)}")]
    for recorded in await ports.history.events_of(stream):
        event = recorded.event
        match event:
            case payments.PaymentCaptured():
                paid = f"paid {money.display(event.amount)}, charge {event.charge}"
                facts.append(Fact(recorded.recorded_at, paid))
            case payments.RefundAccepted():
                refund = payment.refund(event.refund)
                assert refund is not None
                refunded = f"refunded {money.display(refund.amount)}, {event.provider_refund}"
                facts.append(Fact(recorded.recorded_at, refunded))
            case _:
                pass
    return tuple(facts)
