"""Balances as of a day and as known at a position: the same as adding up all postings."""

import asyncio
import datetime as dt
import itertools

import psycopg
import pytest

from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.inventory.depart_flight import DepartFlight
from application.ledger import books_at, read_journal, read_ledger, read_statement
from application.ledger.books import Books, JournalQuestion, StatementQuestion
from application.ledger.books_at import BooksQuestion, QuestionRefused
from application.queries import CursorRefused
from domain.kernel.entries import accounting_day
from domain.ledger import accounts
from interfaces import books_composition
from projections import checking
from projections.registry import ALL
from tests.integration.projections.airline import DEPARTURE, FLIGHT, Airline
from tests.support import synthetic_books

DAY = dt.timedelta(days=1)
BALANCES = """
SELECT account, currency, sum(amount)::bigint FROM ledger.posting
WHERE effective_on <= %s AND position <= %s GROUP BY 1, 2 ORDER BY 1, 2
"""


async def busy(airline: Airline) -> Books:
    """Sales on several days, a cancellation, and a flight closed three days after it left."""
    flown = [await airline.sell() for _ in range(2)]
    airline.clock.now += DAY
    await airline.cancel(await airline.ticketed(FLIGHT, "ADT", "CHD"))
    airline.clock.now += 2 * DAY
    flown.append(await airline.sell())
    airline.clock.now = DEPARTURE - dt.timedelta(hours=2)
    for booking in flown[:2]:
        await airline.submit(CheckIn(booking, 0, (0,)))
        await airline.submit(Board(booking, 0, (0,)))
    airline.clock.now = DEPARTURE + dt.timedelta(minutes=5)
    await airline.submit(DepartFlight(FLIGHT, DEPARTURE))
    await airline.submit(CloseFlight(flown[0], FLIGHT))
    airline.clock.now = DEPARTURE + 3 * DAY
    for booking in flown[1:]:
        await airline.submit(CloseFlight(booking, FLIGHT))
    await airline.sell(await airline.schedule("XX9", departs_at=DEPARTURE + 30 * DAY))
    await airline.catch_up()
    return books_composition.books_on(airline.pool)


async def test_a_balance_of_any_day_known_at_any_position_is_the_sum_of_its_postings(
    airline: Airline,
) -> None:
    books = await busy(airline)
    [(head, first, last)] = airline.query(
        "SELECT max(position), min(effective_on), max(effective_on) FROM ledger.posting"
    )
    days = [first + each * DAY for each in range(-1, (last - first).days + 2)]
    late = airline.query(
        "SELECT count(*) FROM read_model.ledger_journal WHERE effective_on <> recorded_on"
    )
    assert late != [(0,)]
    positions = [row[0] for row in airline.query("SELECT DISTINCT position FROM ledger.posting")]
    for day, known in itertools.product(days, [0, *positions, head]):
        found = await books.balances_at(day=day, known=known)
        want = airline.query(BALANCES, day, known)
        rows = [(each.account, each.currency, each.amount) for each in found if each.amount]
        assert rows == [row for row in want if row[2]], (day, known)


async def test_entries_dated_before_and_after_their_recording_count_on_their_day_once_known(
    airline: Airline,
) -> None:
    made = list(synthetic_books.entries_of(240, days=12, late_share=0.4, seed=7))
    with psycopg.connect(airline.database.owner_dsn, autocommit=True) as connection:
        synthetic_books.load(connection, 240, days=12, late_share=0.4, seed=7)
    books = books_composition.books_on(airline.pool)
    days = [synthetic_books.FIRST_DAY + each * DAY for each in range(-21, 15)]
    for day, known in itertools.product([*days, dt.date.max], range(0, 241, 7)):
        found = await books.balances_at(day=day, known=known)
        rows = {(each.account, each.currency): each.amount for each in found if each.amount}
        assert rows == synthetic_books.summed(made, day=day, known=known), (day, known)
    asked = StatementQuestion(accounts.UNAPPLIED_FUNDS, "SAR", days[0], days[-1])
    for known in range(0, 241, 40):
        lines = await books.statement_lines(asked, known=known, limit=1000)
        want = synthetic_books.summed(made, day=days[-1], known=known)
        assert sum(each.amount for each in lines) == want.get(("2020", "SAR"), 0)


async def test_a_statement_runs_from_its_opening_to_its_closing_balance_over_all_pages(
    airline: Airline,
) -> None:
    books = await busy(airline)
    asked = StatementQuestion(
        accounts.AIR_TRAFFIC_LIABILITY, "SAR", dt.date(2026, 11, 25), dt.date(2026, 12, 31)
    )
    pages, cursor = [], None
    for _ in range(20):
        page = await read_statement.read_statement(
            books, asked, BooksQuestion(), cursor=cursor, limit=2
        )
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    lines = [line for page in pages for line in page.lines]
    assert len(pages) > 2
    assert len({(page.opening, page.closing) for page in pages}) == 1
    assert pages[0].opening == pages[0].brought_forward != 0
    assert lines[-1].balance == pages[0].closing
    assert pages[0].opening + sum(each.line.amount for each in lines) == pages[0].closing
    for before, after in itertools.pairwise(pages):
        assert after.brought_forward == before.lines[-1].balance
    days = [each.line.effective_on for each in lines]
    assert days == sorted(days)


async def test_later_pages_of_a_statement_do_not_see_what_was_recorded_since_the_first(
    airline: Airline,
) -> None:
    books = await busy(airline)
    today = accounting_day(airline.clock.now)
    asked = StatementQuestion(accounts.STRIPE_CLEARING, "SAR", dt.date(2026, 11, 24), today)
    first = await read_statement.read_statement(books, asked, BooksQuestion(), cursor=None, limit=1)
    await airline.sell(await airline.schedule("XX8", departs_at=DEPARTURE + 20 * DAY))
    await airline.catch_up()
    second = await read_statement.read_statement(
        books, asked, BooksQuestion(), cursor=first.next_cursor, limit=400
    )
    assert (second.closing, second.known) == (first.closing, first.known)
    assert second.lines[-1].balance == first.closing
    with pytest.raises(CursorRefused):
        await read_statement.read_statement(
            books, asked, BooksQuestion(), cursor="1/2026-99-01/1/1/0", limit=1
        )


async def test_the_books_as_known_at_an_instant_hold_what_was_recorded_by_then(
    airline: Airline,
) -> None:
    books = await busy(airline)
    [(position, instant)] = airline.query(
        "SELECT position, recorded_at FROM ledger.event WHERE tag = 'booking.confirmed.1' "
        "ORDER BY position LIMIT 1"
    )
    assert await books.position_at(instant) >= position
    at_instant = await read_ledger.trial_balance(books, BooksQuestion(known_at=instant))
    at_position = await read_ledger.trial_balance(
        books, BooksQuestion(known_position=await books.position_at(instant))
    )
    assert at_instant.rows == at_position.rows
    assert at_instant.balanced
    assert await books.position_at(instant - 30 * DAY) == 0
    for question in (
        BooksQuestion(known_position=10**12),
        BooksQuestion(known_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC)),
        BooksQuestion(known_at=instant, known_position=1),
    ):
        with pytest.raises(QuestionRefused):
            await books_at.resolve(books, question)


async def test_an_entry_leads_to_its_event_its_booking_and_its_objects_at_stripe_and_back(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)

    async def find(**filters: object) -> list[str]:
        page = await read_journal.read_journal(
            books,
            JournalQuestion(**filters),  # type: ignore[arg-type]  # filters by name
            BooksQuestion(),
            cursor=None,
            limit=10,
        )
        return [each.rule for each in page.entries]

    assert await find(booking=booking) == ["capture", "ticketing"]
    assert await find(rule="ticketing") == ["ticketing"]
    assert await find(account=accounts.STRIPE_CLEARING) == ["capture"]
    assert await find(reference=f"pi_payment-{booking.removeprefix('booking-')}-1") == ["capture"]
    today = accounting_day(airline.clock.now)
    assert await find(since=today, until=today) == ["capture", "ticketing"]
    assert await find(since=today + DAY) == []
    [(stream, version)] = airline.query(
        "SELECT stream, version FROM ledger.event WHERE tag = 'payment.captured.1'"
    )
    page = await read_journal.read_journal(
        books, JournalQuestion(booking=booking), BooksQuestion(), cursor=None, limit=1
    )
    [capture] = page.entries
    assert (capture.stream, capture.version, capture.kind) == (
        stream,
        version,
        "payment.captured.1",
    )
    rest = await read_journal.read_journal(
        books, JournalQuestion(booking=booking), BooksQuestion(), cursor=page.next_cursor, limit=5
    )
    assert [each.rule for each in rest.entries] == ["ticketing"]
    assert rest.next_cursor is None


async def test_every_read_model_of_the_books_agrees_with_the_log(airline: Airline) -> None:
    await busy(airline)
    differences = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert differences == {name: [] for name in ALL}
