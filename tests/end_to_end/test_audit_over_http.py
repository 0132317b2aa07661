"""What an auditor reads over HTTP: the log in order, one booking whole, and nothing personal."""

import asyncio
import datetime as dt
import itertools
import json
import os
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import customers, running_system, stored_log
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
    await asyncio.to_thread(running_system.await_rest, system)
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


async def _actions(reader: Customer, **wanted: str | int) -> list[dict[str, Any]]:
    """The actions of all pages, the newest first."""
    found: list[dict[str, Any]] = []
    while True:
        page = await reader.call("GET", f"{PATH}/actions?{urllib.parse.urlencode(wanted)}")
        found += page["actions"]
        if page["nextCursor"] is None:
            return found
        wanted["cursor"] = page["nextCursor"]


async def _user(person: Customer) -> str:
    user: str = (await person.call("GET", "/api/auth/me"))["id"]
    return user


async def test_what_staff_decided_and_who_was_refused_is_one_list(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    finance = await customers.staff(system, client, "finance")
    start = dt.datetime.now(dt.UTC)
    flight = running_system.schedule(system, seats=2)
    booking = await customer.confirmed([flight])
    own = await customer.reserved([flight])
    await customer.cancelled(own["id"])
    granted = {"reason": "complaint of a passenger upheld"}
    await finance.post(f"/api/admin/bookings/{booking['id']}/refund", granted)
    refused = await client.get(f"{PATH}/actions", headers=finance.headers)
    assert refused.status_code == 403
    stored_log.await_row(
        system.owner_dsn,
        "SELECT count(*) FROM identity.auth_event WHERE correlation_id = "
        f"'{refused.json()['correlationId']}'",
        lambda count: count == 1,
    )
    by_finance = await _actions(
        auditor, user=await _user(finance), **{"from": start.isoformat()}, limit=1
    )
    names = ["identity.permission_refused", "booking.refund_granted"]
    assert [each["action"] for each in by_finance] == names
    refusal, grant = by_finance
    assert (refusal["resource"], refusal["origin"]) == ("GET /api/audit/actions", "identity")
    assert refusal["source"] is not None
    assert refusal["correlationId"] == refused.json()["correlationId"]
    assert (grant["resource"], grant["origin"]) == (booking["id"], "log")
    assert grant["actor"] == f"finance:{await _user(finance)}"
    assert grant["change"]["obligation"]["amount"] == booking["total"]
    assert all(each["sealed"] for each in grant["change"]["notes"])
    everything = await _actions(auditor, **{"from": start.isoformat()})
    assert [each for each in everything if each["resource"] == own["id"]] == []
    asked = await _actions(auditor, user=await _user(auditor), action="audit.asked", limit=500)
    assert asked[0]["resource"] == "GET /api/audit/actions"
    assert asked[0]["change"]["query"].startswith("user=")
    assert None not in (asked[0]["source"], asked[0]["agent"])


@pytest.mark.parametrize("kind", ["cancellation", "modification"])
async def test_who_offered_a_waiver_is_recorded_without_the_words(
    system: System, client: httpx.AsyncClient, customer: Customer, kind: str
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    support = await customers.staff(system, client, "support")
    flight, other = (running_system.schedule(system, seats=2) for _ in range(2))
    booking = await customer.confirmed([flight])
    wanted = {"segment": 0, "flightId": other} if kind == "modification" else {}
    await support.on(booking["id"], f"{kind}-quote", wanted)
    waived = {**wanted, "waiver": "bereavement of Layla"}
    await support.on(booking["reference"].lower(), f"{kind}-quote", waived)
    actions = await _actions(auditor, user=await _user(support), action="waiver.offered")
    found = [each["change"] for each in actions if each["resource"] == booking["id"]]
    assert found == [{"kind": kind}]


async def test_an_export_is_verified_without_our_secrets_and_tampering_shows(
    system: System, client: httpx.AsyncClient, customer: Customer, tmp_path: Path
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    answer = await client.get(f"{PATH}/actions/export", headers=auditor.headers)
    assert answer.headers["content-type"] == "application/jsonl"
    header, *lines = [json.loads(line) for line in answer.content.splitlines()]
    assert header["count"] == len(lines) > 3
    assert lines[-1]["action"] == "audit.exported"
    assert [each["at"] for each in lines] == sorted(each["at"] for each in lines)
    keys, export = tmp_path / "jwks.json", tmp_path / "actions.jsonl"
    keys.write_bytes((await client.get("/.well-known/jwks.json")).content)
    export.write_bytes(answer.content)
    (tmp_path / "actions.jsonl.sig").write_text(answer.headers["x-signature"])
    assert await _ais_audit(system, "verify", export, "--keys", keys) == (
        0,
        "the signature is good\n",
    )
    export.write_bytes(answer.content.replace(b'"auditor:', b'"support:'))
    assert (await _ais_audit(system, "verify", export, "--keys", keys))[0] == 1
    other = tmp_path / "again.jsonl"
    assert (await _ais_audit(system, "export", other))[0] == 0
    assert (await _ais_audit(system, "verify", other, "--keys", keys))[0] == 0
    assert json.loads(other.read_bytes().splitlines()[-1])["actor"] == "operator"
    assert (await _ais_audit(system, "export", other))[0] == 2


async def _ais_audit(system: System, *words: str | Path) -> tuple[int, str]:
    """The exit code of `ais audit`, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli.main", "audit", *map(str, words)),
        env={**os.environ, **system.environment},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("actions?cursor=x", "cursor"),
        ("actions?cursor=1.2", "cursor"),
        ("actions?cursor=-.-.-.-", "cursor"),
        ("actions?limit=501", "limit"),
        ("actions?from=2027-01-01T00:00:00", "from"),
        ("actions/export?to=2027-01-01T00:00:00", "to"),
        ("actions?from=yesterday", "from"),
        ("actions?from=null", "from"),
        ("actions?from=0.5", "from"),
        ("actions/export?to=1798761600", "to"),
    ],
)
async def test_odd_questions_about_actions_are_refused_with_the_field(
    system: System, client: httpx.AsyncClient, path: str, field: str
) -> None:
    auditor = await customers.staff(system, client, "auditor")
    answer = await client.get(f"{PATH}/{path}", headers=auditor.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["details"]["field"] == field
