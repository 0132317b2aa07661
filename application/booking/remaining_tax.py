"""The tax of what remains of a journey after a part is cancelled or a flight exchanged (B10).

B10 What a traveller keeps is taxed as if it had been bought by itself: without its flight abroad a
    domestic flight is taxed, be it flown or still to come, and the difference is paid.
"""

from collections.abc import Container, Mapping, Sequence

from application.policies.tax_terms import due_charges
from domain.booking.coupons import NOT_FLYING, Coupon
from domain.booking.state import Booking, coupon_key
from domain.booking.values import Retaxed
from domain.policies.taxes import Taxes
from domain.pricing import tax
from domain.pricing.price import CouponPrice, ExtraPrice, Leg

CouponKey = tuple[int, int]


def taxed_coupons(
    booking: Booking, legs: Sequence[Leg], *, without: Container[CouponKey] = ()
) -> dict[CouponKey, bool]:
    """Return for each coupon that remains whether tax is due on it; `legs` by segment."""
    due: dict[CouponKey, bool] = {}
    for passenger in range(len(booking.passengers)):
        kept = [
            each
            for each in booking.coupons
            if each.passenger == passenger
            and each.status not in NOT_FLYING
            and coupon_key(each) not in without
        ]
        kept.sort(key=lambda each: each.segment)
        taxed = tax.taxed([legs[each.segment] for each in kept])
        due.update(zip(map(coupon_key, kept), taxed, strict=True))
    return due


def retaxed(
    booking: Booking,
    due: Mapping[CouponKey, bool],
    *,
    legs: Sequence[Leg],
    taxes: Taxes,
    but: Container[CouponKey] = (),
) -> Retaxed:
    """Return the new values of coupons whose tax changes, `but` for some, and of all extras.

    `legs` are by segment, `taxes` those that the booking was sold under.
    """
    coupons = [
        _coupon(booking, each, due_charges(taxes, legs[each.segment], taxed=due[key]), due[key])
        for each in booking.coupons
        if (key := coupon_key(each)) in due and key not in but and is_taxed(each) != due[key]
    ]
    extras = [
        ExtraPrice(
            each.code,
            each.passenger,
            each.segment,
            each.net,
            tax.vat_on(each.net, booking.currency).amount if due[key] else 0,
        )
        for each in booking.extras
        if (key := (each.passenger, each.segment)) in due and (each.vat > 0) != due[key]
    ]
    return Retaxed(tuple(coupons), tuple(extras))


def difference(booking: Booking, changed: Retaxed) -> tuple[int, int]:
    """Return how much more tax and how much more in charges the new values contain."""
    coupons = {coupon_key(each): each for each in booking.coupons}
    extras = {(each.code, each.passenger, each.segment): each for each in booking.extras}
    vat = sum(each.vat - coupons[each.passenger, each.segment].vat for each in changed.coupons)
    vat += sum(
        each.vat - extras[each.code, each.passenger, each.segment].vat for each in changed.extras
    )
    charge = sum(
        each.charge - coupons[each.passenger, each.segment].charge for each in changed.coupons
    )
    return vat, charge


def is_taxed(coupon: Coupon) -> bool:
    """Whether value added tax was paid for the coupon."""
    return coupon.vat > 0


def _coupon(
    booking: Booking, coupon: Coupon, due: Sequence[tax.DueCharge], taxed: bool
) -> CouponPrice:
    kind = booking.passengers[coupon.passenger].type
    charge, lines = tax.charges_of(due, kind, booking.currency)
    vat = tax.vat_on(coupon.fare + charge, booking.currency).amount if taxed else 0
    return CouponPrice(coupon.passenger, coupon.segment, coupon.fare, vat, charge, lines)
