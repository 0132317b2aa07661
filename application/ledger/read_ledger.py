"""Reads the chart of accounts and the trial balance."""

import datetime as dt

import msgspec

from application.ledger import books_at
from application.ledger.books import Books
from application.ledger.books_at import BooksQuestion
from application.queries import AsOf
from domain.ledger import accounts
from domain.ledger.accounts import Account


class NamedBalance(msgspec.Struct, frozen=True):
    """What an account holds in a currency; debit positive, minor units."""

    account: Account
    currency: str
    amount: int


class Balances(msgspec.Struct, frozen=True):
    """All accounts that were posted to; `balanced` when both sides agree in every currency.

    They count what is dated by `day`, None for all days, and recorded up to position `known`.
    """

    rows: tuple[NamedBalance, ...]
    balanced: bool
    as_of: AsOf
    known: int = 0
    day: dt.date | None = None


def chart_of_accounts() -> tuple[Account, ...]:
    """Return all accounts by number."""
    return tuple(sorted(accounts.CHART.values(), key=lambda each: each.number))


def name_of(account: str) -> str:
    """Return the name of an account of the chart."""
    return accounts.CHART[account].name


async def trial_balance(books: Books, asked: BooksQuestion) -> Balances:
    """Return the balances of the question; raises Unavailable when the read model has stopped.

    Rejects QuestionRefused.
    """
    at = await books_at.resolve(books, asked)
    found = await books.balances_at(day=at.day, known=at.known)
    sums: dict[str, int] = {}
    for each in found:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
    rows = tuple(
        NamedBalance(accounts.CHART[each.account], each.currency, each.amount) for each in found
    )
    return Balances(
        rows,
        balanced=not any(sums.values()),
        as_of=at.as_of,
        known=at.known,
        day=asked.as_of,
    )
