"""Strangers at the door: what they are answers, what is recorded, and that owners still come in."""

import httpx
import psycopg
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

RECORDED = (
    "SELECT count(*) FROM identity.auth_event WHERE happened = %s AND user_id = %s "
    "AND route LIKE %s AND source IS NOT NULL"
)


async def test_strangers_do_not_lock_the_owner_out_and_learn_nothing(
    system: System, client: httpx.AsyncClient
) -> None:
    owner = await customers.register(client)
    account = {"email": owner.email, "password": customers.PASSWORD}
    wrong = {**account, "password": "a wrong password"}
    async with httpx.AsyncClient(base_url=system.base_url, verify=False) as stranger:
        answers = [await stranger.post("/api/auth/mobile-login", json=wrong) for _ in range(8)]
        answers.append(await stranger.post("/api/auth/mobile-login", json=account))
    bodies = [
        {name: value for name, value in each.json().items() if name != "correlationId"}
        for each in answers
    ]
    assert [each.status_code for each in answers] == [401] * 9
    assert bodies == [bodies[0]] * 9
    # The owner's device was signed in before, at the same address.
    assert (await client.post("/api/auth/mobile-login", json=account)).status_code == 200


@pytest.mark.parametrize(
    "path", ["", "/history", "/checkout", "/cancellation-quote", "/check-in", "/hold"]
)
async def test_another_customers_booking_is_not_found_and_the_attempt_is_recorded(
    system: System, client: httpx.AsyncClient, customer: Customer, path: str
) -> None:
    """Fault row 50: the attempt is recorded."""
    booking = await customer.reserved([running_system.schedule(system, seats=2)])
    stranger = await customers.register(client)
    me = (await client.get("/api/auth/me", headers=stranger.headers)).json()["id"]
    method = "GET" if path in ("", "/history") else "POST"
    for known, found in ((booking["id"], True), ("booking-ZZZZZZ", False)):
        answer = await client.request(
            method,
            f"/api/bookings/{known}{path}",
            headers={**stranger.headers, "Idempotency-Key": "theirs"},
            json={},
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        _await_recorded(system, "foreign_booking", me, f"{method} /api/bookings/%")
        assert found or _count(system, "foreign_booking", me, "%") == 1


async def test_what_a_role_may_not_do_is_recorded(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 51: the attempt is recorded."""
    me = (await client.get("/api/auth/me", headers=customer.headers)).json()["id"]
    answer = await client.get("/api/ledger/trial-balance", headers=customer.headers)
    assert answer.status_code == 403
    _await_recorded(system, "permission_refused", me, "GET /api/ledger/trial-balance")


def _await_recorded(system: System, happened: str, user: str, route: str) -> None:
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM identity.auth_event WHERE source IS NOT NULL "
        f"AND happened = '{happened}' AND user_id = '{user}' AND route LIKE '{route}'",
        lambda count: count == 1,
    )


def _count(system: System, happened: str, user: str, route: str) -> int:
    with psycopg.connect(system.owner_dsn) as connection:
        found = connection.execute(RECORDED, (happened, user, route)).fetchone()
    assert found is not None
    return int(found[0])
