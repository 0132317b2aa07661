"""From seat choice to arrival over HTTP: check-in, boarding passes, gate, no-show."""

import datetime as dt
from zoneinfo import ZoneInfo

import httpx
import pytest

from domain.inventory.events import FlightRescheduled
from tests.support import bcbp, customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_a_couple_checks_in_boards_and_flies_and_the_revenue_is_recognised(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=12, leaves_in=running_system.SOON)
    meal = {"code": "MEAL", "passenger": 0, "segment": 0}
    booking = await customer.confirmed([flight], party=("ADT", "ADT"), extras=[meal])
    name = booking["id"]
    assert "check_in" in booking["availableActions"]
    checked_in = await customer.on(name, "check-in", {})
    assert checked_in["status"] == "checked_in"
    places = [each["coupons"][0] for each in checked_in["passengers"]]
    assert [place["sequence"] for place in places] == [1, 2]
    assert places[0]["seat"][:-1] == places[1]["seat"][:-1]
    await customer.on(name, "check-in", {})
    await gate.on(name, "board", {"passengers": [0]})
    boarded = await gate.on(name, "board", {})
    assert boarded["status"] == "boarded"
    await operations.let_depart(flight)
    completed = await customer.becomes(name, "completed")
    assert [each["coupons"][0]["status"] for each in completed["passengers"]] == ["F", "F"]
    books = stored_log.balances(system.owner_dsn, name)
    assert (books["2000", "SAR"], books["2010", "SAR"]) == (0, 0)
    assert (books["4000", "SAR"], books["4010", "SAR"]) == (-80_000, -5_000)
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_boarding_pass_says_in_its_bar_code_what_the_booking_says(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=24, leaves_in=running_system.SOON)
    booking = await customer.confirmed([flight])
    path = f"/api/bookings/{booking['id']}/boarding-passes"
    assert (await customer.call("GET", path))["boardingPasses"] == []
    await customer.on(booking["id"], "seats", {"seats": [{"passenger": 0, "seat": "13C"}]})
    await customer.on(booking["id"], "check-in", {})
    (found,) = (await customer.call("GET", path))["boardingPasses"]
    leg = bcbp.parse(found["bcbp"])
    assert booking["reference"] in str(leg)
    assert booking["passengers"][0]["ticketNumber"][3:] in found["bcbp"]
    assert "013C" in found["bcbp"]
    gate = await customers.staff(system, client, "gate")
    (reprinted,) = (await gate.call("GET", path))["boardingPasses"]
    by_gate = bcbp.parse(reprinted["bcbp"])
    assert (leg.whole["check_in_source"], leg.whole["issuance_source"]) == ("W", "W")
    assert (by_gate.whole["check_in_source"], by_gate.whole["issuance_source"]) == ("W", "O")
    scheduled = dt.date.fromisoformat(flight[-10:])
    assert leg.legs[0]["day_of_year"] == f"{scheduled:%j}"
    today = dt.datetime.now(ZoneInfo("Asia/Riyadh")).date()
    yesterday = today - dt.timedelta(days=1)  # where midnight has passed meanwhile
    issued = {f"{day.year % 10}{day:%j}" for day in (today, yesterday)}
    assert leg.whole["issue_date"] in issued
    for form, magic in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
        answer = await client.get(f"{path}/0/0/{form}", headers=customer.headers)
        assert answer.status_code == 200
        assert answer.content.startswith(magic)
        assert answer.headers["cache-control"] == "private, no-store"
    assert (await client.get(f"{path}/0/1/pdf", headers=customer.headers)).status_code == 404
    assert (await client.get(f"{path}/0/0/gif", headers=customer.headers)).status_code in {
        400,
        404,
    }


async def test_check_in_has_a_window_and_needs_a_passport_abroad(
    system: System, customer: Customer
) -> None:
    early = await customer.confirmed([running_system.schedule(system, seats=2)])
    with pytest.raises(Refused, match="not_open_yet"):
        await customer.on(early["id"], "check-in", {})
    abroad = running_system.schedule(
        system,
        seats=6,
        currency="KWD",
        leaves_in=running_system.TOMORROW,
        route=("RUH", "KWI"),
    )
    booking = await customer.confirmed([abroad])
    with pytest.raises(Refused, match="missing"):
        await customer.on(booking["id"], "check-in", {})
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=60)).date().isoformat()
    with pytest.raises(Refused, match="expires_too_soon"):
        await customer.on(
            booking["id"], "documents", {"passenger": 0, **customers.PASSPORT, "expiresOn": soon}
        )
    with pytest.raises(Refused, match="age_differs"):
        young = {"passenger": 0, **customers.PASSPORT, "birthDate": "2020-01-01"}
        await customer.on(booking["id"], "documents", young)
    await customer.on(booking["id"], "documents", {"passenger": 0, **customers.PASSPORT})
    assert (await customer.on(booking["id"], "check-in", {}))["status"] == "checked_in"


async def test_two_bookings_never_have_the_same_seat(system: System, customer: Customer) -> None:
    flight = running_system.schedule(system, seats=15, leaves_in=running_system.SOON)
    first, second = [await customer.confirmed([flight]) for _ in range(2)]
    await customer.on(first["id"], "seats", {"seats": [{"passenger": 0, "seat": "13B"}]})
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "13B"}]})
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        await customer.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "40Z"}]})
    seats = await customer.call("GET", f"/api/flights/{flight}/seats")
    taken = [each["seat"] for each in seats["cabins"][0]["seats"] if not each["available"]]
    assert taken == ["13B"]
    with pytest.raises(Refused, match="seat_is_sold_as_an_extra"):
        await customer.on(second["id"], "seats", {"seats": [{"passenger": 0, "seat": "11A"}]})
    front = {"passenger": 0, "segment": 0, "seat": "11A"}
    third = await customer.confirmed([flight], seats=[front])
    assert [each["code"] for each in third["extras"]] == ["FRONT"]
    await customer.on(second["id"], "check-in", {})
    found = (await customer.booking(second["id"]))["passengers"][0]["coupons"][0]["seat"]
    assert found not in {"11A", "13B"}


async def test_who_does_not_come_is_a_no_show_and_gets_the_airport_charges_back(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    operations = await customers.staff(system, client, "ops")
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.SOON)
    back = running_system.schedule(
        system, seats=1, route=("JED", "RUH"), leaves_in=running_system.LATER
    )
    booking = await customer.confirmed([flight, back])
    with pytest.raises(Refused, match="flight_has_not_departed"):
        await gate.on(booking["id"], "no-show", {})
    await operations.let_depart(flight)
    missed = await customer.becomes(booking["id"], "no_show")
    assert missed["refund"] == {"amount": 4_600, "currency": "SAR"}
    # The way back lapsed with it and is on sale again.
    assert (await customer.reserved([back]))["status"] == "reserved"
    books = stored_log.balances(system.owner_dsn, booking["id"])
    assert (books["2000", "SAR"], books["4020", "SAR"]) == (0, -80_000)
    finance = await customers.staff(system, client, "finance")
    await finance.post(f"/api/admin/bookings/{booking['id']}/refund", {"reason": "was in hospital"})
    await customer.becomes(booking["id"], "refunded")
    assert stored_log.balances(system.owner_dsn, booking["id"])["1010", "SAR"] == 0


async def test_a_departure_recorded_by_mistake_is_taken_back_with_all_that_followed_from_it(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    operations = await customers.staff(system, client, "ops")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.SOON)
    back = running_system.schedule(
        system, seats=1, route=("JED", "RUH"), leaves_in=running_system.LATER
    )
    late = (await customer.confirmed([flight, back]))["id"]
    on_board = (await customer.confirmed([flight]))["id"]
    await customer.on(on_board, "check-in", {})
    await gate.on(on_board, "board", {})
    books = {name: stored_log.balances(system.owner_dsn, name) for name in (late, on_board)}
    await operations.let_depart(flight)
    await customer.becomes(late, "no_show")
    await customer.becomes(on_board, "completed")
    await customer.confirmed([back])
    leaves = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    path = f"/api/admin/flights/{flight}/withdraw-departure"
    times = {"departureTime": leaves.isoformat(), "reason": "recorded for another flight"}
    for lands, refusal in (("2020-01-01T00:00:00Z", "VALIDATION_ERROR"), ("soon", "VALIDATION")):
        with pytest.raises(Refused, match=refusal):
            await operations.post(path, {**times, "arrivalTime": lands})
    body = {**times, "arrivalTime": (leaves + dt.timedelta(hours=2)).isoformat()}
    with pytest.raises(Refused, match="FORBIDDEN"):
        await gate.post(path, body)
    withdrawn = await operations.post(path, body)
    assert withdrawn["status"] == "scheduled"
    assert [each["kind"] for each in withdrawn["changes"]][-2:] == [
        "flight.departure_withdrawn.1",
        "flight.rescheduled.1",
    ]
    await customer.becomes(late, "confirmed")
    await customer.becomes(on_board, "boarded")
    for name, before in books.items():
        found = stored_log.balances(system.owner_dsn, name)
        assert {key: amount for key, amount in found.items() if amount} == {
            key: amount for key, amount in before.items() if amount
        }
    # The way back is theirs again, although somebody else has bought the seat.
    oversold = await operations.call("GET", "/api/admin/flights/" + back)
    assert (oversold["cabins"][0]["sold"], oversold["cabins"][0]["oversold"]) == (2, 1)
    reopened = await customer.booking(late)
    assert [each["status"] for each in reopened["passengers"][0]["coupons"]] == ["O", "O"]
    stored_log.assert_invariants(system.owner_dsn)


async def test_the_gate_takes_a_boarded_passenger_off_again(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    gate = await customers.staff(system, client, "gate")
    flight = running_system.schedule(system, seats=3, leaves_in=running_system.SOON)
    booking = await customer.confirmed([flight])
    await customer.on(booking["id"], "check-in", {})
    await gate.on(booking["id"], "board", {})
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "cancellation-quote", {})
    off = await gate.on(booking["id"], "offload", {"reason": "oversold", "fault": "airline"})
    assert off["status"] == "cancelled"
    assert off["refund"] == booking["total"]
    await customer.becomes(booking["id"], "refunded")


def move(system: System, flight: str, leaves_in: dt.timedelta) -> None:
    """Move the flight straight through the append, by less than passengers have to agree to."""
    leaves = dt.datetime.now(dt.UTC) + leaves_in
    version = len(stored_log.tags(system.owner_dsn, flight)) + 1
    moved = FlightRescheduled(leaves, leaves + dt.timedelta(minutes=105), "as flown", False)
    stored_log.append(system.owner_dsn, flight, version, moved)


async def test_when_nobody_says_that_a_boarded_flight_has_left_a_timer_does(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    """Its time is more than an hour past, one has boarded: who did not come is a no-show."""
    flight = running_system.schedule(system, seats=2, leaves_in=dt.timedelta(minutes=170))
    booking = await customer.confirmed([flight])
    on_board = await customer.confirmed([flight])
    gate = await customers.staff(system, client, "gate")
    await customer.on(on_board["id"], "check-in", {})
    await gate.on(on_board["id"], "board", {"segment": 0})
    move(system, flight, dt.timedelta(minutes=55))
    await customer.until(booking["id"], lambda found: bool(found["disruptions"]))
    await customer.on(booking["id"], "disruption", {"choice": "accept"})
    move(system, flight, dt.timedelta(minutes=-61))
    missed = await customer.becomes(booking["id"], "no_show")
    assert missed["passengers"][0]["coupons"][0]["status"] == "Z"
    assert "flight.departed.1" in stored_log.tags(system.owner_dsn, flight)
    reported = (await customer.history(booking["id"]))[-1]
    assert (reported["before"], reported["after"], reported["actor"]) == (
        "confirmed",
        "no_show",
        "system",
    )
