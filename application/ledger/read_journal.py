"""Reads the journal: from an entry to its event, booking and objects at Stripe, and back."""

import re

import msgspec
from msgspec.structs import replace

from application.ledger import books_at
from application.ledger.books import Books, JournalEntry, JournalQuestion
from application.ledger.books_at import BooksQuestion
from application.queries import AsOf, CursorRefused
from domain.ledger import accounts

PAGE_LIMIT = 200
_CURSOR = re.compile(r"([0-9]{1,18})/([0-9]{1,18})")


class JournalPage(msgspec.Struct, frozen=True):
    """Entries in log order; `next_cursor` is None on the last page."""

    entries: tuple[JournalEntry, ...]
    next_cursor: str | None
    known: int
    as_of: AsOf


async def read_journal(
    books: Books,
    asked: JournalQuestion,
    known: BooksQuestion,
    *,
    cursor: str | None,
    limit: int,
) -> JournalPage:
    """Return the page behind the cursor; rejects QuestionRefused and CursorRefused."""
    if asked.account is not None and asked.account not in accounts.CHART:
        raise books_at.QuestionRefused(field="account", reason="unknown")
    if asked.since is not None and asked.until is not None:
        books_at.require_days(asked.since, asked.until)
    if cursor is not None:
        parts = _CURSOR.fullmatch(cursor)
        if parts is None:
            raise CursorRefused(field="cursor", reason="unknown")
        known = BooksQuestion(known_position=int(parts[1]))
        asked = replace(asked, after=int(parts[2]))
    at = await books_at.resolve(books, known)
    size = max(1, min(limit, PAGE_LIMIT))
    found = await books.find_entries(asked, known=at.known, limit=size + 1)
    page = tuple(found[:size])
    following = f"{at.known}/{page[-1].position}" if len(found) > size else None
    return JournalPage(page, following, at.known, at.as_of)
