"""Guests over HTTP: they find a booking by reference and surname, use it, and attach it."""

import secrets
import statistics
import time
from typing import Any

import httpx
import psycopg
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System

ARABIC = "نورة بنت سعد الحربي"


async def agency(system: System, client: httpx.AsyncClient) -> Customer:
    """A travel agent who has signed in."""
    found = await customers.register(client)
    me = (await found.call("GET", "/api/auth/me"))["id"]
    with psycopg.connect(system.owner_dsn) as connection:
        connection.execute("UPDATE identity.app_user SET role = 'agent' WHERE id = %s", (me,))
    return await customers.signed_in_again(found)


async def sold(system: System, seller: Customer, **name: Any) -> dict[str, Any]:
    """A reserved booking of one passenger."""
    body = customers.booking_body(running_system.schedule(system, seats=4))
    body["passengers"] = [
        {"firstName": "Noura", "lastName": "Al-Ḥarbī", "arabicName": ARABIC, "type": "ADT", **name}
    ]
    return await seller.post("/api/bookings", body)


async def found_by(client: httpx.AsyncClient, reference: str, surname: str) -> Customer:
    """A guest who has found the booking."""
    body = {"reference": reference, "lastName": surname}
    answer = await client.post("/api/bookings/find", json=body)
    if not answer.is_success:
        raise Refused(answer.status_code, answer.json())
    assert answer.json()["expiresIn"] <= 900
    return Customer(client, {"Authorization": f"Bearer {answer.json()['accessToken']}"})


@pytest.mark.parametrize("surname", ["al harbi", "ALHARBI", "Al-Ḥarbī", "الحربى", "سعد الحَربي"])
async def test_a_guest_finds_a_booking_in_every_spelling_and_pays_changes_and_cancels_it(
    system: System, client: httpx.AsyncClient, surname: str
) -> None:
    booking = await sold(system, await agency(system, client))
    guest = await found_by(client, booking["reference"].lower(), surname)
    seen = await guest.booking(booking["reference"])
    assert (seen["id"], seen["status"]) == (booking["id"], "reserved")
    await guest.pay(booking["id"])
    await guest.becomes(booking["id"], "confirmed")
    await guest.on(booking["id"], "special-services", {"passenger": 0, "code": "VGML"})
    await guest.cancelled(booking["id"])
    assert (await guest.booking(booking["id"]))["status"] in {"cancelled", "refunded"}
    actors = {each["actor"] for each in await guest.history(booking["id"])}
    assert f"customer:guest-{booking['id']}" in actors


async def test_a_guests_token_opens_one_booking_and_nothing_else(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    mine, other = await sold(system, customer), await sold(system, customer)
    guest = await found_by(client, mine["reference"], "Alharbi")
    refused = [
        ("GET", f"/api/bookings/{other['id']}", 404),
        ("POST", f"/api/bookings/{other['id']}/checkout", 404),
        ("GET", "/api/bookings", 403),
        ("POST", "/api/bookings", 403),
        ("GET", "/api/credits", 403),
        ("GET", "/api/auth/sessions", 403),
        ("POST", f"/api/bookings/{mine['id']}/board", 403),
        ("POST", f"/api/bookings/{mine['id']}/attach", 403),
    ]
    for method, path, status in refused:
        with pytest.raises(Refused) as error:
            await guest.call(method, path, {"lastName": "Alharbi"} if "attach" in path else {})
        assert (path, error.value.status) == (path, status)
    as_cookie = {"Cookie": "__Host-ais_access=" + guest.headers["Authorization"].split()[1]}
    for name in ("__Host-ais_access", "ais_access"):
        cookie = as_cookie["Cookie"].replace("__Host-ais_access", name)
        answer = await client.get(f"/api/bookings/{mine['id']}", headers={"Cookie": cookie})
        assert answer.status_code == 401


async def test_a_wrong_reference_and_a_wrong_surname_have_one_answer_after_one_time(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await sold(system, customer)
    tries = {
        "surname": {"reference": booking["reference"], "lastName": "Alqahtani"},
        "reference": {"reference": "ZZZZZZ", "lastName": "Alharbi"},
        "form": {"reference": "no-locator", "lastName": "Alharbi"},
        "given name": {"reference": booking["reference"], "lastName": "Noura"},
    }
    took: dict[str, list[float]] = {name: [] for name in tries}
    answers = set()
    for name, body in [*tries.items()] * 3:
        began = time.monotonic()
        answer = await client.post("/api/bookings/find", json=body)
        took[name].append(time.monotonic() - began)
        shown = {key: value for key, value in answer.json().items() if key != "correlationId"}
        answers.add((answer.status_code, repr(shown)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    medians = [statistics.median(each) for each in took.values()]
    assert min(medians) >= 0.4
    assert max(medians) - min(medians) < 0.2
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM identity.auth_event WHERE happened = 'find_refused' "
        "AND route = 'POST /api/bookings/find'",
        lambda count: count >= 12,
    )


async def test_an_agencys_booking_is_attached_to_the_account_of_who_proves_to_know_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    seller = await agency(system, client)
    booking = await sold(system, seller)
    for proof in ({"lastName": "Alqahtani"}, {"guestToken": "x.y.z"}):
        with pytest.raises(Refused) as refused:
            await customer.on(booking["id"], "attach", proof)
        assert refused.value.status == 404
    for invalid in ({}, {"lastName": "Alharbi", "guestToken": "x.y.z"}):
        with pytest.raises(Refused) as refused:
            await customer.on(booking["id"], "attach", invalid)
        assert (refused.value.status, refused.value.body["details"]["field"]) == (400, "lastName")
    guest = await found_by(client, booking["reference"], "Alharbi")
    token = guest.headers["Authorization"].split()[1]
    attached = await customer.on(booking["id"], "attach", {"guestToken": token})
    assert attached["id"] == booking["id"]
    assert await customer.on(booking["id"], "attach", {"lastName": "Alharbi"}) == attached
    for who in (customer, seller):
        page = await customers.listed(system, who, "/api/bookings")
        assert [each["id"] for each in page["bookings"]] == [booking["id"]]
        assert (await who.booking(booking["id"]))["id"] == booking["id"]
    stranger = await customers.register(client)
    with pytest.raises(Refused) as refused:
        await stranger.on(booking["id"], "attach", {"lastName": "Alharbi"})
    assert refused.value.status == 409
    assert refused.value.body["details"]["reason"] == "attached_to_another_account"
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")


async def test_a_customers_booking_is_attached_to_no_other_account(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await sold(system, customer)
    other = await customers.register(client)
    with pytest.raises(Refused) as refused:
        await other.on(booking["id"], "attach", {"lastName": "Alharbi"})
    assert refused.value.status == 409
    with pytest.raises(Refused) as refused:
        await other.booking(booking["id"])
    assert refused.value.status == 404
    key = secrets.token_hex(8)
    path = f"/api/bookings/{booking['id']}/attach"
    first = await customer.post(path, {"lastName": "Alharbi"}, key=key)
    assert await customer.post(path, {"lastName": "Alharbi"}, key=key) == first
