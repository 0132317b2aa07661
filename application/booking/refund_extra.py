"""Return one unused extra of a ticketed booking, at the terms of an accepted quote."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.booking import cancellation_fee, journey, letters, seat_needs
from application.booking.access import changeable_booking
from application.booking.booking_details import (
    BookingDetails,
    carry_out_and_read,
    journey_facts,
)
from application.booking.cancellation_fee import Fee
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.identity.ports import Principal
from application.policies.fee_terms import terms_of
from application.policies.read_book import read_book
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteExpired, QuoteRefused
from domain.booking import cancellation, disruption
from domain.booking import extras as booking_extras
from domain.booking import seats as booking_seats
from domain.booking.coupons import Extra
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.booking.values import SeatChoice
from domain.inventory import seat_map, seating
from domain.ledger import carriage
from domain.policies.book import PolicyBook
from domain.pricing import fees, tax
from domain.pricing.extras import is_seat


class ExtraRefundQuote(msgspec.Struct, frozen=True):
    """What returning the extra would cost, frozen until `valid_until` (exclusive).

    Refund = price - fee, in minor units, and `fee_vat` is the tax within the fee. `extra` is as it
    was quoted: any change of it ends the quote.
    """

    booking: str
    extra: Extra
    percent: int
    fee: int
    fee_vat: int
    valid_until: dt.datetime

    @property
    def refund(self) -> int:
        """What goes back to the card."""
        return self.extra.total - self.fee


class IssuedRefundQuote(msgspec.Struct, frozen=True):
    """A quote with the id by which it is accepted, and the currency of its amounts."""

    quote_id: str
    quote: ExtraRefundQuote
    currency: str


async def quote_extra_refund(
    ports: BookingPorts, principal: Principal, id_or_reference: str, *, document: str
) -> IssuedRefundQuote:
    """Return the terms of returning the extra with this document now; nothing is changed.

    Rejects BookingNotFound, NotAllowed and what `extras.require_return` does.
    """
    booking_id, booking = await changeable_booking(ports, principal, id_or_reference)
    facts = await journey_facts(ports, booking)
    booking_extras.require_return(booking, document, facts)
    extra = booking_extras.extra_of(booking, document)
    fee = fee_of(booking, extra, facts, await read_book(ports.bus), now=ports.clock())
    quote = ExtraRefundQuote(
        booking_id, extra, fee.percent, fee.amount, fee.vat, ports.clock() + QUOTE_LIFETIME
    )
    return IssuedRefundQuote(ports.quotes.issue(quote), quote, booking.currency)


def fee_of(
    booking: Booking,
    extra: Extra,
    facts: Sequence[SegmentFacts],
    book: PolicyBook,
    *,
    now: dt.datetime,
) -> Fee:
    """Return the share that is kept, by the terms that the segment was sold under (B15).

    Nothing where the airline has cancelled the flight, or moved it so far that the passengers may
    leave. The share is counted from the price at the sale, as with a cancellation.
    """
    segment = facts[extra.segment]
    if segment.cancelled or disruption.is_material(booking, extra.segment):
        return cancellation_fee.NO_FEE
    coupon = booking.coupon(extra.passenger, extra.segment)
    assert coupon is not None, "an extra is sold with a coupon"
    notice = cancellation_fee.notice_of(coupon, segment, now=now)
    terms = terms_of(book, booking.segments[extra.segment])
    percent = terms.cancellation.percent_at(notice)
    sold_vat = extra.vat if extra.sold_vat is None else extra.sold_vat
    amount = fees.fee(percent, extra.net + sold_vat, booking.currency)
    vat = tax.vat_within(amount, booking.currency).amount if extra.vat else 0
    return cancellation_fee.limited(Fee(percent, amount, vat), extra.total, booking.currency)


@stored_answer_first
async def refund_extra(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, quote_id: str
) -> BookingDetails:
    """Return the extra at the quoted terms; the refund is requested from Stripe afterwards.

    Rejects BookingNotFound, NotAllowed, QuoteRefused and what the command does.
    """
    booking_id, _ = await changeable_booking(ports, caller.principal, id_or_reference)
    quote = ports.quotes.accept(quote_id, ExtraRefundQuote)
    if quote.booking != booking_id:
        raise QuoteRefused(field="quoteId", reason="belongs to another booking")
    return await carry_out_and_read(ports, caller, RefundExtra(quote=quote))


class RefundExtra(Command, frozen=True):
    """`quote` was signed by our server."""

    quote: ExtraRefundQuote

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.quote.booking,)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, QuoteExpired and what `extras.require_return` does.

        An extra that was returned before records nothing.
        """
        quote, booking_id = self.quote, self.quote.booking
        booking = journey.load(context, booking_id)
        document = quote.extra.document
        assert document is not None, "it was found by its document"
        if any(each.document == document for each in booking.refunded_extras):
            return Reply(booking_id)
        if quote.valid_until <= context.now:
            raise QuoteExpired()
        facts = journey.facts(context, booking)
        booking_extras.require_return(booking, document, facts)
        if booking_extras.extra_of(booking, document) != quote.extra:
            raise QuoteExpired(reason="booking_changed")
        refunded = booking_extras.refund(
            booking,
            document=document,
            facts=facts,
            fee=quote.fee,
            obligation=cancellation.next_obligation(booking, booking_id, quote.refund),
            entry=carriage.returned_extra_entry(
                carriage.Posted(booking_id, (document,), context.now),
                value=carriage.Value(
                    booking.currency, ancillary=quote.extra.net, vat=quote.extra.vat
                ),
                fee=quote.fee,
                fee_vat=quote.fee_vat,
            ),
        )
        context.record(booking_id, refunded)
        if is_seat(quote.extra.code):
            _leave_seat(context, booking_id, quote.extra)
        context.enqueue(
            letters.ExtraRefundLetter(
                booking_id=booking_id, about=document, fee=quote.fee, refund=quote.refund
            )
        )
        return Reply(booking_id)


def _leave_seat(context: DecisionContext, booking_id: str, extra: Extra) -> None:
    """Give the passenger a plain seat instead, so that the better one can be sold again.

    Who has another seat already, or finds no plain one free, stays there.
    """
    booking = journey.load(context, booking_id)
    segment = booking.segments[extra.segment]
    flight = journey.load_flight(context, segment.flight)
    layout = flight.cabins[segment.cabin].layout
    seat = flight.seat_of(booking_id, extra.passenger)
    if layout is None or seat is None or seat_map.category(layout, seat) == "plain":
        return
    needs = seat_needs.needs_of(booking, extra.segment, [extra.passenger])
    given = seating.automatic_seats(flight, segment.cabin, needs, booking=booking_id)
    other = given.get(extra.passenger)
    if other is None or seat_map.category(layout, other) != "plain":
        return
    choice = SeatChoice(extra.passenger, extra.segment, other)
    context.record(booking_id, booking_seats.give_seats(booking, seats=(choice,)))
    seat_needs.assign(context, booking_id, segment=extra.segment, seats=[(extra.passenger, other)])
