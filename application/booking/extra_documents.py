"""The extras of a booking with their documents (EMD), as its owner and staff see them."""

from collections.abc import Iterable

import msgspec

from domain.booking.coupons import CouponStatus, Extra, document_status
from domain.booking.state import Booking
from domain.kernel import money
from domain.pricing import extras as catalogue

# As clients see it.
DocumentKind = catalogue.DocumentKind


class ShownExtra(msgspec.Struct, frozen=True):
    """An extra with its price, tax included. `status` is IATA's letter of the document's coupon;
    `document` is its number, and both are None before it is issued.
    """

    code: str
    passenger: int
    segment: int
    total: money.Money
    kind: DocumentKind
    document: str | None
    status: CouponStatus | None


def sold(booking: Booking) -> list[ShownExtra]:
    """Return what was sold and not returned; before tickets are issued, what is being bought."""
    return [_shown(booking, each) for each in booking.extras]


def returned(booking: Booking) -> list[ShownExtra]:
    """Return what was refunded by itself, while its flight stayed."""
    return [
        msgspec.structs.replace(_shown(booking, each), status=CouponStatus.REFUNDED)
        for each in booking.refunded_extras
    ]


def ordered(booking: Booking) -> list[ShownExtra]:
    """Return what is ordered and not issued yet."""
    order = booking.extras_order
    found: Iterable[Extra] = (
        Extra(each.code, each.passenger, each.segment, each.net, each.vat)
        for each in (() if order is None else order.extras)
    )
    return [_shown(booking, each) for each in found]


def _shown(booking: Booking, extra: Extra) -> ShownExtra:
    kind = catalogue.document_kind(extra.code)
    coupon = None if extra.document is None else booking.coupon(extra.passenger, extra.segment)
    associated = kind == "EMD-A"
    return ShownExtra(
        code=extra.code,
        passenger=extra.passenger,
        segment=extra.segment,
        total=money.Money(extra.total, booking.currency),
        kind=kind,
        document=extra.document,
        status=None if coupon is None else document_status(coupon, is_associated=associated),
    )
