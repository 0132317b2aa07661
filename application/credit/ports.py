"""What the use cases of travel credit need from outside."""

from collections.abc import Callable

import msgspec

from application.booking.ports import BookingPorts
from application.queries import CardWithCode, CreditsOf


class CreditPorts(msgspec.Struct, frozen=True):
    """`booking` are those of bookings.

    `credits_of` and `cards_of` ask the read model `credits` for what an account owns and for the
    gift cards that it has bought, `card_with_code` for the card whose code has a digest. `new_code`
    returns a fresh random code, `digest_of_code` its keyed digest. `goodwill_days` is the period
    over which what support may give is counted.
    """

    booking: BookingPorts
    credits_of: CreditsOf
    cards_of: CreditsOf
    card_with_code: CardWithCode
    new_code: Callable[[], str]
    digest_of_code: Callable[[str], str]
    goodwill_days: int
