"""What authorities are owed of a period, by code and airport, and that it is account 2310."""

import asyncio
import datetime as dt

import pytest

from application.ledger import read_ledger, read_liabilities
from application.ledger.books_at import BooksQuestion, QuestionRefused
from application.policies.approve_policy import ApprovePolicy
from application.policies.sample_taxes import SAMPLE_TAXES
from domain.kernel.entries import accounting_day
from domain.policies.publication import LEAST_LEAD
from interfaces import books_composition
from projections import checking
from tests.integration.projections.airline import FLIGHT, Airline
from tests.support.policies import APPROVER, proposal

DAY = dt.timedelta(days=1)


async def sold_abroad(airline: Airline) -> str:
    """A ticket to Dubai and one that is cancelled, under the sample table; the flight."""
    wanted = proposal(SAMPLE_TAXES)
    await airline.submit(wanted)
    await airline.submit(ApprovePolicy(wanted.policy_id, 1, APPROVER))
    airline.clock.advance(LEAST_LEAD)
    flight: str = await airline.schedule(
        "XX5",
        seats=9,
        fare=70_000,
        domestic=False,
        route=("RUH", "DXB"),
        country="AE",
        departs_at=airline.clock.now + 30 * DAY,
    )
    await airline.ticketed(flight, "ADT", "INF")
    await airline.cancel(await airline.ticketed(flight))
    return flight


async def test_a_period_is_divided_by_authority_and_code(airline: Airline) -> None:
    await airline.ticketed(FLIGHT, "ADT", "CHD")
    await sold_abroad(airline)
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)
    today = accounting_day(airline.clock.now)
    found = await read_liabilities.remittance(books, BooksQuestion(), since=today, until=today)
    rows = [
        (each.authority, each.code, each.airport, each.collected, each.returned)
        for each in found.rows
    ]
    assert rows == [
        ("GACA", "IO", "RUH", 2 * 87_00, 87_00),
        ("GACA", "T2", "", 2 * 20_00, 0),
        ("UAE-ICP", "ZR", "DXB", 3 * 5_10, 0),
    ]
    balances = (await read_ledger.trial_balance(books, BooksQuestion())).rows
    [owed] = [-each.amount for each in balances if each.account.number == "2310"]
    assert owed == sum(each.collected - each.returned for each in found.rows)
    differences = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert not any(differences.values()), differences


async def test_charges_are_owed_to_the_airport_that_they_are_due_at(airline: Airline) -> None:
    await airline.ticketed(FLIGHT)
    await sold_abroad(airline)
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)
    found = (await read_liabilities.airport_charges(books, BooksQuestion())).rows
    assert [(each.airport, each.amount) for each in found] == [
        ("DXB", 3 * 5_10),
        ("JED", 10_00),
        ("RUH", 10_00 + 87_00),
    ]


async def test_a_day_without_sales_owes_nothing_and_days_are_in_order(airline: Airline) -> None:
    await sold_abroad(airline)
    await airline.catch_up()
    books = books_composition.books_on(airline.pool)
    before = accounting_day(airline.clock.now) - DAY
    found = await read_liabilities.remittance(books, BooksQuestion(), since=before, until=before)
    assert found.rows == ()
    with pytest.raises(QuestionRefused):
        await read_liabilities.remittance(books, BooksQuestion(), since=before, until=before - DAY)


async def test_a_row_that_coupons_do_not_explain_is_found(airline: Airline) -> None:
    await sold_abroad(airline)
    await airline.catch_up()
    airline.query(
        "UPDATE coupon_values_g1.charge_change SET amount = amount + 1 WHERE code = 'ZR' "
        "AND position = (SELECT max(position) FROM coupon_values_g1.charge_change "
        "WHERE code = 'ZR') RETURNING 1"
    )
    differences = await asyncio.to_thread(checking.check_all, airline.projector_dsn)
    assert len(differences["coupon_values"]) == 1
