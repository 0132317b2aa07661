"""Changing plans over HTTP: dearer, cheaper, another cabin, a corrected name."""

import httpx
import pytest

from interfaces.cli.demo_stage import Stage
from tests.support import life, system
from tests.support.life import Refused
from tests.support.system import Traveller


async def test_a_dearer_flight_is_paid_first_and_the_old_seat_stays_until_then(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    old = system.schedule(stage.owner_dsn, seats=1)
    new = system.schedule(stage.owner_dsn, seats=1, fare=55_000, leaves_in=system.LATER)
    booking = await life.confirmed(who, [old])
    quote = await who.on(booking["id"], "modification-quote", {"flightId": new})
    assert quote["difference"] == {"amount": 17_250, "currency": "SAR"}
    assert quote["due"] == quote["difference"]
    accepted = await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert accepted["due"] == quote["due"]
    assert accepted["segments"][0]["flightId"] == old
    for flight in (old, new):
        with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
            await life.reserved(who, [flight])
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(booking["id"], "cancellation-quote", {})
    await life.pay(who, booking["id"])
    changed = await life.until(who, booking["id"], lambda found: found["change"] is None)
    assert changed["segments"][0]["flightId"] == new
    old_ticket = booking["passengers"][0]["ticketNumber"]
    assert changed["passengers"][0]["ticketNumber"] != old_ticket
    assert (await life.reserved(who, [old]))["status"] == "reserved"
    books = system.balances(stage.owner_dsn, booking["id"])
    assert (books["2020", "SAR"], books["2000", "SAR"]) == (0, -55_000)
    system.assert_invariants(stage.owner_dsn)


@pytest.mark.parametrize(
    ("residue", "destination", "account"), [("cash", "card", "2100"), ("credit", "credit", "2200")]
)
async def test_a_cheaper_flight_gives_money_back_by_the_rule_of_the_fare(
    stage: Stage,
    client: httpx.AsyncClient,
    traveller: Traveller,
    residue: system.Residue,
    destination: str,
    account: str,
) -> None:
    who = life.person(client, traveller)
    old = system.schedule(stage.owner_dsn, seats=2, residue=residue)
    new = system.schedule(stage.owner_dsn, seats=2, fare=30_000, leaves_in=system.LATER)
    booking = await life.confirmed(who, [old])
    quote = await who.on(booking["id"], "modification-quote", {"flightId": new})
    assert (quote["back"]["amount"], quote["destination"]) == (11_500, destination)
    changed = await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert changed["segments"][0]["flightId"] == new
    payment = booking["id"].replace("booking-", "payment-")
    if account == "2100":
        system.await_row(
            stage.owner_dsn,
            "SELECT count(*) FROM ledger.event WHERE tag = 'payment.refund_settled.1' "
            f"AND stream = '{payment}-1'",
            lambda count: count == 1,
        )
        assert system.balances(stage.owner_dsn, booking["id"])["2100", "SAR"] == 0
    else:
        assert system.balances(stage.owner_dsn, booking["id"])["2200", "SAR"] == -11_500
    assert (await who.booking(booking["id"]))["status"] == "confirmed"
    system.assert_invariants(stage.owner_dsn)


async def test_an_upgrade_stays_on_the_flight_and_frees_the_economy_seat(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    flight = system.schedule(stage.owner_dsn, seats=1, business=1)
    booking = await life.confirmed(who, [flight])
    quote = await who.on(booking["id"], "modification-quote", {"cabin": "business"})
    await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    await life.pay(who, booking["id"])
    changed = await life.until(who, booking["id"], lambda found: found["change"] is None)
    assert changed["segments"][0] == {"flightId": flight, "cabin": "business", "fareClass": "J"}
    with pytest.raises(Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(booking["id"], "modification-quote", {"cabin": "economy"})
    assert (await life.reserved(who, [flight]))["status"] == "reserved"
    system.assert_invariants(stage.owner_dsn)


async def test_another_route_and_a_full_flight_are_refused_and_nothing_is_lost(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=2)])
    elsewhere = system.schedule(stage.owner_dsn, seats=2, route=("RUH", "DMM"))
    full = system.schedule(stage.owner_dsn, seats=1, leaves_in=system.LATER)
    await life.reserved(who, [full])
    with pytest.raises(Refused, match="other_route"):
        await who.on(booking["id"], "modification-quote", {"flightId": elsewhere})
    quote = await who.on(booking["id"], "modification-quote", {"flightId": full})
    with pytest.raises(Refused, match="SEATS_UNAVAILABLE"):
        await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert (await who.booking(booking["id"]))["change"] is None


async def test_a_name_is_corrected_by_letters_and_never_becomes_another_person(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    booking = await life.confirmed(who, [system.schedule(stage.owner_dsn, seats=2)])
    first = booking["passengers"][0]["firstName"]
    body = {"passenger": 0, "firstName": f"{first}h", "lastName": "Al-Harbi"}
    corrected = await who.on(booking["id"], "correct-name", body)
    assert corrected["passengers"][0]["lastName"] == "Al-Harbi"
    assert corrected["passengers"][0]["ticketNumber"] == booking["passengers"][0]["ticketNumber"]
    # Two letters more, each step small enough, would be four from the name that was sold.
    drifted = {"passenger": 0, "firstName": f"{first}hh", "lastName": "All-Harbii"}
    with pytest.raises(Refused, match="another_person"):
        await who.on(booking["id"], "correct-name", drifted)
    other = {"passenger": 0, "firstName": "Omar", "lastName": "Alghamdi"}
    with pytest.raises(Refused, match="another_person"):
        await who.on(booking["id"], "correct-name", other)


async def test_an_unpaid_modification_can_be_abandoned_at_once(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    old = system.schedule(stage.owner_dsn, seats=1)
    new = system.schedule(stage.owner_dsn, seats=1, fare=90_000)
    booking = await life.confirmed(who, [old])
    quote = await who.on(booking["id"], "modification-quote", {"flightId": new})
    waiting = await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    assert "abandon_change" in waiting["availableActions"]
    session = await who.on(booking["id"], "checkout")
    stranger = life.person(client, await system.register(client))
    with pytest.raises(life.Refused, match="NOT_FOUND"):
        await stranger.on(booking["id"], "abandon-change")
    abandoned = await who.on(booking["id"], "abandon-change")
    assert (
        abandoned["change"],
        abandoned["segments"][0]["flightId"],
    ) == (None, old)
    assert "cancel" in abandoned["availableActions"]
    assert await system.press(session["checkoutUrl"], "pay") not in {200, 303}
    with pytest.raises(life.Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(booking["id"], "abandon-change")
    assert (await life.reserved(who, [new]))["status"] == "reserved"
    system.assert_invariants(stage.owner_dsn)


async def test_a_paid_modification_cannot_be_abandoned(
    stage: Stage, client: httpx.AsyncClient, traveller: Traveller
) -> None:
    who = life.person(client, traveller)
    old = system.schedule(stage.owner_dsn, seats=1)
    new = system.schedule(stage.owner_dsn, seats=1, fare=90_000)
    booking = await life.confirmed(who, [old])
    quote = await who.on(booking["id"], "modification-quote", {"flightId": new})
    await who.on(booking["id"], "modify", {"quoteId": quote["quoteId"]})
    await life.pay(who, booking["id"])
    with pytest.raises(life.Refused, match="INVALID_STATE_TRANSITION"):
        await who.on(booking["id"], "abandon-change")
    await life.until(who, booking["id"], lambda b: b["segments"][0]["flightId"] == new)
