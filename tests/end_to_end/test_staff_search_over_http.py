"""Staff find bookings over HTTP: by what, who may, what is recorded, and whom nobody finds."""

import asyncio
import secrets
import time
from typing import Any

import httpx
import psycopg
import pytest

from tests.support import customers, running_system
from tests.support.customers import PASSPORT, Customer, Refused
from tests.support.running_system import System

WAIT_SECONDS = 30


def surname() -> str:
    """A surname that no other test has."""
    return "Al" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(9))


async def sold(
    system: System, customer: Customer, last_name: str, flight: str | None = None
) -> dict[str, Any]:
    """A reserved booking with everything that is searched by, but for ticket and document."""
    body = customers.booking_body(flight or running_system.schedule(system, seats=4))
    body["passengers"] = [
        {
            "firstName": "Noura",
            "lastName": last_name,
            "arabicName": "نورة بنت سعد الحربي",
            "type": "ADT",
        }
    ]
    body["contact"] = {"email": f"{last_name}@Example.com", "phone": "+966 50 " + phone(last_name)}
    return await customer.post("/api/bookings", body)


def phone(last_name: str) -> str:
    """Seven digits made of the surname."""
    return str(int.from_bytes(last_name.encode(), "big") % 10**7).zfill(7)


async def search(who: Customer, wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer to a search."""
    return await who.post("/api/admin/bookings/find", wanted)


async def found(who: Customer, wanted: dict[str, Any]) -> list[str]:
    """The ids that a search answers."""
    return [each["id"] for each in (await search(who, wanted))["bookings"]]


async def until_found(who: Customer, wanted: dict[str, Any], expected: set[str]) -> None:
    """Wait until the index has followed the log."""
    end = time.monotonic() + WAIT_SECONDS
    while set(await found(who, wanted)) != expected:
        assert time.monotonic() < end, (wanted, await found(who, wanted))
        await asyncio.sleep(0.1)


async def test_staff_find_a_booking_by_everything_they_may_know(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support, last_name = await customers.staff(system, client, "support"), surname()
    flight = running_system.schedule(system, seats=4)
    booking = await sold(system, customer, last_name, flight)
    number = f"P{secrets.token_hex(4).upper()}"
    await customer.pay(booking["id"])
    paid = await customer.becomes(booking["id"], "confirmed")
    document = {"passenger": 0, **PASSPORT, "number": number}
    await customer.on(booking["id"], "documents", document)
    ticket = paid["passengers"][0]["ticketNumber"]
    _, flight_number, date = flight.split("-", 2)
    for wanted in (
        {"documentNumber": f" {number.lower()} ".strip()},
        {"name": last_name.upper()},
        {"name": f"noura {last_name}"},
        {"name": f"{last_name} NOURA"},
        {"email": f"{last_name}@example.COM"},
        {"phone": "050" + phone(last_name)},
        {"phone": "00966 50" + phone(last_name)},
        {"ticketNumber": ticket},
        {"ticketNumber": f"{ticket[:3]}-{ticket[3:]}"},
        {"flight": {"flightNumber": flight_number, "date": date}},
    ):
        await until_found(support, wanted, {booking["id"]})
    assert booking["id"] in await found(support, {"name": "نوره بنت سعد الحربى", "limit": 50})
    (shown,) = (await search(support, {"name": last_name}))["bookings"]
    assert shown == {
        "id": booking["id"],
        "reference": booking["reference"],
        "status": "confirmed",
        "flightIds": [flight],
        "passengerCount": 1,
    }
    for nothing in ({"name": "Noura"}, {"name": last_name[:-1]}, {"documentNumber": "XXXXXX"}):
        assert booking["id"] not in await found(support, nothing)


async def test_a_corrected_name_replaces_the_one_before(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support, last_name = await customers.staff(system, client, "support"), surname()
    booking = await sold(system, customer, last_name)
    await until_found(support, {"name": last_name}, {booking["id"]})
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    corrected = last_name[:-1] + "y"
    name = {"passenger": 0, "firstName": "Noura", "lastName": corrected}
    await customer.on(booking["id"], "correct-name", name)
    await until_found(support, {"name": corrected}, {booking["id"]})
    assert await found(support, {"name": last_name}) == []


async def test_pages_go_through_all_that_fit_by_reference(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support, last_name = await customers.staff(system, client, "support"), surname()
    flight = running_system.schedule(system, seats=9)
    expected = {(await sold(system, customer, last_name, flight))["id"] for _ in range(5)}
    await until_found(support, {"name": last_name}, expected)
    _, number, date = flight.split("-", 2)
    for wanted in ({"name": last_name}, {"flight": {"flightNumber": number, "date": date}}):
        pages, cursor = [], None
        while not pages or cursor is not None:
            page = await search(support, {**wanted, "limit": 2, "cursor": cursor})
            pages.append([each["id"] for each in page["bookings"]])
            cursor = page["nextCursor"]
        assert [len(each) for each in pages] == [2, 2, 1]
        assert [each for page in pages for each in page] == sorted(expected)


@pytest.mark.parametrize("role", ["support", "ops", "gate", "finance", "auditor"])
async def test_only_who_serves_travellers_searches(
    system: System, client: httpx.AsyncClient, role: str
) -> None:
    who = await customers.staff(system, client, role)
    if role in {"support", "ops", "gate"}:
        assert await found(who, {"name": surname()}) == []
        return
    with pytest.raises(Refused) as refused:
        await search(who, {"name": surname()})
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "name"),
        ({"name": "Harbi", "email": "a@example.com"}, "name"),
        ({"name": "123"}, "name"),
        ({"phone": "1"}, "phone"),
        ({"ticketNumber": "12"}, "ticketNumber"),
        ({"flight": {"flightNumber": "SV101"}}, "flight.date"),
        ({"name": "Harbi", "cursor": "AAAA"}, "cursor"),
        ({"name": "Harbi", "limit": 51}, "limit"),
    ],
)
async def test_what_cannot_be_looked_for_is_refused_with_the_field(
    system: System, client: httpx.AsyncClient, wanted: dict[str, Any], field: str
) -> None:
    support = await customers.staff(system, client, "support")
    with pytest.raises(Refused) as refused:
        await search(support, wanted)
    assert (refused.value.status, refused.value.body["details"]["field"]) == (400, field)


async def test_every_search_is_recorded_without_what_was_looked_for(
    system: System, client: httpx.AsyncClient
) -> None:
    support, last_name = await customers.staff(system, client, "support"), surname()
    me = (await support.call("GET", "/api/auth/me"))["id"]
    for wanted in (
        {"name": last_name},
        {"name": last_name.upper()},
        {"email": f"{last_name}@example.com"},
        {"flight": {"flightNumber": "XX999", "date": "2030-01-01"}},
    ):
        await search(support, wanted)
    with psycopg.connect(system.owner_dsn) as connection:
        rows = connection.execute(
            "SELECT reason, searched, source FROM identity.auth_event "
            "WHERE happened = 'bookings_searched' AND user_id = %s "
            "AND route = 'POST /api/admin/bookings/find' ORDER BY id DESC LIMIT 4",
            (me,),
        ).fetchall()
        held = connection.execute(
            "SELECT count(*) FROM identity.auth_event e WHERE e::text ILIKE %s",
            (f"%{last_name}%",),
        ).fetchone()
    assert [each[0] for each in reversed(rows)] == ["name", "name", "email", "flight"]
    digests = [bytes(each[1]) for each in reversed(rows)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert all(len(digest) == 32 for digest in digests)
    assert all(each[2] is not None for each in rows)
    assert held == (0,)


async def test_who_was_erased_is_found_no_more(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    support, last_name = await customers.staff(system, client, "support"), surname()
    booking = await sold(system, customer, last_name)
    await until_found(support, {"name": last_name}, {booking["id"]})
    with psycopg.connect(system.owner_dsn) as connection:
        connection.execute(
            "DELETE FROM vault.subject_key WHERE subject IN "
            "(SELECT subject FROM vault.booking_term WHERE booking = %s)",
            (booking["id"],),
        )
    for wanted in (
        {"name": last_name},
        {"email": f"{last_name}@example.com"},
        {"phone": "050" + phone(last_name)},
    ):
        assert await found(support, wanted) == []
    # Nor when the booking changes later, while a process still has the key at hand.
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    other = await sold(system, customer, surname())
    await until_found(support, {"email": _address(other)}, {other["id"]})
    assert await found(support, {"name": last_name}) == []


def _address(booking: dict[str, Any]) -> str:
    return f"{booking['passengers'][0]['lastName']}@example.com"
