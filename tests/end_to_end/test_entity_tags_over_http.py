"""Reading again what has not changed: 304 without a body, and a new tag after every change."""

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System


async def read(
    customer: Customer, path: str, tag: str | None = None, **more: str
) -> httpx.Response:
    headers = {**customer.headers, **more, **({} if tag is None else {"if-none-match": tag})}
    return await customer.client.get(path, headers=headers)


async def test_a_booking_that_has_not_changed_is_not_sent_again(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    booking = (await customer.reserved([flight]))["id"]
    path = f"/api/bookings/{booking}"
    first = await read(customer, path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = await read(customer, path, tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "no-store"
    await customer.on(booking, "cancel", {"quoteId": (await quote(customer, booking))["quoteId"]})
    changed = await read(customer, path, tag)
    assert (changed.status_code, changed.json()["status"]) == (200, "cancelled")
    assert changed.headers["etag"] != tag


async def quote(customer: Customer, booking: str) -> dict[str, str]:
    return await customer.on(booking, "cancellation-quote", {})


async def test_a_list_has_another_tag_only_when_its_rows_change(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    await customer.reserved([flight])
    await customers.listed(system, customer, "/api/bookings")
    tag = (await read(customer, "/api/bookings")).headers["etag"]
    await (await customers.register(client)).reserved([flight])
    await customers.listed(system, customer, "/api/bookings")
    # The read model went on, but not with rows of this customer.
    assert (await read(customer, "/api/bookings", tag)).status_code == 304
    await customer.reserved([flight])
    await customers.listed(system, customer, "/api/bookings")
    longer = await read(customer, "/api/bookings", tag)
    assert (longer.status_code, len(longer.json()["bookings"])) == (200, 2)


async def test_a_flight_and_its_seats_have_tags_and_may_be_kept(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=5)
    path = f"/api/flights/{flight}"
    first = await client.get(path)
    tag = first.headers["etag"]
    assert (await client.get(path, headers={"if-none-match": tag})).status_code == 304
    await customer.reserved([flight])
    sold = await client.get(path, headers={"if-none-match": tag})
    assert (sold.status_code, sold.json()["availableSeats"]) == (200, 4)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("{tag}", 304),
        ("{strong}", 304),
        ('"other", {tag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("nonsense", 200),
    ],
)
async def test_a_tag_is_compared_weakly_and_in_lists(
    system: System, client: httpx.AsyncClient, sent: str, status: int
) -> None:
    path = f"/api/flights/{running_system.schedule(system, seats=5)}"
    tag = (await client.get(path)).headers["etag"]
    header = sent.format(tag=tag, strong=tag.removeprefix("W/"))
    answer = await client.get(path, headers={"if-none-match": header})
    assert answer.status_code == status
    assert (await client.head(path, headers={"if-none-match": header})).status_code == status


async def test_an_error_has_no_tag(system: System, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/flights/flight-NO1-2030-01-01", headers={"if-none-match": "*"})
    assert answer.status_code == 404
    assert "etag" not in answer.headers
