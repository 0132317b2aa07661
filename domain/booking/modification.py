"""Modification: one segment is exchanged; accepted, perhaps paid, completed, or expired unpaid.

B8  The new seats are held before the old ones are released; each with the event that records it.
"""

import datetime as dt
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import disruption, rejections
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.events import (
    BookingEvent,
    ModificationAccepted,
    ModificationCompleted,
    ModificationEvent,
    ModificationExpired,
    ModificationPaid,
)
from domain.booking.preconditions import (
    SegmentFacts,
    Situation,
    has_departed,
    passes,
    require_amount_due,
    require_no_modification,
    require_not_suspended,
    require_segment,
)
from domain.booking.state import Booking, coupon_key, obligations_with, with_values
from domain.booking.states import Status
from domain.booking.values import Destination, Modification, Obligation, Ticket
from domain.kernel import entries, ids, money
from domain.pricing.price import CouponPrice

ABANDONED = "abandoned"


def require_modifiable(
    booking: Booking, segment: int, facts: SegmentFacts, *, now: dt.datetime, waived: bool = False
) -> None:
    """The segment may be exchanged: ticketed, before departure, and all passengers unchecked.

    Passengers who have checked in, and those whose fare is not to be changed, may be moved after a
    material disruption, or where staff waive the price, as at denied boarding.
    """
    if booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        raise rejections.ModificationRefused(reason="not_ticketed", status=booking.status)
    require_not_suspended(booking)
    require_no_modification(booking)
    require_segment(booking, segment)
    coupons = booking.open_coupons(segment)
    if not coupons:
        raise rejections.CouponNotOpen(segment=segment)
    exchangeable = {CouponStatus.OPEN}
    if waived or disruption.is_material(booking, segment):
        exchangeable.add(CouponStatus.CHECKED_IN)
    elif not facts.modifiable:
        raise rejections.ModificationRefused(reason="fare_not_modifiable", segment=segment)
    if any(coupon.status not in exchangeable for coupon in coupons):
        raise rejections.ModificationRefused(reason="checked_in", segment=segment)
    if has_departed(facts) or (facts.operating and now > facts.departs_at):
        raise rejections.ModificationRefused(reason="departed", segment=segment)


def require_abandonable(booking: Booking) -> None:
    """An accepted modification is unpaid."""
    if booking.modification is None:
        raise rejections.NoModificationPending(reason="none")
    if booking.modification_paid:
        raise rejections.NoModificationPending(reason="paid")


def destination_of(booking: Booking, segment: int, cost: int, *, free: bool) -> Destination:
    """Where a difference goes, by the fare class; a `free` exchange is never paid in credit."""
    if cost >= 0:
        return "none"
    before = booking.segments[segment]
    return "credit" if before.residue == "credit" and not free else "card"


def accept(
    booking: Booking,
    *,
    modification: Modification,
    facts: SegmentFacts,
    hold_until: dt.datetime,
    now: dt.datetime,
) -> list[BookingEvent]:
    """Accept a modification that must be paid first; the caller holds the new seats."""
    if booking.modification == modification:
        return []
    require_modifiable(booking, modification.segment, facts, now=now)
    assert modification.due > 0
    assert modification.back == 0
    assert modification.number == booking.modification_count + 1
    return [ModificationAccepted(modification=modification, hold_until=hold_until)]


def pay(booking: Booking, *, payment: str, captured: money.Money) -> list[BookingEvent]:
    """A payment captured what the accepted modification costs (B2); called by `sale.pay`."""
    assert booking.modification is not None
    require_amount_due(booking, captured)
    return [ModificationPaid(number=booking.modification.number, payment=payment, amount=captured)]


def complete(
    booking: Booking,
    *,
    modification: Modification,
    tickets: tuple[Ticket, ...],
    entry: entries.Entry | None,
    obligation: Obligation | None,
) -> list[BookingEvent]:
    """Exchange the segment, paid or free. The caller sells the new seats and releases the old ones
    in the same append.
    """
    if booking.modification_count >= modification.number and booking.modification is None:
        return []
    if booking.modification is not None:
        if booking.modification != modification:
            raise rejections.ModificationPending()
        if not booking.modification_paid:
            raise rejections.NoModificationPending(reason="unpaid")
    assert all(ids.is_ticket_number(ticket.number) for ticket in tickets)
    return [
        ModificationCompleted(
            modification=modification, tickets=tickets, entry=entry, obligation=obligation
        )
    ]


def expire(booking: Booking, *, reason: str, now: dt.datetime) -> list[BookingEvent]:
    """Expire an unpaid modification at its deadline; the caller releases the new seats."""
    if booking.modification is None:
        return []
    require_abandonable(booking)
    assert booking.modification_until is not None
    if now < booking.modification_until:
        raise rejections.HoldStillRuns(until=booking.modification_until.isoformat())
    return [ModificationExpired(number=booking.modification.number, reason=reason)]


def abandon(booking: Booking) -> list[BookingEvent]:
    """Abandon an unpaid modification before its deadline; the caller releases the new seats."""
    require_abandonable(booking)
    assert booking.modification is not None
    return [ModificationExpired(number=booking.modification.number, reason=ABANDONED)]


def evolve(booking: Booking, event: ModificationEvent) -> Booking:
    """The booking after the event."""
    match event:
        case ModificationAccepted():
            return replace(
                booking,
                modification=event.modification,
                modification_until=event.hold_until,
                modification_paid=False,
                modification_count=event.modification.number,
            )
        case ModificationPaid():
            assert booking.captured is not None
            return replace(
                booking,
                modification_paid=True,
                payments=(*booking.payments, event.payment),
                captured=booking.captured + event.amount,
            )
        case ModificationExpired():
            return replace(
                booking, modification=None, modification_until=None, modification_paid=False
            )
        case ModificationCompleted():
            return _completed(booking, event)
        case _:
            assert_never(event)


def _completed(booking: Booking, event: ModificationCompleted) -> Booking:
    modification = event.modification
    segments = list(booking.segments)
    segments[modification.segment] = modification.to
    renewed = {ticket.passenger: ticket for ticket in event.tickets}
    retaxed = with_values(booking, modification.retaxed)
    credited = modification.back if modification.destination == "credit" else 0
    return replace(
        booking,
        segments=tuple(segments),
        coupons=_exchanged(retaxed, modification),
        extras=tuple(
            replace(each, sold_vat=None) if each.segment == modification.segment else each
            for each in retaxed.extras
        ),
        tickets=tuple(renewed.get(ticket.passenger, ticket) for ticket in booking.tickets),
        obligations=obligations_with(booking, event.obligation),
        credited=booking.credited + credited,
        modification=None,
        modification_until=None,
        modification_paid=False,
        modification_count=modification.number,
        disruptions=tuple(d for d in booking.disruptions if d.segment != modification.segment),
    )


def _renewed(old: Coupon, new: CouponPrice, modification: Modification, *, fee: int) -> Coupon:
    """The coupon with its new value, open again; fees and notice of earlier exchanges stay."""
    notices = [
        each for each in (old.least_notice_hours, modification.notice_hours) if each is not None
    ]
    return Coupon(
        old.passenger,
        old.segment,
        new.fare,
        new.vat,
        new.charge,
        change_fee=old.change_fee + fee,
        least_notice_hours=min(notices, default=None),
        owed_fee=old.owed_fee,
        charges=new.charges,
    )


def _exchanged(booking: Booking, modification: Modification) -> tuple[Coupon, ...]:
    """The coupons of the booking, open again and with their new values where exchanged."""
    values = {(each.passenger, each.segment): each for each in modification.coupons}
    return tuple(
        _renewed(
            each,
            new,
            modification,
            fee=modification.fee if new is modification.coupons[0] else 0,
        )
        if (new := values.get(coupon_key(each))) is not None
        else each
        for each in booking.coupons
    )


# The action's name is part of the public contract.
ModificationAction = Literal["modify", "abandon_change"]


def is_open(action: ModificationAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "modify":
            return any(
                passes(require_modifiable, booking, segment, facts, now=situation.now)
                for segment, facts in enumerate(situation.segments)
            )
        case "abandon_change":
            return passes(require_abandonable, booking)
        case _:
            assert_never(action)
