"""The feed of changes over HTTP: complete, in order, resumable, and of own bookings only."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.end_to_end.test_guests_over_http import agency, found_by, sold
from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def feed(
    system: System, who: Customer, *, after: str | None = None, limit: int = 100
) -> tuple[list[tuple[str, str]], str | None]:
    """All changes after the cursor as (booking, kind), and the last cursor."""
    changes: list[tuple[str, str]] = []
    while True:
        path = f"/api/changes?limit={limit}" + (f"&after={after}" if after else "")
        page = await customers.listed(system, who, path)
        changes += [(each["bookingId"], each["kind"]) for each in page["changes"]]
        after = page["cursor"]
        if not page["hasMore"]:
            return changes, after


async def test_every_change_is_in_the_feed_once_and_from_any_place_on(
    system: System, customer: Customer
) -> None:
    assert await feed(system, customer) == ([], None)
    booking = await customer.confirmed([running_system.schedule(system, seats=4)])
    await customer.on(booking["id"], "special-services", {"passenger": 0, "code": "VGML"})
    first, cursor = await feed(system, customer)
    kinds = [kind for _, kind in first]
    assert {name for name, _ in first} == {booking["id"]}
    assert kinds[:2] == ["booked", "status"]
    assert kinds.index("payment") < len(kinds) - 1
    assert kinds[-1] == "passengers"
    assert await feed(system, customer, after=cursor) == ([], cursor)
    other = await customer.reserved([running_system.schedule(system, seats=4)])
    await customer.cancelled(booking["id"])
    await customer.until(booking["id"], lambda found: found["refundStatus"] == "settled")
    news, _ = await feed(system, customer, after=cursor)
    assert [kind for name, kind in news if name == other["id"]] == ["booked", "status"]
    assert {"cancellation", "refund"} <= {kind for name, kind in news if name == booking["id"]}
    whole, _ = await feed(system, customer)
    assert whole == first + news
    assert (await feed(system, customer, limit=2))[0] == whole


async def test_changes_of_others_are_not_in_the_feed(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    mine = await customer.reserved([running_system.schedule(system, seats=4)])
    other = await customers.register(client)
    theirs = await other.reserved([running_system.schedule(system, seats=4)])
    assert {name for name, _ in (await feed(system, customer))[0]} == {mine["id"]}
    found, cursor = await feed(system, other)
    assert {name for name, _ in found} == {theirs["id"]}
    for wrong in (cursor, "AAAA", "%00", "x" * 300):
        with pytest.raises(Refused) as refused:
            await customer.call("GET", f"/api/changes?after={wrong}")
        assert refused.value.status == 400
    for limit in (0, 501):
        with pytest.raises(Refused) as refused:
            await customer.call("GET", f"/api/changes?limit={limit}")
        assert refused.value.body["details"]["field"] == "limit"
    guest = await found_by(client, mine["reference"], "Alharbi")
    with pytest.raises(Refused) as refused:
        await guest.call("GET", "/api/changes")
    assert refused.value.status == 403


async def test_an_attached_booking_is_in_both_feeds_from_then_on(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    seller = await agency(system, client)
    booking = await sold(system, seller)
    assert await feed(system, customer) == ([], None)
    await customer.on(booking["id"], "attach", {"lastName": "Alharbi"})
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    found, _ = await feed(system, customer)
    assert found[0] == (booking["id"], "attached")
    assert "status" in {kind for _, kind in found}
    sellers, _ = await feed(system, seller)
    assert sellers[-len(found) :] == found
    assert sellers[0] == (booking["id"], "booked")


async def test_a_repeated_question_without_news_is_answered_304(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    await customer.reserved([running_system.schedule(system, seats=4)])
    _, cursor = await feed(system, customer)
    path = f"/api/changes?after={cursor}"
    first: httpx.Response = await client.get(path, headers=customer.headers)
    known = {**customer.headers, "If-None-Match": first.headers["etag"]}
    assert (await client.get(path, headers=known)).status_code == 304
    await customer.reserved([running_system.schedule(system, seats=4)])
    for _ in range(100):
        answer = await client.get(path, headers=known)
        if answer.status_code == 200:
            break
        await asyncio.sleep(0.1)
    news: Any = answer.json()
    assert news["changes"]
