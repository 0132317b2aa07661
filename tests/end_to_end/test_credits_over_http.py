"""Travel credit over HTTP: given by staff, seen by its owner."""

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_support_gives_credit_as_goodwill_and_only_its_owner_sees_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support = await customers.staff(system, client, "support")
    finance = await customers.staff(system, client, "finance")
    flight = running_system.schedule(system, seats=1, currency="KWD")
    booking = (await customer.confirmed([flight]))["id"]
    path = f"/api/admin/bookings/{booking}/credit"
    body = {"amount": 5_000, "currency": "KWD", "reason": "a broken seat"}
    for who in (customer, await customers.staff(system, client, "gate")):
        with pytest.raises(Refused, match="FORBIDDEN"):
            await who.post(path, body)
    with pytest.raises(Refused) as refused:
        await support.post(path, {**body, "amount": 40_001})
    assert refused.value.body["details"] == {
        "field": "amount",
        "reason": "over_limit",
        "most": 40_000,
    }
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await finance.post(path, {**body, "currency": "SAR"})
    given = await support.post(path, body, key="broken-seat")
    assert await support.post(path, body, key="broken-seat") == given
    assert given["balance"] == {"amount": 5_000, "currency": "KWD"}
    stranger = await customers.register(client)
    assert (await customers.listed(system, stranger, "/api/credits"))["credits"] == []
    with pytest.raises(Refused, match="NOT_FOUND"):
        await stranger.call("GET", f"/api/credits/{given['id']}")
    assert (await customers.listed(system, customer, "/api/credits"))["credits"] == [given]
    assert await customer.call("GET", f"/api/credits/{given['id']}") == given
    stored_log.assert_invariants(system.owner_dsn)
