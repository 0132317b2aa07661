"""Changing plans over HTTP: dearer, cheaper, another cabin, a corrected name."""

import httpx
import pytest

from tests.support import customers, running_system, stored_log
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_a_dearer_flight_is_paid_first_and_the_old_seat_stays_until_then(
    system: System, customer: Customer
) -> None:
    old = running_system.schedule(system, seats=1)
    new = running_system.schedule(system, seats=1, fare=55_000, leaves_in=running_system.LATER)
    booking = await customer.confirmed([old])
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": new})
    assert quote["difference"] == {"amount": 17_250, "currency": "SAR"}
    assert quote["due"] == quote["difference"]
    accepted = await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert accepted["due"] == quote["due"]
    assert accepted["segments"][0]["flightId"] == old
    for flight in (old, new):
        with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
            await customer.reserved([flight])
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "cancellation-quote", {})
    await customer.pay(booking["id"])
    changed = await customer.until(booking["id"], lambda found: found["change"] is None)
    assert changed["segments"][0]["flightId"] == new
    old_ticket = booking["passengers"][0]["ticketNumber"]
    assert changed["passengers"][0]["ticketNumber"] != old_ticket
    # What it costs now, with what was paid before and since beside it.
    sold_for = booking["total"]["amount"]
    assert changed["total"]["amount"] == changed["paid"]["amount"] == sold_for + 17_250
    assert sum(line["amount"] for line in changed["lines"]) == changed["total"]["amount"]
    assert (await customer.reserved([old]))["status"] == "reserved"
    books = stored_log.balances(system.owner_dsn, booking["id"])
    assert (books["2020", "SAR"], books["2000", "SAR"]) == (0, -55_000)
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_cheaper_flight_gives_the_difference_back_to_the_card(
    system: System, customer: Customer
) -> None:
    old = running_system.schedule(system, seats=2)
    new = running_system.schedule(system, seats=2, fare=30_000, leaves_in=running_system.LATER)
    booking = await customer.confirmed([old])
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": new})
    assert (quote["back"]["amount"], quote["destination"]) == (11_500, "card")
    changed = await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert changed["segments"][0]["flightId"] == new
    payment = booking["id"].replace("booking-", "payment-")
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM ledger.event WHERE tag = 'payment.refund_settled.1' "
        f"AND stream = '{payment}-1'",
        lambda count: count == 1,
    )
    assert stored_log.balances(system.owner_dsn, booking["id"])["2100", "SAR"] == 0
    assert (await customer.booking(booking["id"]))["status"] == "confirmed"
    stored_log.assert_invariants(system.owner_dsn)


async def test_an_upgrade_stays_on_the_flight_and_frees_the_economy_seat(
    system: System, customer: Customer
) -> None:
    flight = running_system.schedule(system, seats=1, business=1)
    booking = await customer.confirmed([flight])
    quote = await customer.on(booking["id"], "modification-quote", {"cabin": "business"})
    await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    await customer.pay(booking["id"])
    changed = await customer.until(booking["id"], lambda found: found["change"] is None)
    segment = {"flightId": flight, "cabin": "business", "fareClass": "J"}
    assert {name: changed["segments"][0][name] for name in segment} == segment
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "modification-quote", {"cabin": "economy"})
    assert (await customer.reserved([flight]))["status"] == "reserved"
    stored_log.assert_invariants(system.owner_dsn)


async def test_another_route_and_a_full_flight_are_refused_and_nothing_is_lost(
    system: System, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    elsewhere = running_system.schedule(system, seats=2, route=("RUH", "DMM"))
    full = running_system.schedule(system, seats=1, leaves_in=running_system.LATER)
    await customer.reserved([full])
    with pytest.raises(Refused, match="other_route"):
        await customer.on(booking["id"], "modification-quote", {"flightId": elsewhere})
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": full})
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert (await customer.booking(booking["id"]))["change"] is None


async def test_a_name_is_corrected_by_letters_and_never_becomes_another_person(
    system: System, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=2)])
    first = booking["passengers"][0]["firstName"]
    body = {"passenger": 0, "firstName": f"{first}h", "lastName": "Al-Harbi"}
    corrected = await customer.on(booking["id"], "correct-name", body)
    assert corrected["passengers"][0]["lastName"] == "Al-Harbi"
    assert corrected["passengers"][0]["ticketNumber"] == booking["passengers"][0]["ticketNumber"]
    # Two letters more, each step small enough, would be four from the name that was sold.
    drifted = {"passenger": 0, "firstName": f"{first}hh", "lastName": "All-Harbii"}
    with pytest.raises(Refused, match="another_person"):
        await customer.on(booking["id"], "correct-name", drifted)
    other = {"passenger": 0, "firstName": "Omar", "lastName": "Alghamdi"}
    with pytest.raises(Refused, match="another_person"):
        await customer.on(booking["id"], "correct-name", other)


async def test_an_unpaid_modification_can_be_abandoned_at_once(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    old = running_system.schedule(system, seats=1)
    new = running_system.schedule(system, seats=1, fare=90_000)
    booking = await customer.confirmed([old])
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": new})
    waiting = await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert "abandon_change" in waiting["availableActions"]
    session = await customer.on(booking["id"], "checkout")
    stranger = await customers.register(client)
    with pytest.raises(customers.Refused, match="NOT_FOUND"):
        await stranger.on(booking["id"], "abandon-change")
    abandoned = await customer.on(booking["id"], "abandon-change")
    assert (
        abandoned["change"],
        abandoned["segments"][0]["flightId"],
    ) == (None, old)
    assert "cancel" in abandoned["availableActions"]
    assert await customers.press(session["checkoutUrl"], "pay") not in {200, 303}
    with pytest.raises(customers.Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "abandon-change")
    assert (await customer.reserved([new]))["status"] == "reserved"
    stored_log.assert_invariants(system.owner_dsn)


async def test_a_paid_modification_cannot_be_abandoned(system: System, customer: Customer) -> None:
    old = running_system.schedule(system, seats=1)
    new = running_system.schedule(system, seats=1, fare=90_000)
    booking = await customer.confirmed([old])
    quote = await customer.on(booking["id"], "modification-quote", {"flightId": new})
    await customer.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    await customer.pay(booking["id"])
    with pytest.raises(customers.Refused, match="INVALID_STATE_TRANSITION"):
        await customer.on(booking["id"], "abandon-change")
    await customer.until(booking["id"], lambda b: b["segments"][0]["flightId"] == new)
