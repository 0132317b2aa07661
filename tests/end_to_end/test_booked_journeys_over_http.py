"""What a booking says of its flights, over HTTP: times, aircraft, documents, a calendar file."""

import datetime as dt
from typing import Any

import httpx
import icalendar
import pytest

from tests.support import customers, running_system, scanner
from tests.support.customers import Customer
from tests.support.running_system import System

HOUR = dt.timedelta(hours=1)


def journey(system: System) -> tuple[str, str]:
    """There and back: the flight there arrives in London."""
    leaves_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=40)
    there = running_system.schedule(
        system,
        seats=9,
        route=("RUH", "LHR"),
        leaves_in=dt.timedelta(days=40),
        departs_at=leaves_at,
        arrives_at=leaves_at + 7 * HOUR,
        destination_zone="Europe/London",
        domestic=False,
        aircraft="789",
        departure_terminal="3",
    )
    back = running_system.schedule(
        system,
        seats=9,
        route=("LHR", "RUH"),
        leaves_in=dt.timedelta(days=50),
        origin_zone="Europe/London",
        domestic=False,
    )
    return there, back


async def calendar(
    customer: Customer, booking: str, language: str = "en"
) -> list[icalendar.Component]:
    """The events of the calendar file, read by the parser of the package."""
    answer = await customer.client.get(
        f"/api/bookings/{booking}/calendar.ics",
        headers={**customer.headers, "accept-language": language},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["content-language"] == language
    assert "Noura" not in answer.text and "noura" not in answer.text
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


async def test_a_booking_says_when_and_with_what_it_flies_from_its_first_answer_on(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    there, back = journey(system)
    made = await customer.reserved([there, back])
    first, second = made["segments"]
    offer = (await client.get(f"/api/flights/{there}")).json()
    shared = {"flightNumber", "from", "to", "aircraft", "durationMinutes", "baggage", "conditions"}
    shared |= {name for name in offer if name.startswith(("departure", "arrival"))}
    assert len(shared) == 15
    assert {name: first[name] for name in shared} == {name: offer[name] for name in shared}
    assert (first["aircraft"], first["departureTerminal"], first["arrivalTerminal"]) == (
        *("789", "3"),
        None,
    )
    assert (first["durationMinutes"], first["flightStatus"]) == (420, "scheduled")
    assert (second["from"], second["to"], second["aircraft"]) == ("LHR", "RUH", None)
    assert (await customer.booking(made["id"]))["segments"] == made["segments"]
    operations = await customers.staff(system, client, "ops")
    departs_at = dt.datetime.fromisoformat(first["departureTime"]) + HOUR
    moved = {
        "departureTime": departs_at.isoformat(),
        "arrivalTime": (departs_at + 7 * HOUR).isoformat(),
        "reason": "weather",
    }
    await operations.post(f"/api/admin/flights/{there}/reschedule", moved)
    now = (await customer.booking(made["id"]))["segments"]
    assert dt.datetime.fromisoformat(now[0]["departureTime"]) == departs_at
    assert now[1] == second


async def test_receipts_passes_and_calendar_are_reached_from_the_booking(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=9, leaves_in=running_system.TOMORROW)
    booking = await customer.confirmed([flight], party=("ADT", "ADT"))
    assert [each["coupons"][0]["boardingPassPdf"] for each in booking["passengers"]] == [None] * 2
    await customer.on(booking["id"], "check-in", {"passengers": [0], "segment": 0})
    checked_in = await customer.booking(booking["id"])
    place, absent = (each["coupons"][0]["boardingPassPdf"] for each in checked_in["passengers"])
    assert absent is None
    printed = await client.get(place, headers=customer.headers)
    assert printed.content.startswith(b"%PDF-")
    links = checked_in["links"]
    passes = await customer.call("GET", links["boardingPasses"])
    assert [each["pdfUrl"] for each in passes["boardingPasses"]] == [place]
    [entry, *_] = (await customer.call("GET", links["history"]))["entries"]
    assert entry["event"] == "booking.initiated.1"
    documents = await customers.listed(system, customer, links["taxDocuments"])
    [invoice] = documents["documents"]
    receipt = await client.get(invoice["pdfUrl"], headers=customer.headers)
    _, conditions = scanner.page_texts(receipt.content)
    assert "from 72 h 25 %" in conditions
    assert (await client.get(links["calendar"], headers=customer.headers)).status_code == 200
    operations = await customers.staff(system, client, "ops")
    await operations.post(f"/api/admin/flights/{flight}/cancel", {"reason": "weather"})
    after = await customer.booking(booking["id"])
    assert [each["coupons"][0]["boardingPassPdf"] for each in after["passengers"]] == [None] * 2
    assert after["segments"][0]["flightStatus"] == "cancelled"


async def test_a_calendar_has_one_event_for_each_flight_and_follows_what_changes(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    there, back = journey(system)
    booking = await customer.reserved([there, back])
    reserved = await calendar(customer, booking["id"])
    assert [str(each["status"]) for each in reserved] == ["TENTATIVE"] * 2
    await customer.pay(booking["id"])
    await customer.becomes(booking["id"], "confirmed")
    out, home = await calendar(customer, booking["id"])
    first = booking["segments"][0]
    assert out["dtstart"].dt == dt.datetime.fromisoformat(first["departureTime"])
    assert out["dtend"].dt == dt.datetime.fromisoformat(first["arrivalTime"])
    assert "Riyadh – London" in out["summary"] and first["flightNumber"] in out["summary"]
    assert out["location"] == "King Khaled International Airport (RUH), Terminal 3"
    assert first["departureLocalTime"][11:16] in out["description"]
    assert booking["reference"] in out["description"]
    assert str(out["status"]) == "CONFIRMED"
    assert [each["uid"] for each in reserved] == [out["uid"], home["uid"]]
    assert out["sequence"] > reserved[0]["sequence"]
    (arabic, _) = await calendar(customer, booking["id"], "ar")
    assert "الرياض – لندن" in arabic["summary"]
    operations = await customers.staff(system, client, "ops")
    departs_at = out["dtstart"].dt + HOUR
    moved = {
        "departureTime": departs_at.isoformat(),
        "arrivalTime": (departs_at + 7 * HOUR).isoformat(),
        "reason": "weather",
    }
    await operations.post(f"/api/admin/flights/{there}/reschedule", moved)
    later, same = await calendar(customer, booking["id"])
    assert (later["uid"], later["dtstart"].dt) == (out["uid"], departs_at)
    assert later["sequence"] > out["sequence"]
    assert {name: same[name] for name in ("uid", "sequence", "summary")} == {
        name: home[name] for name in ("uid", "sequence", "summary")
    }
    quote = await customer.on(booking["id"], "cancellation-quote", {"segments": [1]})
    await customer.on(booking["id"], "cancel", {"quoteId": quote["quoteId"]})
    kept, gone = await calendar(customer, booking["id"])
    assert [str(each["status"]) for each in (kept, gone)] == ["CONFIRMED", "CANCELLED"]
    assert gone["sequence"] > home["sequence"]


@pytest.mark.parametrize("stranger", ["anonymous", "another customer"])
async def test_nobody_else_reads_the_calendar_of_a_booking(
    system: System, client: httpx.AsyncClient, customer: Customer, stranger: str
) -> None:
    flight = running_system.schedule(system, seats=9)
    path = f"/api/bookings/{(await customer.reserved([flight]))['id']}/calendar.ics"
    headers: dict[str, Any] = {}
    if stranger == "another customer":
        headers = dict((await customers.register(client)).headers)
    answer = await client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (
        (401, "UNAUTHORIZED") if stranger == "anonymous" else (404, "NOT_FOUND")
    )
