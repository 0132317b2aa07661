"""What the read models of the books promise: balances, statements, entries, supplies, liabilities.

Amounts are minor units, debit positive unless a type says otherwise. `known` is a log position:
only what is recorded up to it counts. All ports raise Unavailable.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from application.queries import AccountBalance, AsOf


class StatementMark(msgspec.Struct, frozen=True):
    """The last line of a page of a statement, and the balance after it."""

    effective_on: dt.date
    position: int
    line: int
    balance: int


class StatementQuestion(msgspec.Struct, frozen=True):
    """An account in a currency over accounting days, both included; `mark` ends the page before."""

    account: str
    currency: str
    since: dt.date
    until: dt.date
    mark: StatementMark | None = None


class StatementLine(msgspec.Struct, frozen=True):
    """One line of an account, with the event that it is part of."""

    position: int
    line: int
    stream: str
    version: int
    effective_on: dt.date
    recorded_at: dt.datetime
    rule: str
    provider_references: list[str]
    booking: str
    amount: int


class JournalQuestion(msgspec.Struct, frozen=True):
    """Filters of the journal, all of which must hold; `since` and `until` are accounting days.

    `reference` is an id at Stripe or a ticket number. Entries behind position `after`.
    """

    account: str | None = None
    booking: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    rule: str | None = None
    reference: str | None = None
    position: int | None = None
    after: int = 0


class PostedAmount(msgspec.Struct, frozen=True):
    """One line of an entry."""

    account: str
    booking: str
    amount: int
    currency: str


class JournalEntry(msgspec.Struct, frozen=True):
    """An entry with the event that contains it; `event` is its id, `kind` its tag."""

    position: int
    event: str
    stream: str
    version: int
    kind: str
    effective_on: dt.date
    recorded_at: dt.datetime
    rule: str
    rule_version: int
    references: tuple[str, ...]
    postings: tuple[PostedAmount, ...]


class SuppliedInPeriod(msgspec.Struct, frozen=True):
    """Supplies of a period by rate, without tax, and the tax; positive is owed to the state."""

    currency: str
    standard_net: int
    zero_rated_net: int
    vat: int


class ChargesInPeriod(msgspec.Struct, frozen=True):
    """What was collected for an authority by a code in a period, and what of it went back.

    `airport` is "" where the charge is for the coupon, or for both airports in equal parts.
    """

    authority: str
    code: str
    airport: str
    currency: str
    collected: int
    returned: int


class FlightLiability(msgspec.Struct, frozen=True):
    """What is owed on an account for a flight; credit positive.

    `departs_on` is the day of departure as it is scheduled now, local at the origin; `airports` are
    origin and destination, empty where the flight is unknown to the read model.
    """

    flight: str
    account: str
    currency: str
    amount: int
    departs_on: dt.date
    airports: tuple[str, ...] = ()


class OpenItem(msgspec.Struct, frozen=True):
    """What stays on a clearing account for a booking; `since` it was last zero.

    `booking` is the intent at Stripe for money of no booking. `references` are those of the entries
    that made the balance.
    """

    account: str
    booking: str
    currency: str
    amount: int
    since: dt.datetime
    references: list[str]


class BalancesAt(Protocol):
    """Balances at the end of an accounting day."""

    async def __call__(
        self,
        *,
        day: dt.date,
        known: int,
        account: str | None = None,
        currency: str | None = None,
    ) -> Sequence[AccountBalance]:
        """Return one row for each account and currency with a line by then."""
        ...


class StatementLines(Protocol):
    """Lines of one account."""

    async def __call__(
        self, asked: StatementQuestion, *, known: int, limit: int
    ) -> Sequence[StatementLine]:
        """Return the lines behind the mark by day, and of a day in log order."""
        ...


class FindEntries(Protocol):
    """Entries of the journal."""

    async def __call__(
        self, asked: JournalQuestion, *, known: int, limit: int
    ) -> Sequence[JournalEntry]:
        """Return entries that fit, in log order."""
        ...


class DayMark(msgspec.Struct, frozen=True):
    """The last entry of a page, in the order of days."""

    effective_on: dt.date
    position: int


class EntriesByDay(Protocol):
    """All entries of a period, for exports."""

    async def __call__(
        self, *, since: dt.date, until: dt.date, known: int, mark: DayMark | None, limit: int
    ) -> Sequence[JournalEntry]:
        """Return the entries behind the mark by day, and of a day in log order."""
        ...


class SuppliesIn(Protocol):
    """The VAT return."""

    async def __call__(
        self, *, since: dt.date, until: dt.date, known: int
    ) -> Sequence[SuppliedInPeriod]:
        """Return supplies of the days from the first to the last, by currency."""
        ...


class ChargesIn(Protocol):
    """What authorities are owed of a period."""

    async def __call__(
        self, *, since: dt.date, until: dt.date, known: int
    ) -> Sequence[ChargesInPeriod]:
        """Return the charges of the days from the first to the last, by authority and code."""
        ...


class FlightLiabilities(Protocol):
    """Liabilities by flight."""

    async def __call__(self, *, day: dt.date, known: int) -> Sequence[FlightLiability]:
        """Return what is owed for each flight at the end of an accounting day."""
        ...


class Books(msgspec.Struct, frozen=True):
    """The queries of the read models `ledger_journal` and `coupon_values`.

    `position_at` returns the last position of the log recorded by an instant, 0 for none.
    """

    journal_as_of: Callable[[], Awaitable[AsOf]]
    coupons_as_of: Callable[[], Awaitable[AsOf]]
    position_at: Callable[[dt.datetime], Awaitable[int]]
    balances_at: BalancesAt
    statement_lines: StatementLines
    find_entries: FindEntries
    entries_by_day: EntriesByDay
    supplies_in: SuppliesIn
    deferred_revenue: FlightLiabilities
    airport_charges: FlightLiabilities
    charges_in: ChargesIn
    open_items: Callable[[Sequence[str]], Awaitable[Sequence[OpenItem]]]
    clock: Callable[[], dt.datetime]
