"""The state of a credit."""

import datetime as dt

import msgspec

from domain.credit.events import Origin
from domain.kernel import sealed
from domain.kernel.money import Money


class Use(msgspec.Struct, frozen=True):
    """What of the credit pays for a booking: `spent`, less what was `returned`."""

    id: str
    booking: str
    payment: str
    spent: Money
    returned: Money

    @property
    def left(self) -> Money:
        """What can still be returned."""
        return self.spent - self.returned


class Payout(msgspec.Struct, frozen=True):
    """A payout that `by` proposed and nobody has decided yet."""

    amount: Money
    account: sealed.Sealed
    by: str


class Credit(msgspec.Struct, frozen=True):
    """One credit; its balance is what can still be spent, until `expires_at`.

    `owner` is None while nobody has claimed a gift card. `payout` is proposed and not decided;
    `bank_reference` the transfer that paid the credit out.
    """

    owner: str | None
    origin: Origin
    issued: Money
    balance: Money
    expires_at: dt.datetime
    booking: str | None = None
    code_digest: str | None = None
    code: sealed.Sealed | None = None
    uses: tuple[Use, ...] = ()
    payout: Payout | None = None
    bank_reference: str | None = None

    def use(self, use_id: str) -> Use | None:
        """Return the use of this id."""
        return next((each for each in self.uses if each.id == use_id), None)
