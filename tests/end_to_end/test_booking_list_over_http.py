"""The list of a customer's bookings over HTTP: by status, by time, by day, page by page."""

import datetime as dt
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

DAY = dt.timedelta(days=1)


async def listed(system: System, customer: Customer, **query: str) -> list[str]:
    """The references on the first page, once the read model has what happened before."""
    path = f"/api/bookings?{httpx.QueryParams(query)}"
    found = (await customers.listed(system, customer, path))["bookings"]
    return [each["reference"] for each in found]


async def test_bookings_are_listed_by_status(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=9)
    held = await customer.reserved([flight])
    cancelled = await customer.reserved([flight])
    await customer.cancelled(cancelled["id"])
    confirmed = await customer.confirmed([flight])
    names = [each["reference"] for each in (held, cancelled, confirmed)]
    assert await listed(system, customer) == names[::-1]
    assert await listed(system, customer, status="reserved") == names[:1]
    assert await listed(system, customer, status="confirmed,cancelled") == names[:0:-1]
    assert await listed(system, customer, status="no_show") == []


async def test_upcoming_are_those_that_still_have_a_flight_and_past_all_others(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    soon = running_system.schedule(system, seats=9, leaves_in=running_system.SOON)
    later = running_system.schedule(system, seats=9, route=("JED", "RUH"))
    both = (await customer.confirmed([soon, later]))["reference"]
    missed = (await customer.confirmed([soon]))["reference"]
    dropped = await customer.reserved([later])
    await customer.cancelled(dropped["id"])
    waiting = (await customer.reserved([later]))["reference"]
    assert await listed(system, customer, when="upcoming") == [waiting, missed, both]
    assert await listed(system, customer, when="past") == [dropped["reference"]]
    await customer.cancelled(both, {"segments": [0]})
    await (await customers.staff(system, client, "ops")).let_depart(soon)
    await customer.becomes(missed, "no_show")
    assert await listed(system, customer, when="upcoming") == [waiting, both]
    assert await listed(system, customer, when="past") == [dropped["reference"], missed]
    # Nobody of the booking has the later flight any more: nothing is left to fly.
    await customer.cancelled(both)
    assert await listed(system, customer, when="upcoming") == [waiting]


async def test_days_are_those_of_departure_at_the_origin_and_follow_the_flight(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """22:30 UTC is half past one of the next day in Riyadh."""
    first = dt.datetime.combine(dt.datetime.now(dt.UTC).date() + 60 * DAY, dt.time(22, 30), dt.UTC)
    night = running_system.schedule(
        system, seats=9, departs_at=first, arrives_at=first + dt.timedelta(hours=2)
    )
    back_at = first + 5 * DAY
    back = running_system.schedule(
        system,
        seats=9,
        route=("JED", "RUH"),
        departs_at=back_at,
        arrives_at=back_at + dt.timedelta(hours=2),
    )
    name = (await customer.confirmed([night, back]))["reference"]
    leaves, returns = (each.date() + DAY for each in (first, back_at))

    async def between(start: dt.date | None, end: dt.date | None) -> list[str]:
        named = {"from": start, "to": end}
        query = {key: day.isoformat() for key, day in named.items() if day is not None}
        return await listed(system, customer, **query)

    assert await between(leaves, leaves) == [name]
    assert await between(leaves - DAY, leaves - DAY) == []
    assert await between(leaves + DAY, returns - DAY) == []
    assert await between(returns, None) == [name]
    assert await between(returns + DAY, None) == []
    assert await between(None, leaves) == [name]
    assert await between(None, leaves - DAY) == []
    await customer.cancelled(name, {"segments": [1]})
    assert await between(returns, None) == []
    # A booking that is cancelled as a whole is found by what it was.
    await customer.cancelled(name)
    assert await between(returns, None) == [name]


async def test_pages_of_a_filter_hold_while_the_list_grows(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=50)
    wanted = []
    for number in range(8):
        booking = await customer.reserved([flight])
        if number % 3 == 0:
            await customer.cancelled(booking["id"])
        else:
            wanted.append(booking["reference"])
    seen: list[str] = []
    path = "/api/bookings?status=reserved&when=upcoming&limit=2"
    page: dict[str, Any] = await customers.listed(system, customer, path)
    while True:
        seen += [each["reference"] for each in page["bookings"]]
        if page["nextCursor"] is None:
            break
        await customer.reserved([flight])
        page = await customers.listed(system, customer, f"{path}&cursor={page['nextCursor']}")
    assert seen == wanted[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status"),
        ("status=", "status"),
        ("status=confirmed,,reserved", "status"),
        ("when=now", "when"),
        ("from=2027-01-02&to=2027-01-01", "to"),
        ("from=yesterday", "from"),
        ("to=2027-02-30", "to"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused(
    customer: Customer, query: str, field: str
) -> None:
    answer = await customer.client.get(f"/api/bookings?{query}", headers=customer.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert field in answer.text
