"""Posting rules of compensation: owed from the assessment on, paid by the bank."""

from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.carriage import Posted
from domain.ledger.rules import make_entry

ASSESSED_RULE = "compensation_assessed"
PAID_RULE = "compensation_paid"


def assessed_entry(
    posted: Posted, *, before: money.Money | None, after: money.Money | None
) -> entries.Entry | None:
    """What is owed changes: an expense against revenue and a liability (IFRIC, September 2019).

    None stands for nothing; the two may be in different currencies. Returns None without a change.
    """
    if before == after:
        return None
    amounts: list[tuple[str, money.Money]] = []
    for amount, sign in ((before, -1), (after, 1)):
        if amount is not None and amount.amount:
            moved = money.Money(sign * amount.amount, amount.currency)
            amounts += [(accounts.COMPENSATION, moved), (accounts.COMPENSATION_PAYABLE, -moved)]
    return _entry(ASSESSED_RULE, posted, _netted(amounts))


def paid_entry(posted: Posted, *, amount: money.Money) -> entries.Entry:
    """The bank paid: it is owed no more."""
    entry = _entry(
        PAID_RULE, posted, [(accounts.COMPENSATION_PAYABLE, amount), (accounts.BANK, -amount)]
    )
    assert entry is not None, "claims of nothing are withdrawn"
    return entry


def _netted(amounts: list[tuple[str, money.Money]]) -> list[tuple[str, money.Money]]:
    """Return one amount by account and currency."""
    sums: dict[tuple[str, str], int] = {}
    for account, amount in amounts:
        key = (account, amount.currency)
        sums[key] = sums.get(key, 0) + amount.amount
    return [
        (account, money.Money(amount, currency)) for (account, currency), amount in sums.items()
    ]


def _entry(
    rule: str, posted: Posted, amounts: list[tuple[str, money.Money]]
) -> entries.Entry | None:
    if not any(amount.amount for _, amount in amounts):
        return None
    return make_entry(
        rule=rule,
        booking=posted.booking,
        references=posted.references,
        now=posted.now,
        amounts=tuple(amounts),
    )
