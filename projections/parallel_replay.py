"""Sums the balances again from the beginning of the log, in several processes at once.

The log is cut into stretches: archives outside the database, and ranges of positions in it. Sums
do not depend on the order of the stretches, so the result is that of one process byte for byte.
"""

import concurrent.futures
import hashlib
import multiprocessing
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from typing import Protocol

import msgspec

from projections import archived_events, generations, reading, replay
from projections.ledger_journal import queries
from projections.ledger_journal.projector import Balances

# Of the log in the database; small enough that the processes end at about the same time.
STRETCH = 250_000
PROCESSES_LIMIT = 64


class Stretch(Protocol):
    """Consecutive events from `first` to `last`; it can be sent to another process."""

    @property
    def first(self) -> int:
        """Return the first position."""

    @property
    def last(self) -> int:
        """Return the last position."""

    def payloads(self, without: Collection[str]) -> Generator[tuple[str, bytes], None, None]:
        """Yield tag and payload of the events of other tags, in order."""


class LiveStretch(msgspec.Struct, frozen=True):
    """A range of the log in the database."""

    dsn: str
    first: int
    last: int

    def payloads(self, without: Collection[str]) -> Generator[tuple[str, bytes], None, None]:
        """Yield tag and payload of the events of other tags; raises psycopg.Error."""
        with (
            generations.connect(self.dsn) as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            replay.allow_time(cursor)
            yield from replay.payloads(cursor, self.first - 1, self.last, without)


class Sums(msgspec.Struct, frozen=True):
    """What a stretch, or the whole log, adds up to; rows are sorted.

    Accounts have every account that was posted to; bookings only those with a balance.
    """

    money_events: int
    accounts: list[tuple[str, str, int]]
    bookings: list[tuple[str, str, str, int]]

    def trial_balance(self) -> bytes:
        """Return the trial balance in its canonical bytes."""
        return queries.canonical(queries.TrialBalanceRow(*row) for row in self.accounts)

    def digest(self) -> str:
        """Return the SHA-256 in hex of all balances, by account and by booking."""
        return hashlib.sha256(msgspec.json.encode((self.accounts, self.bookings))).hexdigest()


class Replayed(msgspec.Struct, frozen=True):
    """The log up to `position`, summed in `seconds`; `archived` events came from archives."""

    position: int
    archived: int
    seconds: float
    sums: Sums


def replay_all(
    dsn: str,
    archives: Sequence[Stretch],
    *,
    processes: int,
    progress: Callable[[int, int], None],
    elsewhere: Callable[[Sequence[Stretch]], Iterator[Sums]] | None = None,
) -> Replayed:
    """Sum the archives and what the database has behind them.

    With one process nothing else is started. `elsewhere` sums the stretches instead, and may raise
    what it likes. Raises LogIncomplete, UnknownTag,
    msgspec.ValidationError, psycopg.Error, BrokenProcessPool when a process was killed, and what
    the archives raise.
    """
    assert 1 <= processes <= PROCESSES_LIMIT
    began = time.perf_counter()
    stretches, head = cut(dsn, archives)
    if elsewhere is not None:
        parts = elsewhere(stretches)
    elif processes == 1:
        parts = map(sum_stretch, stretches)
    else:
        parts = _in_processes(stretches, processes)
    merged = _merged(parts, len(stretches), progress)
    archived = archives[-1].last if archives else 0
    return Replayed(head, min(archived, head), time.perf_counter() - began, merged)


def cut(dsn: str, archives: Sequence[Stretch]) -> tuple[list[Stretch], int]:
    """Return the stretches of the whole log, and its last position; raises LogIncomplete."""
    with generations.connect(dsn) as connection, connection.cursor() as cursor:
        head = reading.read_head(cursor)
        first_live = reading.read_first(cursor)
    archived = archives[-1].last if archives else 0
    archived_events.require_joined(archived, first_live, head)
    live = [
        LiveStretch(dsn, after + 1, min(after + STRETCH, head))
        for after in range(archived, head, STRETCH)
    ]
    return [*archives, *live], head


def sum_stretch(stretch: Stretch) -> Sums:
    """Sum one stretch; runs in any process."""
    balances = Balances()
    # Closed at once when an event is refused: its connection would wait for the end of the copy.
    with closing(stretch.payloads(reading.unwanted(replay.MONEY_TAGS))) as events:
        count = replay.add_entries(balances, events)
    return Sums(
        count,
        sorted((row.account, row.currency, row.amount) for row in balances.by_account()),
        sorted(
            (row.account, row.booking, row.currency, row.amount)
            for row in balances.by_booking()
            if row.amount
        ),
    )


def _in_processes(stretches: Sequence[Stretch], processes: int) -> Iterator[Sums]:
    """Yield the sums in the order in which they end; after a failure no other is begun."""
    # A forked process would share the connections of this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = [pool.submit(sum_stretch, stretch) for stretch in stretches]
        try:
            for done in concurrent.futures.as_completed(waiting):
                yield done.result()
        finally:
            for each in waiting:
                each.cancel()


def _merged(parts: Iterator[Sums], count: int, progress: Callable[[int, int], None]) -> Sums:
    accounts: dict[tuple[str, str], int] = {}
    bookings: dict[tuple[str, str, str], int] = {}
    money_events = 0
    for number, part in enumerate(parts, start=1):
        money_events += part.money_events
        for account, currency, amount in part.accounts:
            accounts[account, currency] = accounts.get((account, currency), 0) + amount
        for account, booking, currency, amount in part.bookings:
            of = (account, booking, currency)
            bookings[of] = bookings.get(of, 0) + amount
        progress(number, count)
    return Sums(
        money_events,
        sorted((*key, amount) for key, amount in accounts.items()),
        sorted((*key, amount) for key, amount in bookings.items() if amount),
    )
