"""Reads the statement of a customer: bookings, and what was paid, refunded, owed and credited."""

import datetime as dt

import msgspec

from application.ledger.books import Books, JournalEntry, JournalQuestion
from application.queries import AsOf, ListBookings, ListedBooking
from domain.ledger import accounts

PAGE_LIMIT = 20
# Entries of one booking are few: its payments, tickets, changes and refunds.
ENTRIES_PER_BOOKING = 500

PAID = frozenset({accounts.STRIPE_CLEARING, accounts.BANK})
OWED = frozenset({accounts.UNAPPLIED_FUNDS, accounts.REFUNDS_PAYABLE})
CREDITED = frozenset({accounts.TRAVEL_CREDITS})


class CustomerLine(msgspec.Struct, frozen=True):
    """What an entry meant for the customer, in minor units.

    `paid` reached us (negative: was returned), `owed` is what we owe in money besides a flight,
    `credited` what we owe as credit; each is what the entry changed.
    """

    effective_on: dt.date
    rule: str
    references: tuple[str, ...]
    currency: str
    paid: int
    owed: int
    credited: int


class CustomerBooking(msgspec.Struct, frozen=True):
    """A booking with its lines in log order, those only that touch the customer's money."""

    booking: ListedBooking
    lines: tuple[CustomerLine, ...]


class CustomerStatement(msgspec.Struct, frozen=True):
    """A page of a customer's bookings, newest first."""

    bookings: tuple[CustomerBooking, ...]
    next_cursor: str | None
    as_of: AsOf


async def read_customer(
    books: Books, list_bookings: ListBookings, customer: str, *, cursor: str | None, limit: int
) -> CustomerStatement:
    """Return the page behind the cursor; a customer without bookings has an empty one.

    Rejects CursorRefused, raises Unavailable.
    """
    size = max(1, min(limit, PAGE_LIMIT))
    journal = await books.journal_as_of()
    page = await list_bookings(owner=customer, cursor=cursor, limit=size)
    found = []
    for each in page.bookings:
        entries = await books.find_entries(
            JournalQuestion(booking=each.booking_id),
            known=journal.position,
            limit=ENTRIES_PER_BOOKING,
        )
        lines = tuple(line for entry in entries if (line := _line(entry, each)) is not None)
        found.append(CustomerBooking(each, lines))
    behind = min(journal, page.as_of, key=lambda each: each.position)
    return CustomerStatement(tuple(found), page.next_cursor, behind)


def _line(entry: JournalEntry, booking: ListedBooking) -> CustomerLine | None:
    ours = [each for each in entry.postings if each.booking == booking.booking_id]
    paid = sum(each.amount for each in ours if each.account in PAID)
    owed = -sum(each.amount for each in ours if each.account in OWED)
    credited = -sum(each.amount for each in ours if each.account in CREDITED)
    if not (paid or owed or credited):
        return None
    return CustomerLine(
        entry.effective_on, entry.rule, entry.references, booking.currency, paid, owed, credited
    )
