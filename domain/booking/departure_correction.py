"""The correction of a departure that was recorded by mistake: closed coupons are open again.

The fold of what flew and what was missed keeps, for each segment, what the departure did: exactly
that is taken back.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from domain.booking import coupons as coupon_rules
from domain.booking import rejections, states
from domain.booking.check_in_events import DepartureWithdrawn, ReopenedCoupon, ReopenedStatus
from domain.booking.coupons import TRAVELLING, Coupon, CouponStatus
from domain.booking.events import CouponsFlown, PassengersMissed
from domain.booking.preconditions import require_no_modification
from domain.booking.state import (
    Booking,
    Closing,
    Disruption,
    coupon_key,
    obligations_with,
    rolled_up,
    with_coupons,
    with_status,
)
from domain.booking.states import Status
from domain.kernel import entries

# Statuses of bookings that are closed with a departure and reopened with it.
REOPENABLE = frozenset({*states.TICKETED, *states.CORRECTIONS})

_STATUSES: dict[CouponStatus, ReopenedStatus] = {
    CouponStatus.LIFTED: "L",
    CouponStatus.CHECKED_IN: "C",
    CouponStatus.OPEN: "O",
}


def closing_of(booking: Booking, segment: int, departed_at: dt.datetime) -> Closing | None:
    """Return what the departure of the segment at that instant did; None where it did nothing, or
    that may not be taken back.
    """
    if booking.status not in REOPENABLE:
        return None
    return next(
        (
            each
            for each in booking.closings
            if each.segment == segment and each.departed_at in {None, departed_at}
        ),
        None,
    )


def reopened_coupons(booking: Booking, closing: Closing) -> tuple[ReopenedCoupon, ...]:
    """Return the coupons with the status that they have again: on the segment the one they had,
    lifted instead of flown, and open on later ones, whose seats and check-in they lost.
    """
    return tuple(
        ReopenedCoupon(
            each.passenger,
            each.segment,
            _STATUSES[each.status] if each.segment == closing.segment else "O",
        )
        for each in closing.coupons
        if (coupon := booking.coupon(each.passenger, each.segment)) is not None
        and coupon.status in {CouponStatus.FLOWN, CouponStatus.MISSED}
    )


def withdraw(
    booking: Booking, closing: Closing, *, reason: str, entry: entries.Entry | None, refunding: bool
) -> list[DepartureWithdrawn]:
    """Reopen what a departure closed; `refunding` is whether a refund of what it made the airline
    owe was requested. The caller sells the later seats again in the same append.

    Rejects ModificationPending and TransitionRefused.
    """
    require_no_modification(booking)
    if refunding:
        raise rejections.TransitionRefused(reason="refund_requested", segment=closing.segment)
    return [
        DepartureWithdrawn(
            segment=closing.segment,
            coupons=reopened_coupons(booking, closing),
            reason=reason,
            entry=entry,
            withdrawn_obligations=closing.obligations,
        )
    ]


def flown(booking: Booking, event: CouponsFlown) -> Booking:
    """The booking after passengers flew."""
    wanted = {(passenger, event.segment) for passenger in event.passengers}

    def fly(coupon: Coupon) -> Coupon:
        ticket = booking.ticket_of(coupon)
        return replace(coupon, status=CouponStatus.FLOWN, flown_ticket=ticket)

    return _with_closing(booking, rolled_up(with_coupons(booking, wanted, fly)), event)


def missed(booking: Booking, event: PassengersMissed) -> Booking:
    """The booking after passengers missed their flight."""
    after = with_status(booking, event.coupons, CouponStatus.MISSED)
    obligations = obligations_with(booking, event.obligation)
    return _with_closing(booking, rolled_up(replace(after, obligations=obligations)), event)


def _with_closing(
    before: Booking, after: Booking, event: CouponsFlown | PassengersMissed
) -> Booking:
    """The booking after the event with what the event closed; `before` as it was."""
    if isinstance(event, CouponsFlown):
        segment = event.segment
        keys = {(each, segment) for each in event.passengers}
        obligation = None
    else:
        segment = min(each.segment for each in event.coupons)
        keys = {(each.passenger, each.segment) for each in event.coupons}
        obligation = event.obligation
    known = next((each for each in before.closings if each.segment == segment), None)
    first = known or Closing(segment, event.departed_at, disruptions=before.disruptions)
    closing = replace(
        first,
        coupons=(*first.coupons, *(each for each in before.coupons if coupon_key(each) in keys)),
        posted=(*first.posted, *([event.entry] if event.entry else [])),
        obligations=(*first.obligations, *([obligation.id] if obligation else [])),
    )
    others = (each for each in before.closings if each.segment != segment)
    return replace(after, closings=(*others, closing))


def reopened(booking: Booking, event: DepartureWithdrawn) -> Booking:
    """The booking after its coupons were reopened."""
    statuses = {(each.passenger, each.segment): CouponStatus(each.status) for each in event.coupons}

    def open_again(coupon: Coupon) -> Coupon:
        status = statuses[coupon_key(coupon)]
        found = replace(coupon, status=status, flown_ticket=None, kept=msgspec.UNSET)
        if status is not CouponStatus.OPEN:
            return found
        # The seats of later flights were on sale: they are given again by events of their own.
        seat = coupon.seat if coupon.segment == event.segment else None
        return replace(found, seat=seat, sequence=None, checked_in_by=None, standby=False)

    after = with_coupons(booking, statuses, open_again)
    withdrawn = set(event.withdrawn_obligations)
    return replace(
        after,
        status=status_again(booking.status, after.coupons),
        was_cancelled=False,
        obligations=tuple(each for each in booking.obligations if each.id not in withdrawn),
        withdrawn_obligation_count=booking.withdrawn_obligation_count + len(withdrawn),
        closings=tuple(each for each in booking.closings if each.segment != event.segment),
    )


def ended_disruptions(booking: Booking, closing: Closing) -> tuple[Disruption, ...]:
    """Return the disruptions that ended because the closing left no coupon of their segment open.

    The caller offers their choices again.
    """
    ended = {each.segment for each in closing.coupons}
    ended -= {each.segment for each in booking.open_coupons()}
    return tuple(each for each in closing.disruptions if each.segment in ended)


def may_be_withdrawn(booking: Booking, obligation: str) -> bool:
    """Whether the money is owed because of a departure that can be taken back, if it was wrong."""
    return any(obligation in each.obligations for each in booking.closings)


def status_again(status: Status, coupons: Sequence[Coupon]) -> Status:
    """The status of a booking after coupons were reopened: confirmed where nobody of it travels."""
    if any(coupon.status in TRAVELLING for coupon in coupons):
        return coupon_rules.roll_up(status, coupons)
    return status if status in states.TICKETED else Status.CONFIRMED
