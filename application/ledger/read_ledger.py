"""Reads the chart of accounts and the trial balance."""

import msgspec

from application.ledger.ports import LedgerPorts
from application.queries import AsOf
from domain.ledger import accounts
from domain.ledger.accounts import Account


class NamedBalance(msgspec.Struct, frozen=True):
    """What an account holds in a currency; debit positive, minor units."""

    account: Account
    currency: str
    amount: int


class Balances(msgspec.Struct, frozen=True):
    """All accounts that were posted to; `balanced` when both sides agree in every currency."""

    rows: tuple[NamedBalance, ...]
    balanced: bool
    as_of: AsOf


def chart_of_accounts() -> tuple[Account, ...]:
    """Return all accounts by number."""
    return tuple(sorted(accounts.CHART.values(), key=lambda each: each.number))


async def trial_balance(ports: LedgerPorts) -> Balances:
    """Return the running balances; raises Unavailable when the ledger's read model has stopped."""
    found, as_of = await ports.trial_balance()
    sums: dict[str, int] = {}
    for each in found:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
    rows = tuple(
        NamedBalance(accounts.CHART[each.account], each.currency, each.amount) for each in found
    )
    return Balances(rows, balanced=not any(sums.values()), as_of=as_of)
