"""What an auditor reads over HTTP: the log in order, one booking whole, and nothing personal."""

import itertools
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

PATH = "/api/audit"


async def _all_events(reader: Customer, path: str, **wanted: str | int) -> list[dict[str, Any]]:
    """The events of all pages."""
    found: list[dict[str, Any]] = []
    while True:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        page = await reader.call("GET", f"{PATH}/{path}?{query}")
        found += page["events"]
        if page["nextCursor"] is None:
            return found
        wanted["after"] = page["nextCursor"]


async def test_a_booking_is_read_whole_and_the_log_from_any_position(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    start = (await auditor.call("GET", f"{PATH}/events?after=0&limit=1"))["position"]
    assert start == 1
    booking = await customer.confirmed([running_system.schedule(system, seats=1)])
    whole = await _all_events(auditor, f"bookings/{booking['reference'].lower()}", limit=3)
    kinds = [each["type"] for each in whole]
    assert kinds[0] == "booking.initiated.1"
    assert {"payment.captured.1", "booking.confirmed.1", "taxdocuments.issued.1"} <= set(kinds)
    assert all(booking["reference"] in each["stream"] for each in whole)
    positions = [each["position"] for each in whole]
    assert positions == sorted(set(positions))
    name = next(
        each["data"]["passengers"][0]["name"] for each in whole if "passengers" in each["data"]
    )
    assert name == {"subject": name["subject"], "sealed": True}
    log = await _all_events(auditor, "events", after=positions[0] - 1, limit=500)
    assert [each["position"] for each in log] == [
        each for each, _ in zip(itertools.count(positions[0]), log, strict=False)
    ]
    assert [each for each in log if each in whole] == whole
    chosen = {"stream": booking["id"], "type": "booking.confirmed.1"}
    (confirmed,) = await _all_events(auditor, "events", **chosen)
    assert confirmed in whole
    same = await _all_events(auditor, "events", correlationId=confirmed["correlationId"])
    assert confirmed in same
    me = (await client.get("/api/auth/me", headers=customer.headers)).json()["id"]
    mine = await _all_events(auditor, "events", actor=f"customer:{me}", limit=1)
    assert [each["type"] for each in mine if each["stream"] == booking["id"]][:1] == kinds[:1]


@pytest.mark.parametrize(
    ("path", "status", "details"),
    [
        ("events?after=x", 400, {"field": "after", "reason": "unknown"}),
        ("events?after=99999999", 400, {"field": "after", "reason": "ahead_of_log"}),
        ("events?type=booking.gone.1", 400, {"field": "type", "reason": "unknown"}),
        ("events?limit=0", 400, {"field": "limit", "reason": "1 to 500 is expected"}),
        ("events?limit=501", 400, None),
        ("bookings/ZZZZZZ", 404, None),
        ("bookings/what", 404, None),
        ("bookings/ZZZZZZ?after=-1", 400, None),
    ],
)
async def test_odd_questions_are_refused_with_the_reason(
    system: System, client: httpx.AsyncClient, path: str, status: int, details: Any
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    answer = await client.get(f"{PATH}/{path}", headers=auditor.headers)
    assert answer.status_code == status, answer.text
    assert details in (None, answer.json()["details"])


@pytest.mark.parametrize("role", ["finance", "support", "ops"])
async def test_only_auditors_read_it(system: System, client: httpx.AsyncClient, role: str) -> None:
    reader = await customers.staff(system, client, role)
    for path in ("events", "bookings/ZZZZZZ"):
        answer = await client.get(f"{PATH}/{path}", headers=reader.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
