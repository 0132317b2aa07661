"""Reads the statement of an account: opening balance, lines with running balance, closing balance.

A cursor names the position up to which the first page knew the books, so that later pages belong
to the same statement although business goes on.
"""

import datetime as dt
import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.ledger import books_at
from application.ledger.books import Books, StatementLine, StatementMark, StatementQuestion
from application.ledger.books_at import BooksAt, BooksQuestion
from application.queries import AsOf, CursorRefused
from domain.kernel import money
from domain.ledger import accounts
from domain.ledger.accounts import Account

PAGE_LIMIT = 500
_CURSOR = re.compile(r"([0-9]{1,18})/([0-9-]{10})/([0-9]{1,18})/([0-9]{1,4})/(-?[0-9]{1,18})")
_ONE_DAY = dt.timedelta(days=1)


class RunningLine(msgspec.Struct, frozen=True):
    """A line and what the account holds after it, in the order of days."""

    line: StatementLine
    balance: int


class Statement(msgspec.Struct, frozen=True):
    """A page of the statement; `opening` and `closing` are those of the whole.

    `brought_forward` is the balance before the first line of the page.
    """

    account: Account
    currency: str
    since: dt.date
    until: dt.date
    opening: int
    brought_forward: int
    lines: tuple[RunningLine, ...]
    closing: int
    next_cursor: str | None
    known: int
    as_of: AsOf


async def read_statement(
    books: Books,
    asked: StatementQuestion,
    known: BooksQuestion,
    *,
    cursor: str | None,
    limit: int,
) -> Statement:
    """Return the page behind the cursor; rejects QuestionRefused and CursorRefused."""
    _require_account(asked)
    books_at.require_days(asked.since, asked.until)
    if cursor is not None:
        position, mark = _read_cursor(cursor, asked)
        known, asked = BooksQuestion(known_position=position), replace(asked, mark=mark)
    at = await books_at.resolve(books, known)
    size = max(1, min(limit, PAGE_LIMIT))
    opening = await _balance(books, asked, at, day=_day_before(asked.since))
    found = await books.statement_lines(asked, known=at.known, limit=size + 1)
    before = opening if asked.mark is None else asked.mark.balance
    lines = _running(found[:size], before)
    return Statement(
        account=accounts.CHART[asked.account],
        currency=asked.currency,
        since=asked.since,
        until=asked.until,
        opening=opening,
        brought_forward=before,
        lines=lines,
        closing=await _balance(books, asked, at, day=asked.until),
        next_cursor=_make_cursor(at, lines[-1]) if len(found) > size else None,
        known=at.known,
        as_of=at.as_of,
    )


def _require_account(asked: StatementQuestion) -> None:
    if asked.account not in accounts.CHART:
        raise books_at.QuestionRefused(field="account", reason="unknown")
    if not money.is_currency(asked.currency):
        raise books_at.QuestionRefused(field="currency", reason="unknown")


def _day_before(day: dt.date) -> dt.date:
    return day if day == dt.date.min else day - _ONE_DAY


async def _balance(books: Books, asked: StatementQuestion, at: BooksAt, *, day: dt.date) -> int:
    found = await books.balances_at(
        day=day, known=at.known, account=asked.account, currency=asked.currency
    )
    return sum(each.amount for each in found)


def _running(lines: Sequence[StatementLine], before: int) -> tuple[RunningLine, ...]:
    found: list[RunningLine] = []
    for line in lines:
        before += line.amount
        found.append(RunningLine(line, before))
    return tuple(found)


def _make_cursor(at: BooksAt, last: RunningLine) -> str:
    line = last.line
    return f"{at.known}/{line.effective_on}/{line.position}/{line.line}/{last.balance}"


def _read_cursor(cursor: str, asked: StatementQuestion) -> tuple[int, StatementMark]:
    parts = _CURSOR.fullmatch(cursor)
    try:
        if parts is None:
            raise CursorRefused(field="cursor", reason="unknown")
        day = dt.date.fromisoformat(parts[2])
    except ValueError:
        raise CursorRefused(field="cursor", reason="unknown") from None
    if not asked.since <= day <= asked.until:
        raise CursorRefused(field="cursor", reason="of_other_days")
    return int(parts[1]), StatementMark(day, int(parts[3]), int(parts[4]), int(parts[5]))
