"""Coupons are void once a dispute about their payment is lost: nobody flies on what is not paid.

Rule: the latest flights first, each coupon whole. A coupon that the disputed amount reaches into is
void, and the rest of its value is refunded: it would be neither paid nor cancelled otherwise.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from domain.booking import check_in, states
from domain.booking.charge_back_events import BookingChargedBack, ChargeBackEvent, CouponsVoided
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.events import BookingEvent
from domain.booking.state import (
    Booking,
    coupon_ids,
    obligations_with,
    rolled_up,
    with_status,
)
from domain.booking.values import Obligation
from domain.kernel import entries, money


def unflown(booking: Booking) -> tuple[Coupon, ...]:
    """The coupons that a lost dispute makes void, in the order in which it reaches them."""
    if booking.status not in states.TICKETED:
        return ()
    return tuple(sorted(booking.open_coupons(), key=lambda each: (-each.segment, -each.passenger)))


def charge_back(
    booking: Booking,
    *,
    dispute: str,
    amount: money.Money,
    coupons: Sequence[Coupon],
    obligation: Obligation | None,
    entry: entries.Entry | None,
) -> list[BookingEvent]:
    """A lost dispute took this much of what was paid for the booking, and makes coupons void.

    The caller releases their seats in the same append. A booking that is over stays as it is (B4).
    """
    assert amount.amount >= 0
    if booking.status in states.TERMINAL:
        return []
    assert set(coupons) <= set(unflown(booking)), "what is final stays as it is"
    found: list[BookingEvent] = []
    if amount.amount:
        found.append(BookingChargedBack(dispute=dispute, amount=amount))
    if coupons:
        void = CouponsVoided(
            dispute=dispute, coupons=coupon_ids(coupons), obligation=obligation, entry=entry
        )
        found += [void, *check_in.completed(evolve(booking, void))]
    return found


def evolve(booking: Booking, event: ChargeBackEvent) -> Booking:
    """The booking after the event; a departure that was paid by nobody is not taken back any more.

    The status of the booking follows from its coupons, and from nothing else (B6).
    """
    match event:
        case BookingChargedBack():
            taken = booking.charged_back + event.amount.amount
            return replace(booking, charged_back=taken, closings=())
        case CouponsVoided():
            void = with_status(booking, event.coupons, CouponStatus.VOID)
            obligations = obligations_with(booking, event.obligation)
            return rolled_up(replace(void, obligations=obligations))
        case _:
            assert_never(event)
