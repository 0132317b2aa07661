"""What cancelling coupons costs, and exchanging them for cheaper ones.

B9  Each coupon has its own fee, by the notice before its own flight: cancelling one by one, in any
    order, costs what cancelling all at once does: tax that comes or goes on the way is no part of
    what the fee is counted from. Charges of airports and their tax always go back; fees of
    earlier modifications never do.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.policies.fee_terms import FeeTerms
from domain.booking import rejections
from domain.booking.coupons import Coupon, Extra
from domain.booking.preconditions import SegmentFacts
from domain.booking.state import Booking
from domain.pricing import fees, tax
from domain.pricing.price import CouponPrice


class Fee(msgspec.Struct, frozen=True):
    """The highest percentage among the coupons, the sum of their fees, and the tax within it."""

    percent: int
    amount: int
    vat: int


NO_FEE = Fee(0, 0, 0)


def fee_of(
    booking: Booking,
    coupons: Sequence[Coupon],
    facts: Sequence[SegmentFacts],
    terms: Sequence[FeeTerms],
    *,
    now: dt.datetime,
) -> Fee:
    """Return the fee of cancelling these ticketed coupons with their extras now.

    `facts` and `terms` are by segment; the terms are those that it was sold under (O4).
    """
    percents, amounts, taxes = [0], [0], [0]
    for coupon in coupons:
        notice = notice_of(coupon, facts[coupon.segment], now=now)
        percent = terms[coupon.segment].cancellation.percent_at(notice)
        amount = _fee(booking, coupon, percent)
        percents.append(percent)
        amounts.append(amount)
        if priced(coupon).vat:
            taxes.append(tax.vat_within(amount, booking.currency).amount)
    return Fee(max(percents), sum(amounts), sum(taxes))


def limited(fee: Fee, most: int, currency: str) -> Fee:
    """Return the fee where only so much is left for it: the tax within it falls, too."""
    if fee.amount <= most:
        return fee
    return Fee(fee.percent, most, min(fee.vat, tax.vat_within(most, currency).amount))


def notice_of(coupon: Coupon, facts: SegmentFacts, *, now: dt.datetime) -> int:
    """Return the hours of notice that count for fees of this coupon.

    A departure that the airline brought forward does not shorten them while it is ahead.
    """
    ahead = now <= facts.departs_at
    departs_at = facts.latest_departs_at if ahead else facts.departs_at
    return fees.notice_hours(departs_at=departs_at, now=now, least=coupon.least_notice_hours)


def _fee(booking: Booking, coupon: Coupon, percent: int) -> int:
    """Return the fee in minor units: earlier fees, and the share of the rest."""
    extras = sum(
        each.net + (each.vat if each.sold_vat is None else each.sold_vat)
        for each in _extras(booking, coupon)
    )
    rest = _carriage(booking, coupon) + extras
    return coupon.change_fee + coupon.owed_fee + fees.fee(percent, rest, booking.currency)


def change_percent(terms: FeeTerms, notice: int | None) -> int:
    """Return the share of the old price that a change costs; nothing where no notice counts.

    Rejects ModificationRefused.
    """
    if notice is None:
        return 0
    percent = terms.change.percent_at(notice)
    if percent is None:
        raise rejections.ModificationRefused(reason="departed")
    return percent


def change_fee(
    booking: Booking,
    coupons: Sequence[Coupon],
    fares: Sequence[int],
    terms: FeeTerms,
    notice: int | None,
    *,
    least: int,
) -> int:
    """Return the share of the old price, and what is kept where the new fare is lower; nothing
    where no notice counts. `least` is what can be charged. Rejects ModificationRefused.
    """
    if notice is None:
        return 0
    before = sum(each.total - each.change_fee for each in coupons)
    kept = kept_of_difference(booking, coupons, fares, terms=terms, notice=notice, least=least)
    return fees.fee(change_percent(terms, notice), before, booking.currency) + kept


def kept_of_difference(
    booking: Booking,
    coupons: Sequence[Coupon],
    fares: Sequence[int],
    *,
    terms: FeeTerms,
    notice: int,
    least: int,
) -> int:
    """Return what is kept where coupons are exchanged for cheaper ones at these net fares.

    As much of the difference as a cancellation keeps, so that none is cheaper by way of an
    exchange. What could not be charged is not kept either.
    """
    percent, kept, lost = terms.cancellation.percent_at(notice), 0, 0
    for coupon, net in zip(coupons, fares, strict=True):
        after = net + (tax.vat_on(net, booking.currency).amount if priced(coupon).vat else 0)
        less = max(0, _carriage(booking, coupon) - after)
        lost += less
        kept += fees.fee(percent, less, booking.currency)
    return kept if lost >= least else 0


def priced(coupon: Coupon) -> CouponPrice:
    """Return the values that fees are counted from: tax that came or went since is no part."""
    return coupon.priced or CouponPrice(
        coupon.passenger, coupon.segment, coupon.fare, coupon.vat, coupon.charge
    )


def _carriage(booking: Booking, coupon: Coupon) -> int:
    """Return the fare with its tax: without charges of airports and fees of earlier exchanges."""
    value = priced(coupon)
    charge = value.charge + charge_vat(value, booking.currency)
    return value.total - charge - coupon.change_fee


def charge_vat(coupon: Coupon | CouponPrice, currency: str) -> int:
    """Return the tax that was paid on the airports' charges of a coupon, in minor units."""
    return tax.vat_on(coupon.charge, currency).amount if coupon.vat else 0


def _extras(booking: Booking, coupon: Coupon) -> list[Extra]:
    key = (coupon.passenger, coupon.segment)
    return [each for each in booking.extras if (each.passenger, each.segment) == key]
