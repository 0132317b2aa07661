"""The ledger's leg: what each entry of the journal moved on account 1010, and for what at Stripe.

Entries of a division move between two bookings and cancel out; they are left out.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from application.ledger.books import Books, DayMark, JournalEntry, JournalQuestion
from domain.kernel.money import Money
from domain.ledger import (
    accounts,
    disputes,
    division,
    external_refunds,
    reconciliation,
    rules,
    settlement,
)
from domain.reconciliation import matching
from domain.reconciliation.breaks import group_of
from domain.reconciliation.records import BookedFact, BookedTransaction, Listed
from domain.settlement import categories

PAGE_LIMIT = 500
# Pages after which a run is refused: reconcile fewer days at once.
PAGES_LIMIT = 10_000

# The category of the balance transaction that Stripe lists for an entry of a rule, and which of its
# references is the key, and which the object at Stripe.
FACTS: Mapping[str, tuple[str, int, int]] = {
    rules.CAPTURE_RULE: (categories.CHARGE, 1, 1),
    rules.REFUND_ACCEPTED_RULE: (categories.REFUND, 0, 0),
    rules.REFUND_FAILED_RULE: (categories.REFUND_FAILURE, 0, 0),
    external_refunds.RECORDED_RULE: (categories.REFUND, 0, 0),
    external_refunds.FAILED_RULE: (categories.REFUND_FAILURE, 0, 0),
    disputes.WITHDRAWN_RULE: (categories.DISPUTE, 1, 0),
    disputes.REINSTATED_RULE: (categories.DISPUTE_REVERSAL, 1, 0),
    settlement.PAYOUT_CREATED_RULE: ("payout", 0, 0),
    settlement.PAYOUT_FAILED_RULE: ("payout_reversal", 0, 0),
}


class LedgerLeg(msgspec.Struct, frozen=True):
    """What the journal has of a range of days."""

    facts: tuple[BookedFact, ...]
    transactions: tuple[BookedTransaction, ...]


async def read(books: Books, *, since: dt.date, until: dt.date) -> LedgerLeg:
    """Return what was booked on account 1010 on these days, and written off since then.

    Raises Unavailable.
    """
    known = (await books.journal_as_of()).position
    facts: list[BookedFact] = []
    transactions: list[BookedTransaction] = []
    mark: DayMark | None = None
    for _ in range(PAGES_LIMIT):
        page = await books.entries_by_day(
            since=since, until=until, known=known, mark=mark, limit=PAGE_LIMIT
        )
        found = _rows(page)
        facts += found.facts
        transactions += found.transactions
        if len(page) < PAGE_LIMIT:
            break
        mark = DayMark(page[-1].effective_on, page[-1].position)
    later = JournalQuestion(rule=reconciliation.WRITE_OFF_RULE, since=until + dt.timedelta(days=1))
    for entry in await books.find_entries(later, known=known, limit=PAGE_LIMIT):
        facts.append(_fact(entry, _amounts(entry)))
    return LedgerLeg(tuple(facts), tuple(transactions))


async def find(books: Books, reference: str) -> LedgerLeg:
    """Return what was booked on account 1010 for an object at Stripe, whenever it was.

    Raises Unavailable.
    """
    known = (await books.journal_as_of()).position
    asked = JournalQuestion(account=accounts.STRIPE_CLEARING, reference=reference)
    return _rows(await books.find_entries(asked, known=known, limit=PAGE_LIMIT))


async def openings(books: Books, listed: tuple[Listed, ...]) -> frozenset[str]:
    """Return the charges and payouts of what followed them that the ledger has, of any day."""
    known = (await books.journal_as_of()).position
    found = set()
    for each in sorted(
        {row.opening for row in listed if row.category in matching.FOLLOWING and row.opening}
    ):
        asked = JournalQuestion(account=accounts.STRIPE_CLEARING, reference=each)
        entries = await books.find_entries(asked, known=known, limit=PAGE_LIMIT)
        if any(
            entry.rule in (rules.CAPTURE_RULE, settlement.PAYOUT_CREATED_RULE) for entry in entries
        ):
            found.add(each)
    return frozenset(found)


def _rows(entries: Sequence[JournalEntry]) -> LedgerLeg:
    facts: list[BookedFact] = []
    transactions: list[BookedTransaction] = []
    for entry in entries:
        amounts = _amounts(entry)
        if not amounts or entry.rule == division.DIVISION_RULE:
            continue
        if entry.rule == settlement.TRANSACTION_RULE:
            transactions.append(_transaction(entry, amounts))
        else:
            facts.append(_fact(entry, amounts))
    return LedgerLeg(tuple(facts), tuple(transactions))


def _amounts(entry: JournalEntry) -> tuple[Money, ...]:
    return matching.sums(
        Money(posting.amount, posting.currency)
        for posting in entry.postings
        if posting.account == accounts.STRIPE_CLEARING
    )


def _transaction(entry: JournalEntry, amounts: tuple[Money, ...]) -> BookedTransaction:
    transaction, *sources = entry.references
    return BookedTransaction(transaction, amounts, entry.position, sources[0] if sources else None)


def _fact(entry: JournalEntry, amounts: tuple[Money, ...]) -> BookedFact:
    """Return the fact; an entry of another rule is one for which Stripe has nothing."""
    collects: tuple[str, ...] = ()
    source: str | None = None
    if entry.rule == reconciliation.WRITE_OFF_RULE:
        category, key = group_of(entry.references[0])
    elif entry.rule in FACTS:
        category, of_key, of_source = FACTS[entry.rule]
        key, source = entry.references[of_key], entry.references[of_source]
        if entry.rule == rules.CAPTURE_RULE:
            collects = entry.references[:1]
    else:
        category, key = entry.rule, f"{entry.stream}:{entry.version}"
    return BookedFact(
        category=category,
        key=key,
        amounts=amounts,
        position=entry.position,
        booked_at=entry.recorded_at,
        collects=collects,
        source=source,
    )
