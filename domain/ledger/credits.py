"""Posting rules of travel credit: issued, sold, spent, returned, expired, paid out.

Every posting to 2200 names the credit in place of a booking, so that its balance is the credit's.
"""

import datetime as dt
from collections.abc import Sequence

from domain.credit.events import Origin, ReturnCause
from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.rules import accounting_day

ISSUED_RULE = "credit_issued"
SPENT_RULE = "credit_spent"
RETURNED_RULE = "credit_returned"
EXPIRED_RULE = "credit_expired"
PAID_OUT_RULE = "credit_paid_out"
SOLD_RULE = "gift_card_sold"
REFUNDED_RULE = "gift_card_refunded"
CHARGED_BACK_RULE = "credit_charged_back"
RECOVERED_RULE = "credit_loss_recovered"
REINSTATED_RULE = "credit_reinstated"

# Where the amount of a part that comes back is owed until then.
_OWED_IN: dict[ReturnCause, str] = {
    "unpaid": accounts.UNAPPLIED_FUNDS,
    "refund": accounts.REFUNDS_PAYABLE,
    "airline": accounts.REFUNDS_PAYABLE,
    # The entry of the change left it at the booking.
    "change": accounts.TRAVEL_CREDITS,
}
# Where the amount of a new credit comes from, by its origin; that of a gift card is captured.
_SOURCES: dict[Origin, str] = {
    # The entry of the change left it at the booking.
    "cheaper_change": accounts.TRAVEL_CREDITS,
    "compensation": accounts.COMPENSATION_PAYABLE,
    # It is given to the owner of a booking, and reduces its revenue.
    "goodwill": accounts.COMPENSATION,
}


def issued_entry(
    *, credit: str, origin: Origin, of: str, amount: money.Money, now: dt.datetime
) -> entries.Entry:
    """A credit is owed; `of` is the booking that its amount comes from."""
    return _entry(
        ISSUED_RULE,
        credit,
        now,
        ((_SOURCES[origin], of, amount), (accounts.TRAVEL_CREDITS, credit, -amount)),
    )


def spent_entry(
    *, credit: str, booking: str, amount: money.Money, now: dt.datetime
) -> entries.Entry:
    """A part of the credit pays for a booking, as money that was captured does."""
    return _entry(
        SPENT_RULE,
        credit,
        now,
        ((accounts.TRAVEL_CREDITS, credit, amount), (accounts.UNAPPLIED_FUNDS, booking, -amount)),
    )


def returned_entry(
    *, credit: str, booking: str, amount: money.Money, now: dt.datetime, cause: ReturnCause
) -> entries.Entry:
    """A part comes back: of unapplied funds, of what is owed back, or of what a change left."""
    return _entry(
        RETURNED_RULE,
        credit,
        now,
        ((_OWED_IN[cause], booking, amount), (accounts.TRAVEL_CREDITS, credit, -amount)),
    )


def expired_entry(*, credit: str, amount: money.Money, now: dt.datetime) -> entries.Entry:
    """What is left when its time is over is revenue."""
    return _entry(
        EXPIRED_RULE,
        credit,
        now,
        ((accounts.TRAVEL_CREDITS, credit, amount), (accounts.BREAKAGE, credit, -amount)),
    )


def paid_out_entry(*, credit: str, amount: money.Money, now: dt.datetime) -> entries.Entry:
    """The bank paid it out."""
    return _entry(
        PAID_OUT_RULE,
        credit,
        now,
        ((accounts.TRAVEL_CREDITS, credit, amount), (accounts.BANK, credit, -amount)),
    )


def sold_entry(
    *, credit: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """The captured money for a gift card is owed as carriage.

    A card that pays for several kinds of supply bears no VAT when it is sold: it is charged with
    what the card pays for. Source: GCC VAT framework agreement and KSA VAT rules on vouchers; the
    airline's tax adviser has to confirm it.
    """
    return _entry(
        SOLD_RULE,
        credit,
        now,
        ((accounts.UNAPPLIED_FUNDS, credit, amount), (accounts.TRAVEL_CREDITS, credit, -amount)),
        references,
    )


def card_refunded_entry(*, credit: str, amount: money.Money, now: dt.datetime) -> entries.Entry:
    """The buyer is owed the money of a gift card that nobody claimed; row 9 pays it."""
    return _entry(
        REFUNDED_RULE,
        credit,
        now,
        ((accounts.TRAVEL_CREDITS, credit, amount), (accounts.REFUNDS_PAYABLE, credit, -amount)),
    )


def charged_back_entry(
    *, credit: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """What is left of a credit pays for the lost dispute of what bought it."""
    return _entry(
        CHARGED_BACK_RULE,
        credit,
        now,
        (
            (accounts.TRAVEL_CREDITS, credit, amount),
            (accounts.DISPUTES_RECEIVABLE, credit, -amount),
        ),
        references,
    )


def loss_recovered_entry(*, credit: str, amount: money.Money, now: dt.datetime) -> entries.Entry:
    """Credit that came back makes good for the loss of such a dispute."""
    return _entry(
        RECOVERED_RULE,
        credit,
        now,
        ((accounts.TRAVEL_CREDITS, credit, amount), (accounts.DISPUTE_LOSSES, credit, -amount)),
    )


def reinstated_entry(
    *, credit: str, amount: money.Money, references: tuple[str, ...], now: dt.datetime
) -> entries.Entry:
    """A lost dispute is won after all: what it took of a credit is owed again.

    The money that Stripe returned has lowered the losses (row 18).
    """
    return _entry(
        REINSTATED_RULE,
        credit,
        now,
        ((accounts.DISPUTE_LOSSES, credit, amount), (accounts.TRAVEL_CREDITS, credit, -amount)),
        references,
    )


def _entry(
    rule: str,
    credit: str,
    now: dt.datetime,
    lines: Sequence[tuple[str, str, money.Money]],
    references: tuple[str, ...] = (),
) -> entries.Entry:
    return entries.Entry(
        effective_on=accounting_day(now),
        rule=rule,
        version=1,
        references=(credit, *references),
        postings=tuple(
            entries.Posting(account, owner, amount.amount, amount.currency)
            for account, owner, amount in lines
        ),
    )
