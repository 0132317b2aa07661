"""Exports the books of a period, with the balances before it, for other programs.

Each format begins with the opening balances, so that the sums of an export are the trial balance
at its end. The beancount and hledger journals end with that balance as an assertion, which
`bean-check` and `hledger check` verify by adding up the entries themselves.
"""

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Literal

import msgspec

from application.ledger import books_at
from application.ledger.books import Books, DayMark, JournalEntry
from application.ledger.books_at import BooksQuestion
from application.queries import AccountBalance
from domain.kernel import entries, money
from domain.ledger import accounts
from domain.ledger.accounts import AccountType

Format = Literal["csv", "beancount", "hledger"]
PAGE = 1_000
OPENING = "opening"
_BEANCOUNT_ROOTS: dict[AccountType, str] = {
    "asset": "Assets",
    "liability": "Liabilities",
    "revenue": "Income",
    "contra": "Income",
    "expense": "Expenses",
}
_FIRST_DAY = dt.date(1970, 1, 1)


class Row(msgspec.Struct, frozen=True):
    """One line as CSV and Parquet have it: `amount` in minor units, `decimal` in the currency.

    Opening balances are rows of the rule `opening` at position 0.
    """

    effective_on: dt.date
    recorded_at: dt.datetime | None
    position: int
    line: int
    event: str
    stream: str
    rule: str
    references: str
    booking: str
    account: str
    account_name: str
    currency: str
    amount: int
    decimal: str


class Exported(msgspec.Struct, frozen=True):
    """The books of the days from `since` to `until`: pages of entries between two balances."""

    since: dt.date
    until: dt.date
    known: int
    opening: Sequence[AccountBalance]
    pages: AsyncIterator[Sequence[JournalEntry]]
    closing: Sequence[AccountBalance]


async def open_export(
    books: Books, asked: BooksQuestion, *, since: dt.date, until: dt.date | None
) -> Exported:
    """Return the export of the period, until today without `until`; rejects QuestionRefused."""
    last = until or entries.accounting_day(books.clock())
    books_at.require_days(since, last)
    at = await books_at.resolve(books, asked)
    before = since - dt.timedelta(days=1)
    return Exported(
        since=since,
        until=last,
        known=at.known,
        opening=await books.balances_at(day=before, known=at.known),
        pages=_pages(books, since, last, at.known),
        closing=await books.balances_at(day=last, known=at.known),
    )


async def _pages(
    books: Books, since: dt.date, until: dt.date, known: int
) -> AsyncIterator[Sequence[JournalEntry]]:
    mark: DayMark | None = None
    while found := await books.entries_by_day(
        since=since, until=until, known=known, mark=mark, limit=PAGE
    ):
        yield found
        mark = DayMark(found[-1].effective_on, found[-1].position)


async def text(exported: Exported, form: Format) -> AsyncIterator[str]:
    """Yield the export in pieces; entries are never held in memory together."""
    match form:
        case "csv":
            yield ",".join(Row.__struct_fields__) + "\n"
            async for rows in row_pages(exported):
                yield _csv(rows)
        case "beancount":
            async for piece in _journal(exported, _BEANCOUNT):
                yield piece
        case "hledger":
            async for piece in _journal(exported, _HLEDGER):
                yield piece


async def row_pages(exported: Exported) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of the export, first those of the opening balances."""
    yield opening_rows(exported)
    async for page in exported.pages:
        yield [row for entry in page for row in _rows(entry)]


def opening_rows(exported: Exported) -> list[Row]:
    """Return the balances before the period as rows of its first day."""
    return [
        Row(
            effective_on=exported.since,
            recorded_at=None,
            position=0,
            line=line,
            event="",
            stream="",
            rule=OPENING,
            references="",
            booking="",
            account=each.account,
            account_name=accounts.CHART[each.account].name,
            currency=each.currency,
            amount=each.amount,
            decimal=decimal(each.amount, each.currency),
        )
        for line, each in enumerate(exported.opening, start=1)
        if each.amount
    ]


def _rows(entry: JournalEntry) -> Iterable[Row]:
    for line, posting in enumerate(entry.postings, start=1):
        yield Row(
            effective_on=entry.effective_on,
            recorded_at=entry.recorded_at,
            position=entry.position,
            line=line,
            event=entry.event,
            stream=entry.stream,
            rule=entry.rule,
            references=" ".join(entry.references),
            booking=posting.booking,
            account=posting.account,
            account_name=accounts.CHART[posting.account].name,
            currency=posting.currency,
            amount=posting.amount,
            decimal=decimal(posting.amount, posting.currency),
        )


def _csv(rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(
        ["" if each is None else each for each in msgspec.structs.astuple(row)] for row in rows
    )
    return out.getvalue()


def decimal(amount: int, currency: str) -> str:
    """Return minor units as the currency is written: -391.00, 12.500, 1000."""
    decimals = money.exponent(currency)
    whole, fraction = divmod(abs(amount), 10**decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}" + (f".{fraction:0{decimals}d}" if decimals else "")


class _Syntax(msgspec.Struct, frozen=True):
    """How a plain-text journal is written; `opening` begins the entry of the opening balances."""

    opening: str
    header: Callable[[Exported], Iterable[str]]
    account: Callable[[str], str]
    first_line: Callable[[JournalEntry], Iterable[str]]
    closing: Callable[[Exported], Iterable[str]]


async def _journal(exported: Exported, syntax: _Syntax) -> AsyncIterator[str]:
    yield _joined(syntax.header(exported))
    opening = [each for each in exported.opening if each.amount]
    if opening:
        lines = [f"{exported.since} {syntax.opening}"]
        lines += [_line(syntax, each.account, each.amount, each.currency) for each in opening]
        yield _joined([*lines, ""])
    async for page in exported.pages:
        yield _joined(line for entry in page for line in _entry(entry, syntax))
    yield _joined(syntax.closing(exported))


def _entry(entry: JournalEntry, syntax: _Syntax) -> Iterable[str]:
    yield from syntax.first_line(entry)
    for posting in entry.postings:
        yield _line(syntax, posting.account, posting.amount, posting.currency)
    yield ""


def _line(syntax: _Syntax, account: str, amount: int, currency: str) -> str:
    return f"  {syntax.account(account)}  {decimal(amount, currency)} {currency}"


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    """Return the text as both journals can hold it: one line, without quotes and comment signs."""
    return "".join(" " if each in '"\\;|\n\r' else each for each in text)


def _beancount_account(number: str) -> str:
    account = accounts.CHART[number]
    words = "-".join("".join(c if c.isalnum() else " " for c in account.name).split())
    return f"{_BEANCOUNT_ROOTS[account.type]}:{number}-{words}"


def _beancount_header(exported: Exported) -> Iterable[str]:
    yield 'option "title" "Books of the airline"'
    for currency in sorted({each.currency for each in exported.closing}):
        yield f'option "operating_currency" "{currency}"'
    for number in sorted(accounts.CHART):
        yield f"{_FIRST_DAY} open {_beancount_account(number)}"
    yield ""


def _beancount_first(entry: JournalEntry) -> Iterable[str]:
    yield f'{entry.effective_on} * "{_quoted(entry.rule)}" "{_quoted(entry.stream)}"'
    yield f'  event: "{entry.event}"'
    yield f"  position: {entry.position}"
    if entry.references:
        yield f'  references: "{_quoted(" ".join(entry.references))}"'


def _beancount_closing(exported: Exported) -> Iterable[str]:
    """A balance assertion holds at the beginning of its day; its tolerance is zero."""
    day = exported.until + dt.timedelta(days=1)
    for each in exported.closing:
        amount, zero = decimal(each.amount, each.currency), decimal(0, each.currency)
        account = _beancount_account(each.account)
        yield f"{day} balance {account}  {amount} ~ {zero} {each.currency}"


def _hledger_account(number: str) -> str:
    account = accounts.CHART[number]
    return f"{_BEANCOUNT_ROOTS[account.type].lower()}:{number} {account.name.replace(',', '')}"


def _hledger_header(exported: Exported) -> Iterable[str]:
    yield "decimal-mark ."
    for currency in sorted({each.currency for each in exported.closing}):
        sample = decimal(1000 * 10 ** money.exponent(currency), currency)
        yield f"commodity {sample if '.' in sample else sample + '.'} {currency}"
    for number in sorted(accounts.CHART):
        yield f"account {_hledger_account(number)}"
    yield ""


def _hledger_first(entry: JournalEntry) -> Iterable[str]:
    words = f"{_quoted(entry.rule)} {_quoted(entry.stream)}"
    yield f"{entry.effective_on} ({entry.position}) {words}"
    yield f"  ; event: {entry.event}"
    if entry.references:
        yield f"  ; references: {_quoted(' '.join(entry.references))}"


def _hledger_closing(exported: Exported) -> Iterable[str]:
    if exported.closing:
        yield f"{exported.until} closing balances"
    for each in exported.closing:
        zero, amount = decimal(0, each.currency), decimal(each.amount, each.currency)
        account = _hledger_account(each.account)
        yield f"  {account}  {zero} {each.currency} = {amount} {each.currency}"


_BEANCOUNT = _Syntax(
    f'* "{OPENING}"', _beancount_header, _beancount_account, _beancount_first, _beancount_closing
)
_HLEDGER = _Syntax(OPENING, _hledger_header, _hledger_account, _hledger_first, _hledger_closing)
