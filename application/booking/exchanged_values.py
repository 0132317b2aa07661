"""What coupons are worth after an exchange, with what is taxed otherwise because of it."""

from collections.abc import Sequence

import msgspec

from application.booking import remaining_tax
from application.policies.tax_terms import due_charges
from application.pricing import journeys
from domain.booking.coupons import Coupon
from domain.booking.state import Booking, coupon_key
from domain.booking.values import Retaxed
from domain.inventory.state import Flight
from domain.policies.taxes import Taxes
from domain.pricing import tax
from domain.pricing.price import CouponPrice


class Exchange(msgspec.Struct, frozen=True):
    """New values of the exchanged coupons, and of what is taxed otherwise after the exchange."""

    coupons: tuple[CouponPrice, ...]
    retaxed: Retaxed

    def cost(self, booking: Booking, coupons: Sequence[Coupon]) -> int:
        """Return how much more the journey is worth than before, in minor units."""
        before = sum(each.total for each in coupons)
        added = sum(remaining_tax.difference(booking, self.retaxed))
        return sum(each.total for each in self.coupons) - before + added


def exchanged(
    booking: Booking,
    flights: Sequence[Flight],
    coupons: Sequence[Coupon],
    fares: Sequence[int],
    *,
    taxes: Taxes,
    fee: int,
) -> Exchange:
    """Return the new values at these net fares; the fee is part of the first coupon (IFRS 15)."""
    legs = [journeys.leg_of(flight) for flight in flights]
    due = remaining_tax.taxed_coupons(booking, legs)
    moving = {coupon_key(each) for each in coupons}
    values = tuple(
        _value(
            booking,
            each,
            net,
            due_charges(taxes, legs[each.segment], taxed=due[coupon_key(each)]),
            taxed=due[coupon_key(each)],
            fee=fee if index == 0 else 0,
        )
        for index, (each, net) in enumerate(zip(coupons, fares, strict=True))
    )
    retaxed = remaining_tax.retaxed(booking, due, legs=legs, taxes=taxes, but=moving)
    return Exchange(values, retaxed)


def _value(
    booking: Booking,
    coupon: Coupon,
    net: int,
    charges: Sequence[tax.DueCharge],
    *,
    taxed: bool,
    fee: int,
) -> CouponPrice:
    """Return the new value of a coupon: its fare, and the fees of this and earlier exchanges."""
    kind, currency = booking.passengers[coupon.passenger].type, booking.currency
    kept = coupon.change_fee + fee
    charge, lines = tax.charges_of(charges, kind, currency)
    vat = vat_of_fees = 0
    if taxed:
        vat_of_fees = tax.vat_within(kept, currency).amount
        vat = tax.vat_on(net + charge, currency).amount + vat_of_fees
    fare = net + kept - vat_of_fees
    return CouponPrice(coupon.passenger, coupon.segment, fare, vat, charge, lines)
