"""Routes of the books for finance and auditors: balances, statements, journal, reports, exports.

Each answers as of an accounting day (`asOf`) and as known at an instant or log position
(`knownAt`). `ais ledger` gives the same answers.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from application.ledger import (
    export_books,
    read_customer,
    read_journal,
    read_ledger,
    read_liabilities,
    read_statement,
)
from application.ledger.books import JournalQuestion, StatementQuestion
from interfaces.http import auth, books_answers, report_answers
from interfaces.http.books_answers import (
    JournalResponse,
    StatementResponse,
    TrialBalanceResponse,
)
from interfaces.http.problems import invalid
from interfaces.http.report_answers import (
    ChargesResponse,
    CustomerStatementResponse,
    DeferredRevenueResponse,
    OpenItemsResponse,
    RemittanceResponse,
    VatReturnResponse,
)
from interfaces.http.strict_request import StrictRequest

AsOf = Annotated[dt.date | None, QueryParameter(name="asOf")]
KnownAt = Annotated[str | None, QueryParameter(name="knownAt")]
FirstDay = Annotated[dt.date, QueryParameter(name="from")]
LastDay = Annotated[dt.date, QueryParameter(name="to")]
Cursor = Annotated[str | None, QueryParameter()]
Limit = Annotated[int, QueryParameter()]
MEDIA_TYPES: Mapping[export_books.Format, str] = {
    "csv": "text/csv",
    "beancount": "text/plain",
    "hledger": "text/plain",
}


@get("/api/ledger/trial-balance", **auth.signed_in("read_ledger"))
async def read_trial_balance(
    request: StrictRequest, as_of: AsOf = None, known_at: KnownAt = None
) -> TrialBalanceResponse:
    """Return the balances; 503 when the ledger's read model has stopped.

    An old balance that looks current is worse than none.
    """
    asked = books_answers.question(as_of, known_at)
    return books_answers.trial_balance(
        await read_ledger.trial_balance(request.ports.ledger.books, asked)
    )


@get("/api/ledger/accounts/{account:str}/statement", **auth.signed_in("read_ledger"))
async def read_account_statement(
    request: StrictRequest,
    account: FromPath[str],
    currency: Annotated[str, QueryParameter()],
    since: FirstDay,
    until: LastDay,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> StatementResponse:
    """List the lines of an account between its opening and its closing balance."""
    found = await read_statement.read_statement(
        request.ports.ledger.books,
        StatementQuestion(account, currency, since, until),
        books_answers.question(None, known_at),
        cursor=cursor,
        limit=_limit(limit, read_statement.PAGE_LIMIT),
    )
    return books_answers.statement(found)


@get("/api/ledger/entries", **auth.signed_in("read_ledger"))
async def read_entries(
    request: StrictRequest,
    account: Annotated[str | None, QueryParameter()] = None,
    booking: Annotated[str | None, QueryParameter()] = None,
    since: Annotated[dt.date | None, QueryParameter(name="from")] = None,
    until: Annotated[dt.date | None, QueryParameter(name="to")] = None,
    rule: Annotated[str | None, QueryParameter()] = None,
    reference: Annotated[str | None, QueryParameter()] = None,
    position: Annotated[int | None, QueryParameter(ge=1, le=2**62)] = None,
    known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JournalResponse:
    """List entries of the journal with the event, booking and objects at Stripe they belong to."""
    found = await read_journal.read_journal(
        request.ports.ledger.books,
        JournalQuestion(account, booking, since, until, rule, reference, position),
        books_answers.question(None, known_at),
        cursor=cursor,
        limit=_limit(limit, read_journal.PAGE_LIMIT),
    )
    return books_answers.journal(found)


@get("/api/ledger/customers/{customer:str}/statement", **auth.signed_in("read_ledger"))
async def read_customer_statement(
    request: StrictRequest, customer: FromPath[str], cursor: Cursor = None, limit: Limit = 20
) -> CustomerStatementResponse:
    """List a customer's bookings with what was paid, refunded and credited."""
    ledger = request.ports.ledger
    found = await read_customer.read_customer(
        ledger.books,
        ledger.list_bookings,
        customer,
        cursor=cursor,
        limit=_limit(limit, read_customer.PAGE_LIMIT),
    )
    return report_answers.customer(found)


@get("/api/ledger/open-items", **auth.signed_in("read_ledger"))
async def read_open_items(request: StrictRequest) -> OpenItemsResponse:
    """List what each clearing account holds for whom: nothing stays there without an item."""
    found = await read_liabilities.open_items(request.ports.ledger.books)
    return report_answers.open_items(found)


@get("/api/ledger/deferred-revenue", **auth.signed_in("read_ledger"))
async def read_deferred_revenue(
    request: StrictRequest, as_of: AsOf = None, known_at: KnownAt = None
) -> DeferredRevenueResponse:
    """List what is owed in carriage by the day of the flight."""
    asked = books_answers.question(as_of, known_at)
    found = await read_liabilities.deferred_revenue(request.ports.ledger.books, asked)
    return report_answers.deferred(found)


@get("/api/ledger/airport-charges", **auth.signed_in("read_ledger"))
async def read_airport_charges(
    request: StrictRequest, as_of: AsOf = None, known_at: KnownAt = None
) -> ChargesResponse:
    """List the airport charges that are owed, by the airport whose authority they are due to."""
    asked = books_answers.question(as_of, known_at)
    found = await read_liabilities.airport_charges(request.ports.ledger.books, asked)
    return report_answers.charges(found)


@get("/api/ledger/remittance", **auth.signed_in("read_ledger"))
async def read_remittance(
    request: StrictRequest, since: FirstDay, until: LastDay, known_at: KnownAt = None
) -> RemittanceResponse:
    """List what was collected for authorities in a period, by code and airport."""
    found = await read_liabilities.remittance(
        request.ports.ledger.books,
        books_answers.question(None, known_at),
        since=since,
        until=until,
    )
    return report_answers.remittance(found)


@get("/api/ledger/vat-return", **auth.signed_in("read_ledger"))
async def read_vat_return(
    request: StrictRequest, since: FirstDay, until: LastDay, known_at: KnownAt = None
) -> VatReturnResponse:
    """Sum the supplies of a period by rate, zero-rated ones too."""
    found = await read_liabilities.vat_return(
        request.ports.ledger.books,
        books_answers.question(None, known_at),
        since=since,
        until=until,
    )
    return report_answers.vat_return(found)


@get(
    "/api/ledger/export",
    **auth.signed_in("read_ledger", gives=tuple(sorted(set(MEDIA_TYPES.values())))),
)
async def export_period(
    request: StrictRequest,
    format_: Annotated[export_books.Format, QueryParameter(name="format")],
    since: FirstDay,
    until: LastDay,
    known_at: KnownAt = None,
) -> Stream:
    """Export a period as CSV, or as a journal for beancount or hledger, with its opening balances.

    The answer is sent while it is read: one that breaks off has no closing balances.
    """
    exported = await export_books.open_export(
        request.ports.ledger.books,
        books_answers.question(None, known_at),
        since=since,
        until=until,
    )
    return Stream(
        export_books.text(exported, format_),
        media_type=MEDIA_TYPES[format_],
        headers={"cache-control": "private, no-store"},
    )


def _limit(limit: int, largest: int) -> int:
    if not 1 <= limit <= largest:
        raise invalid("limit", f"1 to {largest} is expected")
    return limit


ROUTES = (
    read_trial_balance,
    read_account_statement,
    read_entries,
    read_customer_statement,
    read_open_items,
    read_deferred_revenue,
    read_airport_charges,
    read_remittance,
    read_vat_return,
    export_period,
)
