"""Posting rules of tickets: issue, exchange, flight, no-show, cancellation, goodwill (IFRS 15).

Rule (L4): what a ticket put into the liabilities leaves them when its coupons are final, except
tax and charges of what was flown or kept, which are owed to the state until they are remitted.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.rules import make_entry, reversing_entry
from domain.pricing.price import Price

TICKETING_RULE = "ticketing"
EXCHANGE_RULE = "exchange"
EXTRAS_RULE = "extras"
FLOWN_RULE = "flown"
NO_SHOW_RULE = "no_show"
CANCELLATION_RULE = "cancellation"
UNTICKETED_RULE = "unticketed_refund"
GOODWILL_RULE = "goodwill"
DEPARTURE_WITHDRAWN_RULE = "departure_withdrawn"


class Value(msgspec.Struct, frozen=True):
    """What coupons and extras are worth by liability, in minor units of one currency."""

    currency: str
    fare: int = 0
    ancillary: int = 0
    vat: int = 0
    charge: int = 0

    @property
    def total(self) -> int:
        """The sum."""
        return self.fare + self.ancillary + self.vat + self.charge


class Posted(msgspec.Struct, frozen=True):
    """What all entries need: the booking, the references, and the instant whose accounting day
    they belong to.
    """

    booking: str
    references: tuple[str, ...]
    now: dt.datetime


def value_of(price: Price) -> Value:
    """A whole price by liability."""
    return Value(
        currency=price.currency,
        fare=price.of("fare").amount,
        ancillary=price.of("extra").amount,
        vat=price.of("vat").amount,
        charge=price.of("charge").amount,
    )


def ticketing_entry(posted: Posted, *, price: Price) -> entries.Entry:
    """Tickets issued: unapplied funds become liabilities, VAT and charges owed (L2)."""
    value = value_of(price)
    return _entry(
        TICKETING_RULE,
        posted,
        value.currency,
        ((accounts.UNAPPLIED_FUNDS, value.total), *liabilities(value, sign=-1)),
    )


def exchange_entry(
    posted: Posted,
    *,
    before: Value,
    after: Value,
    due: int,
    refund: int,
    credit: int,
    added: Value | None = None,
) -> entries.Entry | None:
    """A segment exchanged: the difference of the liabilities against the money that moved.

    `added` are tax and charges of other segments; `due` was paid into unapplied funds; `refund`
    and `credit` are owed. None when nothing differs.
    """
    added = added or Value(after.currency)
    difference = Value(
        currency=after.currency,
        fare=after.fare - before.fare,
        ancillary=after.ancillary - before.ancillary,
        vat=after.vat - before.vat + added.vat,
        charge=after.charge - before.charge + added.charge,
    )
    amounts = (
        (accounts.UNAPPLIED_FUNDS, due),
        *liabilities(difference, sign=-1),
        (accounts.REFUNDS_PAYABLE, -refund),
        (accounts.TRAVEL_CREDITS, -credit),
    )
    if not any(amount for _, amount in amounts):
        return None
    return _entry(EXCHANGE_RULE, posted, after.currency, amounts)


def extras_entry(posted: Posted, *, value: Value, refused: int) -> entries.Entry:
    """Extras sold after the tickets: what was paid for them is deferred until they are flown, and
    what was paid for the `refused` ones is owed (IFRS 15).
    """
    return _entry(
        EXTRAS_RULE,
        posted,
        value.currency,
        (
            (accounts.UNAPPLIED_FUNDS, value.total + refused),
            *liabilities(value, sign=-1),
            (accounts.REFUNDS_PAYABLE, -refused),
        ),
    )


def flown_entry(posted: Posted, *, value: Value) -> entries.Entry | None:
    """Coupons flown: fare and ancillaries become revenue; tax and charges stay owed."""
    if not value.fare and not value.ancillary:
        return None
    return _entry(
        FLOWN_RULE,
        posted,
        value.currency,
        (
            (accounts.AIR_TRAFFIC_LIABILITY, value.fare),
            (accounts.ANCILLARY_LIABILITY, value.ancillary),
            (accounts.PASSENGER_REVENUE, -value.fare),
            (accounts.ANCILLARY_REVENUE, -value.ancillary),
        ),
    )


def no_show_entry(
    posted: Posted, *, value: Value, charge_back: int, vat_back: int
) -> entries.Entry | None:
    """A no-show: fare and ancillaries are kept, airport charges with their tax are refunded."""
    if not value.fare and not value.ancillary and not charge_back and not vat_back:
        return None
    return _entry(
        NO_SHOW_RULE,
        posted,
        value.currency,
        (
            (accounts.AIR_TRAFFIC_LIABILITY, value.fare),
            (accounts.ANCILLARY_LIABILITY, value.ancillary),
            (accounts.BREAKAGE, -(value.fare + value.ancillary)),
            (accounts.AIRPORT_CHARGES, charge_back),
            (accounts.VAT_OUTPUT, vat_back),
            (accounts.REFUNDS_PAYABLE, -(charge_back + vat_back)),
        ),
    )


def departure_withdrawn_entry(closed: Sequence[entries.Entry]) -> entries.Entry | None:
    """The flight has not left: what its closing posted is taken back, on the same day."""
    return reversing_entry(DEPARTURE_WITHDRAWN_RULE, closed)


def cancellation_entry(
    posted: Posted, *, value: Value, fee: int, fee_vat: int, added: Value | None = None
) -> entries.Entry | None:
    """A part is cancelled: of its liabilities the fee is kept and the rest is owed, less the tax
    and charges that are `added` to what remains.
    """
    added = added or Value(value.currency)
    assert 0 <= fee_vat <= fee <= value.total - added.total
    if not value.total:
        return None
    return _entry(
        CANCELLATION_RULE,
        posted,
        value.currency,
        (
            *liabilities(value, sign=1),
            *liabilities(added, sign=-1),
            (accounts.VAT_OUTPUT, -fee_vat),
            (accounts.CANCELLATION_FEES, -(fee - fee_vat)),
            (accounts.REFUNDS_PAYABLE, -(value.total - added.total - fee)),
        ),
    )


def returned_extra_entry(posted: Posted, *, value: Value, fee: int, fee_vat: int) -> entries.Entry:
    """An unused extra is returned: of what is deferred for it the fee is kept, the rest is owed."""
    entry = cancellation_entry(posted, value=value, fee=fee, fee_vat=fee_vat)
    assert entry is not None, "no extra is free"
    return entry


def unticketed_refund_entry(posted: Posted, *, amount: money.Money) -> entries.Entry:
    """Paid, but never ticketed: all of it is owed."""
    return _entry(
        UNTICKETED_RULE,
        posted,
        amount.currency,
        (
            (accounts.UNAPPLIED_FUNDS, amount.amount),
            (accounts.REFUNDS_PAYABLE, -amount.amount),
        ),
    )


def goodwill_entry(posted: Posted, *, value: Value, amount: int) -> entries.Entry:
    """Finance grants more than the rules: first from the liabilities, the rest as an expense."""
    beyond = amount - value.total
    return _entry(
        GOODWILL_RULE,
        posted,
        value.currency,
        (
            *liabilities(value, sign=1),
            (accounts.COMPENSATION, beyond),
            (accounts.REFUNDS_PAYABLE, -amount),
        ),
    )


def liabilities(value: Value, *, sign: int) -> tuple[tuple[str, int], ...]:
    """The lines of the liabilities of a value; `sign` 1 debits them, -1 credits them."""
    return (
        (accounts.AIR_TRAFFIC_LIABILITY, sign * value.fare),
        (accounts.ANCILLARY_LIABILITY, sign * value.ancillary),
        (accounts.VAT_OUTPUT, sign * value.vat),
        (accounts.AIRPORT_CHARGES, sign * value.charge),
    )


def _entry(
    rule: str, posted: Posted, currency: str, amounts: tuple[tuple[str, int], ...]
) -> entries.Entry:
    return make_entry(
        rule=rule,
        booking=posted.booking,
        references=posted.references,
        now=posted.now,
        amounts=tuple((account, money.Money(amount, currency)) for account, amount in amounts),
    )
