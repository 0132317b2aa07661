"""Posting rule of a division: what was paid for some passengers goes to a booking of their own.

Rule (L5): the same amounts leave one booking and enter the other, by account, so that no balance
of the airline changes and each booking closes by itself. Money at Stripe is one pool: which booking
it was captured for is only a dimension of the postings.
"""

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.carriage import Posted, Value
from domain.ledger.rules import make_entry

DIVISION_RULE = "division"


def leaving_entry(posted: Posted, *, ahead: Value, flown: Value) -> entries.Entry | None:
    """The entry of the booking that is left; `ahead` is still to be flown, `flown` is revenue."""
    return _entry(posted, ahead, flown, sign=1)


def entering_entry(posted: Posted, *, ahead: Value, flown: Value) -> entries.Entry | None:
    """The entry of the booking that begins, with the same amounts the other way round."""
    return _entry(posted, ahead, flown, sign=-1)


def _entry(posted: Posted, ahead: Value, flown: Value, *, sign: int) -> entries.Entry | None:
    """None where nothing was paid."""
    amounts = (
        (accounts.AIR_TRAFFIC_LIABILITY, ahead.fare),
        (accounts.ANCILLARY_LIABILITY, ahead.ancillary),
        (accounts.PASSENGER_REVENUE, flown.fare),
        (accounts.ANCILLARY_REVENUE, flown.ancillary),
        (accounts.VAT_OUTPUT, ahead.vat + flown.vat),
        (accounts.AIRPORT_CHARGES, ahead.charge + flown.charge),
        (accounts.STRIPE_CLEARING, -(ahead.total + flown.total)),
    )
    if not any(amount for _, amount in amounts):
        return None
    return make_entry(
        rule=DIVISION_RULE,
        booking=posted.booking,
        references=posted.references,
        now=posted.now,
        amounts=tuple(
            (account, money.Money(sign * amount, ahead.currency)) for account, amount in amounts
        ),
    )
