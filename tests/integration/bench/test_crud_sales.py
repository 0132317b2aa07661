"""The CRUD reference does what it is measured for, on a real database: else it proves nothing."""

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import msgspec
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from application.payment import gateway
from application.pricing.signed_quotes import QuoteSigner
from domain.kernel import money
from infrastructure.stripe import webhook
from tests.bench import bench_setup, crud_server, crud_stage, webhook_clients, webhook_sales
from tests.bench.crud_sales import CrudSales
from tests.bench.webhook_sales import StripeSales
from tests.support.servers import TestDatabase

SECRET = "whsec_bench"
SEATS = 10
(FLIGHT,) = bench_setup.flight_names("CR", 1)


class _NoStripe:
    """The signed body is believed: nobody asks Stripe."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)


@pytest.fixture
def stripe(database: TestDatabase) -> StripeSales:
    crud_stage.make_tables(database.owner_dsn, [FLIGHT], seats=SEATS)
    return webhook_sales.sell_reference(database.owner_dsn, [FLIGHT], count=3)


@pytest.fixture
async def sales(database: TestDatabase, stripe: StripeSales) -> AsyncIterator[CrudSales]:
    async with AsyncConnectionPool(database.app_dsn, min_size=2, max_size=2, open=False) as pool:
        payments: Any = _NoStripe()
        yield CrudSales(pool, payments, QuoteSigner(secrets.token_bytes(32)))


def _event(body: bytes) -> gateway.VerifiedEvent:
    now = dt.datetime.now(dt.UTC)
    request = webhook_clients.signed(body, SECRET, at=int(now.timestamp()))
    head, _, sent = request.partition(b"\r\n\r\n")
    signature = head.decode().partition("Stripe-Signature: ")[2].partition("\r\n")[0]
    return webhook.verify(sent, signature, (SECRET,), now, livemode=False)


def _one(database: TestDatabase, query: str) -> tuple[Any, ...]:
    with psycopg.connect(database.owner_dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)


async def test_the_reference_carries_each_delivery_to_its_effect_once(
    database: TestDatabase, sales: CrudSales, stripe: StripeSales
) -> None:
    assert _one(database, "SELECT held, sold FROM crud.flight") == (3, 0)
    events = [_event(body) for body in stripe.deliveries[:2]]
    for expected in (True, False):
        for event in events:
            assert await sales.fulfil(event, crud_server.paid_of(event)) is expected
    assert _one(database, "SELECT held, sold FROM crud.flight") == (1, 2)
    assert _one(
        database,
        "SELECT count(*), count(DISTINCT serial), count(DISTINCT booking) FROM crud.ticket",
    ) == (2, 2, 2)
    assert _one(
        database,
        "SELECT count(*) FROM crud.booking b JOIN crud.payment p ON p.booking = b.id "
        "WHERE b.status = 'confirmed' AND p.status = 'captured' AND p.intent LIKE 'pi_%'",
    ) == (2,)


async def test_the_reference_confirms_nothing_for_another_amount(
    database: TestDatabase, sales: CrudSales, stripe: StripeSales
) -> None:
    event = _event(stripe.deliveries[0])
    paid = crud_server.paid_of(event)
    less = msgspec.structs.replace(paid, amount=money.Money(paid.amount.amount - 1, "SAR"))
    assert not await sales.fulfil(event, less)
    assert _one(database, "SELECT count(*) FROM crud.ticket") == (0,)


async def test_the_reference_finds_and_quotes_the_flight(sales: CrudSales) -> None:
    day = bench_setup.departure().date()
    found = await sales.search(origin="RUH", destination="JED", day=day, cabin="Y", seats=SEATS - 3)
    assert [each.flight for each in found] == [FLIGHT]
    full = await sales.search(origin="RUH", destination="JED", day=day, cabin="Y", seats=SEATS)
    assert full == []
    _, quote = await sales.quote(flight=FLIGHT, cabin="Y", passengers=("ADT",))
    assert quote.segments[0].flight == FLIGHT
    assert quote.price.total().amount > bench_setup.FARE
