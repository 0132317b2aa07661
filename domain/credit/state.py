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

    `payout` is proposed and not decided, `bank_reference` the last transfer that paid it out.
    `booking` is what it came from.
    """

    owner: str
    origin: Origin
    booking: str
    issued: Money
    balance: Money
    expires_at: dt.datetime
    uses: tuple[Use, ...] = ()
    payout: Payout | None = None
    bank_reference: str | None = None

    def use(self, use_id: str) -> Use | None:
        """Return the use of this id."""
        return next((each for each in self.uses if each.id == use_id), None)
