"""Books of many entries through the real projector, without the events that would carry them.

Sales of several days, each entry dated on its day, and a few in a hundred on an earlier or, rarely,
a later one: what flights closed after midnight, late documents and early closings do.
"""

import datetime as dt
import random
from collections.abc import Iterator

import psycopg

from domain.kernel import entries, money
from domain.kernel.entries import Entry, Posting
from domain.ledger import accounts
from domain.payment.events import PaymentCaptured
from projections import generations
from projections.ledger_journal.projector import PROJECTION
from projections.projection import LoggedEvent

FIRST_DAY = dt.date(2026, 1, 1)
BATCH = 5_000
_PAIRS = (
    ("capture", accounts.STRIPE_CLEARING, accounts.UNAPPLIED_FUNDS),
    ("ticketing", accounts.UNAPPLIED_FUNDS, accounts.AIR_TRAFFIC_LIABILITY),
    ("flown", accounts.AIR_TRAFFIC_LIABILITY, accounts.PASSENGER_REVENUE),
)
_NOON = dt.time(9, 0, tzinfo=dt.UTC)


def entries_of(
    count: int, *, days: int, late_share: float, seed: int
) -> Iterator[tuple[dt.datetime, Entry]]:
    """Yield entries in log order with the instant of their recording, evenly over the days."""
    rng = random.Random(seed)
    for number in range(count):
        day = FIRST_DAY + dt.timedelta(days=number * days // count)
        rule, debit, credit = _PAIRS[number % len(_PAIRS)]
        currency = rng.choice(("SAR", "SAR", "SAR", "KWD", "JPY"))
        amount = rng.randrange(10, 100_000, 10)
        booking = f"booking-{number // 3}"
        yield (
            dt.datetime.combine(day, _NOON) + dt.timedelta(microseconds=number),
            Entry(
                effective_on=day + dt.timedelta(days=_shift(rng, late_share)),
                rule=rule,
                version=1,
                references=(f"pi_{number}",),
                postings=(
                    Posting(debit, booking, amount, currency),
                    Posting(credit, booking, -amount, currency),
                ),
            ),
        )


def _shift(rng: random.Random, late_share: float) -> int:
    if rng.random() >= late_share:
        return 0
    return rng.choice((-1, -1, -1, -1, -1, -1, -1, -2, -20, 1))


def load(
    connection: "psycopg.Connection[tuple[object, ...]]",
    count: int,
    *,
    days: int,
    late_share: float = 0.05,
    seed: int = 1,
) -> None:
    """Apply the entries to the journal's first generation; the checkpoint stays where it is."""
    batch: list[LoggedEvent] = []
    made = entries_of(count, days=days, late_share=late_share, seed=seed)
    for position, (recorded_at, entry) in enumerate(made, start=1):
        batch.append(_logged(position, recorded_at, entry))
        if len(batch) == BATCH:
            _apply(connection, batch)
            batch = []
    if batch:
        _apply(connection, batch)
    connection.execute("ANALYZE")


def _apply(connection: "psycopg.Connection[tuple[object, ...]]", batch: list[LoggedEvent]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        generations.enter(cursor, PROJECTION.name, 1)
        PROJECTION.apply(cursor, batch)


def _logged(position: int, recorded_at: dt.datetime, entry: Entry) -> LoggedEvent:
    posting = entry.postings[0]
    event = PaymentCaptured(
        attempt=f"payment-{position}-1-a1",
        intent=entry.references[0],
        charge="ch_1",
        amount=money.Money(posting.amount, posting.currency),
        entry=entry,
    )
    return LoggedEvent(position, f"payment-{position}-1", 1, recorded_at, event)


def summed(
    made: list[tuple[dt.datetime, Entry]], *, day: dt.date, known: int
) -> dict[tuple[str, str], int]:
    """Return the balances by adding up every posting; those of zero are left out."""
    sums: dict[tuple[str, str], int] = {}
    for _, entry in made[:known]:
        if entry.effective_on <= day:
            for posting in entry.postings:
                key = (posting.account, posting.currency)
                sums[key] = sums.get(key, 0) + posting.amount
    return {key: amount for key, amount in sums.items() if amount}


assert entries.ACCOUNTING_ZONE == "Asia/Riyadh", "noon in Riyadh is the day that is meant"
