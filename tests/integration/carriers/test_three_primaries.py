"""Three logs on three primaries behind one web process: nothing crosses, one may be down."""

import asyncio
import hmac
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from application import metrics
from tests.support import customers, ports, running_system, stored_log, three_carriers
from tests.support.customers import Customer, Refused
from tests.support.three_carriers import ROOT, Carrier, Tier

SCALING = ROOT / "docs" / "explanation" / "scaling.md"
EVENTS_OF_A_SALE = 10
Sold = dict[str, tuple[Carrier, Customer]]


@pytest.fixture
async def customer_of(tier: Tier) -> AsyncIterator[Sold]:
    """A fresh customer of each carrier, by designator."""
    async with AsyncExitStack() as stack:
        found = {}
        for name, carrier in tier.carriers.items():
            client = httpx.AsyncClient(verify=False, base_url=carrier.base_url, timeout=30)
            await stack.enter_async_context(client)
            found[name] = (carrier, await customers.register(client))
        yield found


async def test_each_carrier_sells_on_its_own_log_with_its_own_keys_and_money(
    tier: Tier, customer_of: Sold
) -> None:
    bookings = {
        name: await three_carriers.ticketed(carrier, customer)
        for name, (carrier, customer) in customer_of.items()
    }
    for name, (carrier, customer) in customer_of.items():
        own = bookings[name]
        tickets = [each["ticketNumber"] for each in own["passengers"]]
        assert all(each.startswith(carrier.airline_code) for each in tickets), tickets
        assert stored_log.tags(carrier.owner_dsn, own["id"]).count("booking.confirmed.1") == 1
        for other, booking in bookings.items():
            if other == name:
                continue
            # By its id and by its locator, of a customer who is signed in here.
            for asked in (booking["id"], booking["reference"]):
                with pytest.raises(Refused) as refused:
                    await customer.booking(asked)
                assert refused.value.body["code"] == "NOT_FOUND"
            assert stored_log.tags(carrier.owner_dsn, booking["id"]) == []
            # The token of this carrier at the other one.
            elsewhere = customer_of[other][1].client
            answer = await elsewhere.get(f"/api/bookings/{booking['id']}", headers=customer.headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    issuers = {_issuer_keys(customer) for _, customer in customer_of.values()}
    assert len({await each for each in issuers}) == len(customer_of)
    _assert_measured_by_carrier(tier)


def _assert_measured_by_carrier(tier: Tier) -> None:
    """What one process measures of several carriers does not mix."""
    text = httpx.get(f"http://127.0.0.1:{tier.metrics_port}/metrics", timeout=30).text
    shown: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.value or each.name == metrics.STRIPE_BREAKER_OPEN.name:
                shown.setdefault(each.name, set()).add(each.labels.get("carrier", ""))
    carriers = set(tier.carriers)
    for name in (
        *("ais_commands_total", "ais_append_seconds_count", "ais_append_commands_count"),
        *("ais_stripe_call_seconds_count", "ais_stripe_breaker_open"),
    ):
        assert shown[name] == carriers, name
    # Asked at no carrier's address: whether the process lives.
    assert shown["ais_request_seconds_count"] == {*carriers, ""}


async def _issuer_keys(customer: Customer) -> str:
    return (await customer.client.get("/.well-known/jwks.json")).text


async def test_one_idempotency_key_is_a_key_of_each_carrier(customer_of: Sold) -> None:
    key = secrets.token_hex(8)
    made = {}
    for name, (carrier, customer) in customer_of.items():
        flight = running_system.schedule(carrier, seats=9, carrier=name)
        answers = [await customer.send_booking(flight, key=key) for _ in range(2)]
        assert [each.status_code for each in answers] == [201, 201]
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert answers[0].json()["id"] == answers[1].json()["id"]
        made[name] = answers[0].json()["id"]
    assert len(set(made.values())) == len(customer_of)


async def test_a_webhook_is_taken_at_the_address_of_its_own_carrier_only(
    customer_of: Sold,
) -> None:
    carrier, customer = customer_of["YY"]
    await three_carriers.ticketed(carrier, customer)
    listed = await customer.client.get(
        f"{carrier.stripe.url}/v1/events?type=payment_intent.succeeded&limit=1",
        headers={"authorization": f"Bearer {carrier.stripe.api_key}"},
    )
    body = json.dumps(listed.json()["data"][0])
    at = str(int(time.time()))
    signature = hmac.new(b"whsec_YY", f"{at}.{body}".encode(), "sha256").hexdigest()
    signed = {"stripe-signature": f"t={at},v1={signature}", "content-type": "application/json"}
    answers = {
        name: await other.client.post("/api/webhooks/stripe", content=body, headers=signed)
        for name, (_, other) in customer_of.items()
    }
    assert {name: each.status_code for name, each in answers.items()} == {
        "XX": 400,
        "YY": 200,
        "ZZ": 400,
    }


async def test_a_dead_primary_stops_its_own_carrier_alone(tier: Tier, customer_of: Sold) -> None:
    dead, lost = customer_of["YY"]
    flight = running_system.schedule(dead, seats=9, carrier="YY")
    os.killpg(dead.postgres.pid, signal.SIGKILL)
    try:
        refused = await lost.send_booking(flight)
        assert (refused.status_code, refused.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(refused.headers["retry-after"]) > 0
        assert (await lost.client.get("/health/ready")).status_code == 503
        for name in ("XX", "ZZ"):
            assert (await three_carriers.ticketed(*customer_of[name]))["status"] == "confirmed"
        # A web process that starts meanwhile serves the others, too.
        port = ports.free_port()
        with tier.process("web", AIS_PORT=str(port)) as second:
            url = f"http://127.0.0.1:{port}"
            await asyncio.to_thread(tier.await_answer, url, second)
            async with httpx.AsyncClient(verify=False, base_url=url, timeout=30) as client:
                await _shows_one_down(client)
                host = {"host": httpx.URL(tier.carriers["XX"].base_url).netloc.decode()}
                me = {**customer_of["XX"][1].headers, **host}
                assert (await client.get("/api/auth/me", headers=me)).status_code == 200
    finally:
        await asyncio.to_thread(dead.postgres.restart_after_kill)
    await _sells_again(lost, flight)
    assert (await three_carriers.ticketed(dead, lost))["status"] == "confirmed"


async def _sells_again(customer: Customer, flight: str) -> None:
    """Repeat a request as its answer says, until the connections to the server are new ones."""
    key = secrets.token_hex(8)
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        answer = await customer.send_booking(flight, key=key)
        while answer.status_code == 503:
            await asyncio.sleep(0.1)
            answer = await customer.send_booking(flight, key=key)
    assert answer.status_code == 201, answer.text
    await running_system.await_ready(customer.client)


async def _shows_one_down(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "degraded"
    assert body["components"]["YY"] == "down"
    assert "down" not in {body["components"][each] for each in ("database", "XX", "ZZ")}


def heads(tier: Tier) -> dict[str, int]:
    """The last position of each log."""
    found = {}
    for name, carrier in tier.carriers.items():
        with psycopg.connect(carrier.owner_dsn) as connection:
            found[name] = stored_log.head(connection)
    return found


async def test_a_sale_of_one_carrier_moves_no_other_log(tier: Tier, customer_of: Sold) -> None:
    before = heads(tier)
    await three_carriers.ticketed(*customer_of["ZZ"])
    after = heads(tier)
    # Of the page about scaling, and the flight itself.
    assert after["ZZ"] - before["ZZ"] == EVENTS_OF_A_SALE + 1
    assert f"{EVENTS_OF_A_SALE} events" in SCALING.read_text("utf-8")
    assert {each: after[each] for each in ("XX", "YY")} == {
        each: before[each] for each in ("XX", "YY")
    }
