"""The state of a credit."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.credit.events import Origin
from domain.kernel import sealed
from domain.kernel.money import Money


class Use(msgspec.Struct, frozen=True):
    """What of the credit pays for a booking: `spent`, less what was `returned`.

    `in_grace` where the credit was in its grace when it was spent.
    """

    id: str
    booking: str
    payment: str
    spent: Money
    returned: Money
    in_grace: bool = False

    @property
    def left(self) -> Money:
        """What can still be returned."""
        return self.spent - self.returned


class Payout(msgspec.Struct, frozen=True):
    """A payout that `by` proposed on an accounting day and nobody has decided yet."""

    amount: Money
    account: sealed.Sealed
    by: str
    proposed_on: dt.date | None = None


CardStatus = Literal["ordered", "paid", "claimed", "refunded"]


class GiftCard(msgspec.Struct, frozen=True):
    """A credit that was bought as a gift card; who buys it is mostly not who owns it in the end.

    `details` and `code_digest` are those of `GiftCardOrdered`; `payment` is what paid for it, and
    `intent` its capture. The buyer may have the money back until `refundable_until`. `resent` is
    how often the code was sent again.
    """

    buyer: str
    details: sealed.Sealed
    code_digest: str
    status: CardStatus = "ordered"
    payment: str | None = None
    intent: str | None = None
    paid_at: dt.datetime | None = None
    refundable_until: dt.datetime | None = None
    resent: int = 0


class Credit(msgspec.Struct, frozen=True):
    """One credit; its balance is what can still be spent, until `expires_at`.

    `in_grace` where it would have ended by then, had nothing of it come back.
    `payout` is proposed and not decided, `bank_reference` the last transfer that paid it out.
    `booking` is what it came from, None for a `gift_card`, whose `owner` is None before it is
    claimed. `blocked_by` are open disputes of what bought it, `shortfall` what lost ones have
    taken beyond the balance, in minor units. `charged_back` is what each lost one has taken in all.
    """

    owner: str | None
    origin: Origin
    booking: str | None
    issued: Money
    balance: Money
    expires_at: dt.datetime
    uses: tuple[Use, ...] = ()
    payout: Payout | None = None
    bank_reference: str | None = None
    gift_card: GiftCard | None = None
    blocked_by: frozenset[str] = frozenset()
    shortfall: int = 0
    in_grace: bool = False
    charged_back: Mapping[str, int] = {}

    def use(self, use_id: str) -> Use | None:
        """Return the use of this id."""
        return next((each for each in self.uses if each.id == use_id), None)
