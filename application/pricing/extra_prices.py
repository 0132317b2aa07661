"""What extras cost under the versions that their segments are sold under."""

from collections.abc import Sequence

from application.policies.price_terms import extras_of
from domain.booking.values import Segment
from domain.policies.book import PolicyBook
from domain.policies.price_values import Extras
from domain.pricing import rejections
from domain.pricing.extras import ExtraChoice, PricedExtra


def priced(
    choices: Sequence[ExtraChoice],
    segments: Sequence[Segment],
    *,
    book: PolicyBook,
    currency: str,
) -> tuple[PricedExtra, ...]:
    """Return the extras with their prices in the currency of the sale; rejects ExtraUnknown."""
    return tuple(
        PricedExtra(each, net(extras_of(book, segments[each.segment]), each.code, currency))
        for each in choices
    )


def net(extras: Extras, code: str, currency: str) -> int:
    """Return the price without tax, in minor units of the currency; rejects ExtraUnknown."""
    found = extras.net(code, currency)
    if found is None:
        raise rejections.ExtraUnknown(field="extras", code=code, currency=currency)
    return found
