"""Cancel a booking or a part of it at the terms of an accepted quote, in one append."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.booking import (
    cancellation_fee,
    journey,
    letters,
    live_session,
    paid_seats,
    remaining_tax,
)
from application.booking.access import changeable_booking, require_may_waive
from application.booking.booking_details import (
    BookingDetails,
    carry_out_and_read,
    journey_facts,
)
from application.booking.ports import BookingPorts
from application.booking.staff_notes import Notes, reason_and_notes, sealed_note
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.identity.ports import Principal
from application.payment import record_refund
from application.policies.fee_terms import terms_of_booking
from application.policies.read_book import read_book
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteExpired, QuoteRefused
from domain.booking import cancellation, disruption, rejections, states
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking, coupon_key
from domain.booking.states import Status
from domain.booking.values import CouponId, Destination, Obligation, Retaxed
from domain.kernel import entries, money
from domain.ledger import carriage
from domain.policies.book import PolicyBook

# Why seats change where another adult has an infant on the lap than before.
PARTY_CHANGED = "party_changed"


class Part(msgspec.Struct, frozen=True):
    """Which passengers on which segments; None means all."""

    passengers: tuple[int, ...] | None = None
    segments: tuple[int, ...] | None = None


class CancellationQuote(msgspec.Struct, frozen=True):
    """What cancelling the part would cost, frozen until `valid_until` (exclusive).

    `price` is the part's, tax and charges included; refund = price - fee - `tax`, which is due on
    what remains (`retaxed`) and negative where that is taxed less. `basis` are the open coupons
    with the part's statuses and all values: any change of them ends the quote. `waiver` is a code,
    `notes` are why staff took no fee.
    """

    booking: str
    coupons: tuple[CouponId, ...]
    basis: tuple[tuple[int, int, str, int], ...]
    status: str
    price: money.Money
    percent: int
    fee: int
    refund: int
    destination: Destination
    valid_until: dt.datetime
    at_gate: bool = False
    waiver: str | None = None
    fee_vat: int = 0
    tax: int = 0
    retaxed: Retaxed = cancellation.UNCHANGED
    notes: Notes = ()


class Terms(msgspec.Struct, frozen=True):
    """Price, fee and tax of what remains, in minor units; refund = price - fee - tax."""

    price: int
    percent: int = 0
    fee: int = 0
    fee_vat: int = 0
    tax: int = 0
    retaxed: Retaxed = cancellation.UNCHANGED


def cancellation_quote(
    stream: str,
    booking: Booking,
    facts: tuple[SegmentFacts, ...],
    *,
    book: PolicyBook,
    part: Part,
    at_gate: bool,
    waiver: str | None,
    now: dt.datetime,
    notes: Notes = (),
) -> CancellationQuote:
    """Return the terms of cancelling the part now, by the versions that it was sold under.

    Rejects TransitionRefused, ModificationPending, NoSuchPart, CouponNotOpen and InvalidPart (also
    where the tax of what remains is more than the part was worth). A booking without tickets can
    only be cancelled as a whole. `waiver` is the code of staff who take no fee.
    """
    cancellation.require_cancellable(booking, at_gate=at_gate)
    coupons = cancellation.part_of(booking, passengers=part.passengers, segments=part.segments)
    if booking.status in states.TICKETED:
        cancellation.require_part(booking, coupons, at_gate=at_gate)
    elif part != Part():
        raise rejections.TransitionRefused(reason="not_ticketed", status=booking.status)
    if booking.status in states.TICKETED and at_gate and waiver is not None:
        # The airline denies boarding: nothing is kept, not even tax that is due on the rest.
        terms = Terms(price=journey.value_of(booking, coupons).total)
    else:
        terms = cancellation_terms(booking, coupons, facts, book=book, waiver=waiver, now=now)
    refund = terms.price - terms.fee - terms.tax
    return CancellationQuote(
        booking=stream,
        coupons=tuple(CouponId(each.passenger, each.segment) for each in coupons),
        basis=_basis(booking, coupons),
        status=booking.status.value,
        price=money.Money(terms.price, booking.currency),
        percent=terms.percent,
        fee=terms.fee,
        fee_vat=terms.fee_vat,
        tax=terms.tax,
        retaxed=terms.retaxed,
        refund=refund,
        destination="card" if refund else "none",
        valid_until=now + QUOTE_LIFETIME,
        at_gate=at_gate,
        waiver=waiver,
        notes=notes,
    )


def cancellation_terms(
    booking: Booking,
    coupons: tuple[Coupon, ...],
    facts: tuple[SegmentFacts, ...],
    *,
    book: PolicyBook,
    waiver: str | None,
    now: dt.datetime,
) -> Terms:
    """Return the terms of cancelling these coupons, or all of an unticketed booking.

    Rejects InvalidPart where the tax of what remains is more than they were worth.
    """
    if booking.captured is None:
        return Terms(price=0)
    if booking.status is Status.PAID:
        return Terms(price=booking.captured.amount)
    price = journey.value_of(booking, coupons).total
    left = [each for each in coupons if not _ended_by_airline(booking, each, facts)]
    if not left:
        return Terms(price=price)
    fee = cancellation_fee.NO_FEE
    if waiver is None:
        sold = terms_of_booking(book, booking)
        fee = cancellation_fee.fee_of(booking, left, facts, sold, now=now)
    # What the airline has ended makes the rest no dearer: it counts as travelled.
    gone = {coupon_key(each) for each in left}
    due = remaining_tax.taxed_coupons(booking, [each.leg for each in facts], without=gone)
    retaxed = remaining_tax.retaxed(booking, due)
    tax = sum(remaining_tax.difference(booking, retaxed))
    if tax > price:
        raise rejections.InvalidPart(reason="tax_of_the_rest", tax=tax, price=price)
    # What the refund does not cover of the tax is taken from the fee, and owed by the rest.
    charged = cancellation_fee.limited(fee, price - tax, booking.currency)
    if retaxed.coupons:
        retaxed = replace(retaxed, owed_fee=fee.amount - charged.amount)
    return Terms(price, charged.percent, charged.amount, charged.vat, tax, retaxed)


def _ended_by_airline(booking: Booking, coupon: Coupon, facts: Sequence[SegmentFacts]) -> bool:
    """Whether its flight, or one before it that the passenger has not flown, is cancelled, moved so
    far that the passengers may leave and have not answered, or has no seat for who has checked in.
    """
    return any(
        facts[segment].cancelled or disruption.is_material(booking, segment) or before.standby
        for segment in range(coupon.segment + 1)
        if (before := booking.coupon(coupon.passenger, segment)) is not None
        and before.status is not CouponStatus.FLOWN
    )


def _basis(booking: Booking, coupons: tuple[Coupon, ...]) -> tuple[tuple[int, int, str, int], ...]:
    part = {coupon_key(each) for each in coupons}
    return tuple(
        (
            each.passenger,
            each.segment,
            each.status.value if key in part else "",
            journey.value_of(booking, [each]).total,
        )
        for each in booking.open_coupons()
        for key in [coupon_key(each)]
    )


async def quote_cancellation(
    ports: BookingPorts,
    principal: Principal,
    id_or_reference: str,
    *,
    part: Part,
    waiver: str | None,
) -> tuple[str, CancellationQuote]:
    """Return quote id and quote of cancelling a part now; nothing is changed.

    `waiver` is what staff write about why they take no fee. Rejects what `cancellation_quote`
    does, and NotAllowed for a waiver by others than staff.
    """
    booking_id, booking = await changeable_booking(ports, principal, id_or_reference)
    if waiver is not None:
        require_may_waive(principal, booking, "change_any_booking")
    quote = cancellation_quote(
        booking_id,
        booking,
        await journey_facts(ports, booking),
        book=await read_book(ports.bus),
        part=part,
        at_gate=False,
        waiver=None if waiver is None else cancellation.BY_STAFF,
        now=ports.clock(),
        notes=() if waiver is None else await sealed_note(ports.vault, booking, waiver),
    )
    return ports.quotes.issue(quote), quote


@stored_answer_first
async def cancel_booking(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, quote_id: str, reason: str
) -> BookingDetails:
    """Cancel at the quoted terms; the refund is requested from Stripe afterwards.

    The live checkout session of an unpaid booking is expired first, so that nobody can pay for
    what is cancelled. Customers give a reason by its code, staff in words. Rejects QuoteRefused,
    InvalidReason and what the command does; raises GatewayFailure.
    """
    booking_id, booking = await changeable_booking(ports, caller.principal, id_or_reference)
    quote = ports.quotes.accept(quote_id, CancellationQuote)
    if quote.booking != booking_id:
        raise QuoteRefused(field="quoteId", reason="belongs to another booking")
    code, notes = await reason_and_notes(ports, caller.principal, booking, reason)
    if booking.status in states.UNPAID:
        await live_session.expire(
            ports.bus, ports.collector, booking_id, booking, cause=caller.cause
        )
    command = CancelBooking(quote=quote, reason=code, notes=notes)
    return await carry_out_and_read(ports, caller, command)


class CancelBooking(Command, frozen=True):
    """`quote` was signed by our server; `reason` is a code, `notes` are what staff wrote."""

    quote: CancellationQuote
    reason: str
    notes: Notes = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking; its flights become known with it."""
        return (self.quote.booking,)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, QuoteExpired and what `cancellation_quote` does.

        A cancelled booking records nothing more, whether its refund has arrived or not.
        """
        quote, booking_id = self.quote, self.quote.booking
        booking = journey.load(context, booking_id)
        if booking.was_cancelled:
            return Reply(booking_id)
        cancellation.require_cancellable(booking, at_gate=quote.at_gate)
        coupons = _quoted_coupons(quote, booking, now=context.now)
        obligation = cancellation.next_obligation(
            booking, booking_id, quote.refund, by_airline=_is_of_airline(context, quote, booking)
        )
        cancelled = cancellation.cancel(
            booking,
            coupons=coupons,
            reason=self.reason,
            fee=quote.fee,
            destination=quote.destination,
            obligation=obligation,
            entry=cancellation_entry(
                booking_id,
                booking,
                coupons,
                fee=quote.fee,
                fee_vat=quote.fee_vat,
                retaxed=quote.retaxed,
                obligation=obligation,
                now=context.now,
            ),
            waiver=quote.waiver,
            retaxed=quote.retaxed,
            at_gate=quote.at_gate,
            notes=(*quote.notes, *self.notes),
        )
        context.record(booking_id, cancelled)
        if obligation is None:
            _settle(context, booking_id)
        _release_seats(context, booking_id, booking, coupons, self.reason)
        paid_seats.review_laps(context, booking_id, reason=PARTY_CHANGED)
        context.enqueue(_letter(quote, booking, coupons))
        return Reply(booking_id)


def _quoted_coupons(
    quote: CancellationQuote, booking: Booking, *, now: dt.datetime
) -> tuple[Coupon, ...]:
    """Return the coupons of the quote if they are unchanged since; rejects QuoteExpired."""
    wanted = {(each.passenger, each.segment) for each in quote.coupons}
    coupons = tuple(
        coupon for coupon in booking.open_coupons() if (coupon.passenger, coupon.segment) in wanted
    )
    if quote.valid_until <= now:
        raise QuoteExpired()
    if _basis(booking, coupons) != quote.basis or booking.status.value != quote.status:
        raise QuoteExpired(reason="booking_changed")
    return coupons


def _is_of_airline(context: DecisionContext, quote: CancellationQuote, booking: Booking) -> bool:
    """Whether the airline has ended all that is cancelled, or denies boarding."""
    if booking.status not in states.TICKETED:
        return False
    if quote.at_gate and quote.waiver is not None:
        return True
    facts = journey.facts(context, booking)
    wanted = [booking.coupon(each.passenger, each.segment) for each in quote.coupons]
    return all(each is not None and _ended_by_airline(booking, each, facts) for each in wanted)


def _settle(context: DecisionContext, booking_id: str) -> None:
    """Settle the booking where the last part has no refund and all earlier refunds have arrived."""
    booking = journey.load(context, booking_id)
    settled = record_refund.settled(booking, context)
    context.record(booking_id, cancellation.settle(booking, settled=settled))


def _letter(
    quote: CancellationQuote, booking: Booking, coupons: tuple[Coupon, ...]
) -> letters.CancellationLetter:
    """Return the letter about the cancelled coupons, with fee and refund."""
    final = sum(each.is_final for each in booking.coupons) + len(coupons)
    return letters.cancellation_letter(
        quote.booking, final=final, refund=quote.refund, fee=quote.fee
    )


def cancellation_entry(
    booking_id: str,
    booking: Booking,
    coupons: tuple[Coupon, ...],
    *,
    fee: int = 0,
    fee_vat: int = 0,
    retaxed: Retaxed = cancellation.UNCHANGED,
    obligation: Obligation | None,
    now: dt.datetime,
) -> entries.Entry | None:
    """Return the entry of cancelling these coupons; None where nothing was paid."""
    posted = journey.posted(booking_id, booking, now)
    if booking.status is Status.PAID:
        assert obligation is not None
        return carriage.unticketed_refund_entry(posted, amount=obligation.amount)
    if booking.captured is None:
        return None
    vat, charge = remaining_tax.difference(booking, retaxed)
    return carriage.cancellation_entry(
        posted,
        value=journey.value_of(booking, coupons),
        fee=fee,
        fee_vat=fee_vat,
        added=carriage.Value(booking.currency, vat=vat, charge=charge),
    )


def _release_seats(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    coupons: tuple[Coupon, ...],
    reason: str,
) -> None:
    """Put seats back on sale: what was sold for the coupons, or all that is held."""
    if booking.status in states.TICKETED:
        journey.return_seats(context, booking_id, booking, coupons, reason)
    else:
        journey.release_holds(context, booking_id, booking, reason)
