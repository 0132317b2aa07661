"""What cancelling coupons costs: fee, tax of what remains, and charges that authorities keep."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.booking import cancellation_fee, journey, remaining_tax
from application.policies.fee_terms import terms_of_booking
from application.policies.tax_terms import taxes_of
from domain.booking import cancellation, disruption, rejections
from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking, coupon_key
from domain.booking.states import Status
from domain.booking.values import Retaxed
from domain.policies.book import PolicyBook


class Terms(msgspec.Struct, frozen=True):
    """Price, fee, tax of what remains, and what authorities keep, in minor units; the refund is the
    rest of the price.
    """

    price: int
    percent: int = 0
    fee: int = 0
    fee_vat: int = 0
    tax: int = 0
    retaxed: Retaxed = cancellation.UNCHANGED
    kept: int = 0
    by_customer: tuple[tuple[int, int], ...] = ()


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
    left = [each for each in coupons if not is_ended_by_airline(booking, each, facts)]
    if not left:
        return Terms(price=price)
    fee = cancellation_fee.NO_FEE
    if waiver is None:
        sold = terms_of_booking(book, booking)
        fee = cancellation_fee.fee_of(booking, left, facts, sold, now=now)
    # What the airline has ended makes the rest no dearer: it counts as travelled.
    gone = {coupon_key(each) for each in left}
    legs = [each.leg for each in facts]
    due = remaining_tax.taxed_coupons(booking, legs, without=gone)
    taxes = taxes_of(book, booking)
    retaxed = remaining_tax.retaxed(booking, due, legs=legs, taxes=taxes)
    tax = sum(remaining_tax.difference(booking, retaxed))
    kept = sum(each.unrefundable_charge for each in left)
    if tax > price - kept:
        raise rejections.InvalidPart(reason="tax_of_the_rest", tax=tax, price=price - kept)
    # What the refund does not cover of the tax is taken from the fee, and owed by the rest.
    charged = cancellation_fee.limited(fee, price - kept - tax, booking.currency)
    if retaxed.coupons:
        retaxed = replace(retaxed, owed_fee=fee.amount - charged.amount)
    return Terms(
        price,
        charged.percent,
        charged.amount,
        charged.vat,
        tax,
        retaxed,
        kept,
        tuple(coupon_key(each) for each in left if each.unrefundable_charge),
    )


def is_ended_by_airline(booking: Booking, coupon: Coupon, facts: Sequence[SegmentFacts]) -> bool:
    """Whether its flight, or one before it that the passenger has not flown, is cancelled, moved so
    far that the passengers may leave and have not answered, or has no seat for who has checked in.
    """
    return any(
        facts[segment].cancelled or disruption.is_material(booking, segment) or before.standby
        for segment in range(coupon.segment + 1)
        if (before := booking.coupon(coupon.passenger, segment)) is not None
        and before.status is not CouponStatus.FLOWN
    )
