"""A payment whose webhooks were all lost is found by `ais stripe backfill`, and explained."""

import datetime as dt
import os
import subprocess
import sys

import httpx

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System


def backfill(system: System, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command with the settings of the running system."""
    return subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "stripe", "backfill", *arguments],
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_a_payment_whose_webhooks_were_lost_is_confirmed_by_a_backfill(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    made = await customer.send_booking(running_system.schedule(system, seats=5))
    booking = made.json()["id"]
    session = await customer.on(booking, "checkout")
    running_system.control(system, "rules", action="drop", times=100)
    assert await customers.press(session["checkoutUrl"], "pay") == 303
    running_system.control(system, "rules", "DELETE")
    assert (await customer.call("GET", f"/api/bookings/{booking}"))["status"] == "reserved"
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    done = backfill(system, "--since", f"{since:%Y-%m-%dT%H:%M}")
    assert done.returncode == 0, done.stderr
    assert "events listed" in done.stdout
    await customer.becomes(booking, "confirmed")
    finance = await customers.staff(system, client, "finance")
    listed = await finance.call("GET", "/api/admin/stripe-events?limit=200")
    effects = []
    for each in listed["events"]:
        found = await finance.call("GET", f"/api/admin/stripe-events/{each['event']}")
        effects += [effect["event"] for effect in found["effects"] if effect["stream"] == booking]
    assert effects.count("booking.confirmed.1") == 1


def test_a_wrong_call_is_refused_with_its_reason(system: System) -> None:
    for since in ("2020-01-01", "yesterday"):
        refused = backfill(system, "--since", since)
        assert refused.returncode == 2
        assert "30 days" in refused.stderr or "yesterday" in refused.stdout + refused.stderr


async def test_invalid_questions_name_their_field(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    finance = await customers.staff(system, client, "finance")
    for asked, field in (("state=old", "state"), ("limit=0", "limit"), ("limit=x", "limit")):
        path = f"/api/admin/stripe-events?{asked}"
        refused = await client.get(path, headers=finance.headers)
        assert refused.status_code == 400, refused.text
        assert refused.json()["details"]["field"] == field
        assert (await client.get(path, headers=customer.headers)).status_code == 403
    unknown = await client.get("/api/admin/stripe-events?cursor=evt_no", headers=finance.headers)
    assert unknown.status_code == 400
    assert unknown.json()["details"] == {"field": "cursor", "reason": "unknown"}
    replay = "/api/admin/stripe-events/replay"
    body = {"reason": "NothingLikeThis"}
    answer = await client.post(replay, json=body, headers=finance.headers)
    assert answer.json() == {"replayed": 0}
    assert (await client.post(replay, json=body, headers=customer.headers)).status_code == 403
