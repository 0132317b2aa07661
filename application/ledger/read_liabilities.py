"""Reads what the airline owes and to whom: open items, deferred revenue, charges, and VAT."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application.ledger import books_at
from application.ledger.books import (
    Books,
    ChargesInPeriod,
    FlightLiability,
    OpenItem,
    SuppliedInPeriod,
)
from application.ledger.books_at import BooksAt, BooksQuestion
from application.queries import AsOf
from domain.kernel import money
from domain.ledger import accounts
from domain.pricing.tax import VAT_PERCENT

# Each balance on one of these belongs to a booking, a credit or a dispute and waits for something.
OPEN_ITEM_ACCOUNTS = (
    accounts.DISPUTES_RECEIVABLE,
    accounts.EXTERNAL_REFUNDS,
    accounts.UNAPPLIED_FUNDS,
    accounts.REFUNDS_PAYABLE,
    accounts.TRAVEL_CREDITS,
    accounts.COMPENSATION_PAYABLE,
)
UNKNOWN_AIRPORT = "unknown"


class OpenItems(msgspec.Struct, frozen=True):
    """What waits on each clearing account, the oldest first; the sums are their balances."""

    items: tuple[OpenItem, ...]
    as_of: AsOf


class DeferredDay(msgspec.Struct, frozen=True):
    """What is owed in carriage for one flight, in minor units, credit positive."""

    departs_on: dt.date
    flight: str
    currency: str
    fare: int
    ancillary: int


class DeferredRevenue(msgspec.Struct, frozen=True):
    """By day of departure and flight; the sums are the balances of 2000 and 2010."""

    rows: tuple[DeferredDay, ...]
    at: BooksAt


class AuthorityCharge(msgspec.Struct, frozen=True):
    """What is owed to the authority of an airport, in minor units, credit positive."""

    airport: str
    currency: str
    amount: int


class Charges(msgspec.Struct, frozen=True):
    """By airport; the sum is the balance of 2310."""

    rows: tuple[AuthorityCharge, ...]
    at: BooksAt


class Remittance(msgspec.Struct, frozen=True):
    """What a period owes to authorities, by code and airport, in minor units."""

    since: dt.date
    until: dt.date
    rows: tuple[ChargesInPeriod, ...]
    at: BooksAt


class VatReturn(msgspec.Struct, frozen=True):
    """Supplies of a period by rate and currency; `percent` is the standard rate."""

    percent: int
    since: dt.date
    until: dt.date
    rows: tuple[SuppliedInPeriod, ...]
    at: BooksAt


async def open_items(books: Books) -> OpenItems:
    """Return who is owed what, or owes us, on every clearing account."""
    as_of = await books.journal_as_of()
    return OpenItems(tuple(await books.open_items(OPEN_ITEM_ACCOUNTS)), as_of)


async def deferred_revenue(books: Books, asked: BooksQuestion) -> DeferredRevenue:
    """Return what is owed in carriage, by day of departure; rejects QuestionRefused."""
    at = await books_at.resolve(books, asked, read_model=books.coupons_as_of)
    sums: dict[tuple[dt.date, str, str], list[int]] = {}
    for each in await books.deferred_revenue(day=at.day, known=at.known):
        parts = sums.setdefault((each.departs_on, each.flight, each.currency), [0, 0])
        parts[0 if each.account == accounts.AIR_TRAFFIC_LIABILITY else 1] += each.amount
    rows = tuple(DeferredDay(*key, *parts) for key, parts in sorted(sums.items()))
    return DeferredRevenue(rows, at)


async def airport_charges(books: Books, asked: BooksQuestion) -> Charges:
    """Return what is owed for each airport; rejects QuestionRefused.

    What is not of one airport is divided among both of its flight in equal parts.
    """
    at = await books_at.resolve(books, asked, read_model=books.coupons_as_of)
    found = _by_airport(await books.airport_charges(day=at.day, known=at.known))
    rows = tuple(AuthorityCharge(*key, amount) for key, amount in sorted(found.items()) if amount)
    return Charges(rows, at)


def _by_airport(found: Sequence[FlightLiability]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for each in found:
        airports = each.airports or (UNKNOWN_AIRPORT,)
        shares = money.split(money.Money(each.amount, each.currency), [1] * len(airports))
        for airport, share in zip(airports, shares, strict=True):
            key = (airport, each.currency)
            sums[key] = sums.get(key, 0) + share.amount
    return sums


async def remittance(
    books: Books, asked: BooksQuestion, *, since: dt.date, until: dt.date
) -> Remittance:
    """Return what was collected for authorities on the accounting days from the first to the last.

    Rejects QuestionRefused.
    """
    books_at.require_days(since, until)
    at = await books_at.resolve(books, asked, read_model=books.coupons_as_of)
    found = await books.charges_in(since=since, until=until, known=at.known)
    return Remittance(since, until, tuple(found), at)


async def vat_return(
    books: Books, asked: BooksQuestion, *, since: dt.date, until: dt.date
) -> VatReturn:
    """Return the supplies of the accounting days from the first to the last, by rate.

    Rejects QuestionRefused.
    """
    books_at.require_days(since, until)
    at = await books_at.resolve(books, asked)
    found = await books.supplies_in(since=since, until=until, known=at.known)
    return VatReturn(VAT_PERCENT, since, until, tuple(found), at)
