"""Bookings over HTTP against the whole system: races, keys, strangers."""

import asyncio
from collections import Counter

import httpx

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System


async def test_of_two_hundred_clients_one_gets_the_last_seat(
    system: System, customer: Customer
) -> None:
    """Fault row 43: two hundred clients, one seat."""
    flight = running_system.schedule(system, seats=1)
    answers = await asyncio.gather(*(customer.send_booking(flight) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 199}
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"SEATS_UNAVAILABLE"}
    stored_log.assert_invariants(system.owner_dsn)


async def test_the_same_key_a_hundred_times_at_once_makes_one_booking(
    system: System, customer: Customer
) -> None:
    """Fault row 31: one key, a hundred times at once."""
    flight = running_system.schedule(system, seats=50)
    answers = await asyncio.gather(
        *(customer.send_booking(flight, key="one-key") for _ in range(100))
    )
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] + statuses[409] == 100
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in made}) == 1
    fresh = [each for each in made if "idempotency-replayed" not in each.headers]
    assert len(fresh) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "IDEMPOTENCY_IN_PROGRESS"
    assert stored_log.tags(system.owner_dsn, flight).count("flight.seats_held.1") == 1


async def test_a_replay_gives_the_booking_as_it_was_with_its_names(
    system: System, customer: Customer
) -> None:
    """Fault row 31: after success, the stored answer."""
    flight = running_system.schedule(system, seats=5)
    first = await customer.send_booking(flight, key="again")
    second = await customer.send_booking(flight, key="again")
    assert second.status_code == 201
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()
    assert second.json()["passengers"][0]["firstName"] == "Noura"


async def test_the_same_key_with_another_body_is_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 31: another body."""
    flight = running_system.schedule(system, seats=5)
    assert (await customer.send_booking(flight, key="k")).status_code == 201
    headers = {**customer.headers, "Idempotency-Key": "k"}
    other = await client.post(
        "/api/bookings", json=customers.booking_body(flight, passengers=2), headers=headers
    )
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_CONFLICT")


async def test_a_refusal_is_decided_again_under_the_same_key(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    headers = {**customer.headers, "Idempotency-Key": "too-many"}
    body = customers.booking_body(flight, passengers=2)
    for _ in range(2):
        answer = await client.post("/api/bookings", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "SEATS_UNAVAILABLE")


async def test_a_missing_key_is_reported(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    answer = await client.post(
        "/api/bookings", json=customers.booking_body(flight), headers=customer.headers
    )
    assert answer.status_code == 400
    assert answer.json()["details"]["field"] == "Idempotency-Key"


async def test_another_customers_booking_does_not_exist(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Fault row 50: read, list, checkout."""
    flight = running_system.schedule(system, seats=1)
    booking = (await customer.send_booking(flight)).json()["id"]
    stranger = await customers.register(client)
    for path in (f"/api/bookings/{booking}", f"/api/bookings/{booking}/history"):
        answer = await client.get(path, headers=stranger.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    attempt = await stranger.send_checkout(booking)
    assert (attempt.status_code, attempt.json()["code"]) == (404, "NOT_FOUND")
    listed = (await client.get("/api/bookings", headers=stranger.headers)).json()
    assert listed.keys() == {"bookings", "nextCursor", "asOfPosition", "lagSeconds"}
    assert (listed["bookings"], listed["nextCursor"]) == ([], None)
    assert listed["asOfPosition"] > 0
    assert listed["lagSeconds"] >= 0


async def test_bodies_that_say_too_much_or_too_little_are_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    good = customers.booking_body(flight)
    bad_bodies: list[tuple[dict[str, object], str]] = [
        ({**good, "status": "confirmed"}, "status"),
        ({**good, "total": {"amount": 1, "currency": "SAR"}}, "total"),
        ({**good, "flightId": "flight-1; DROP TABLE x"}, "flightId"),
        ({**good, "quoteId": "bm90IG91cnM"}, "quoteId"),
        ({**good, "passengers": []}, "passengers"),
        ({**good, "contact": {"email": "nobody"}}, "contact.email"),
    ]
    for body, field in bad_bodies:
        headers = {**customer.headers, "Idempotency-Key": "bad"}
        answer = await client.post("/api/bookings", json=body, headers=headers)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "VALIDATION_ERROR"
        assert answer.json()["details"]["field"] == field


async def test_a_party_that_cannot_travel_is_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9)
    body = customers.booking_body(flight)
    body["passengers"][0]["type"] = "CHD"
    headers = {**customer.headers, "Idempotency-Key": "child"}
    answer = await client.post("/api/bookings", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_flight_that_is_not_there_is_not_found(customer: Customer) -> None:
    answer = await customer.send_booking("flight-ZZ9999-2026-12-24")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_the_history_contains_each_step(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1)
    booking = (await customer.send_booking(flight)).json()["id"]
    answer = await client.get(f"/api/bookings/{booking}/history", headers=customer.headers)
    steps = [(entry["before"], entry["after"]) for entry in answer.json()["entries"]]
    assert steps == [(None, "initiated"), ("initiated", "reserved")]


async def test_the_page_after_paying_shows_the_reference_and_nothing_else(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/paid/booking-ABC234")
    assert page.headers["content-type"].startswith("text/html")
    assert "ABC234" in page.text
    forged = await client.get("/paid/%3Cscript%3E")
    assert (forged.status_code, forged.json()["code"]) == (404, "NOT_FOUND")
