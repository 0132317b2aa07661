"""Two persons of finance publish a rule over HTTP; nobody else, and nobody alone."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx

from tests.support import customers
from tests.support.customers import Customer
from tests.support.running_system import System

ROOT = Path(__file__).resolve().parents[2]
# No flight of the tests is on this route: nothing that they sell changes.
FEES = {"bands": [{"fromHours": 48, "percent": 5}, {"fromHours": 0, "percent": 60}]}
BODY = {
    "value": FEES,
    "scope": {"route": "MED-AHB", "fareClass": "W"},
    "reason": "commercial",
}
BODY_ROUTE = {"route": "MED-AHB"}
POLICY = "/api/admin/policies/change_fees"


async def send(
    client: httpx.AsyncClient, who: Customer, path: str, body: object, key: str = ""
) -> httpx.Response:
    """Ask for a change, with a key."""
    keyed = {"Idempotency-Key": key or uuid.uuid4().hex, **who.headers}
    return await client.post(f"{POLICY}/{path}", json=body, headers=keyed)


async def test_two_persons_publish_what_one_of_them_proposed(
    system: System, client: httpx.AsyncClient
) -> None:
    author = await customers.staff(system, client, "finance")
    approver = await customers.staff(system, client, "finance", second=True)
    ops = await customers.staff(system, client, "ops")
    assert (await send(client, ops, "proposals", BODY)).status_code == 403
    key = uuid.uuid4().hex
    proposed = await send(client, author, "proposals", BODY, key)
    assert proposed.status_code == 200, proposed.text
    waiting = proposed.json()["proposal"]
    assert waiting["value"] == BODY["value"]
    assert waiting["scope"]["route"] == "MED-AHB"
    assert waiting["scope"]["cabin"] is None
    again = await send(client, author, "proposals", BODY, key)
    assert again.json()["proposal"]["number"] == waiting["number"]
    assert again.headers["Idempotency-Replayed"] == "true"

    approval = f"proposals/{waiting['number']}/approve"
    alone = await send(client, author, approval, {})
    assert (alone.status_code, alone.json()["details"]["reason"]) == (403, "second_person_needed")
    published = await send(client, approver, approval, {})
    assert published.status_code == 200, published.text
    newest = published.json()["versions"][-1]
    assert (newest["value"], newest["reason"]) == (BODY["value"], "commercial")
    assert newest["author"] != newest["approver"]
    gone = await send(client, approver, approval, {})
    assert (gone.status_code, gone.json()["details"]["reason"]) == (409, "proposal_gone")

    listed = await client.get("/api/admin/policies", headers=author.headers)
    found = {each["name"]: each for each in listed.json()["policies"]}
    assert found["change_fees"]["versions"][-1] == newest
    first = found["cancellation_fees"]["versions"][0]
    assert (first["version"], first["author"]) == (1, None)
    assert first["value"]["afterDeparturePercent"] == 100


async def test_every_policy_can_be_proposed_as_it_is_shown(
    system: System, client: httpx.AsyncClient
) -> None:
    author = await customers.staff(system, client, "finance")
    listed = await client.get("/api/admin/policies", headers=author.headers)
    shown = {each["name"]: each["versions"][0]["value"] for each in listed.json()["policies"]}
    assert {"cancellation_fees", "extras", "gift_cards", "compensation"} <= shown.keys()
    for name, value in shown.items():
        path = f"/api/admin/policies/{name}/proposals"
        body = {"value": value, "reason": "correction"}
        answer = await author.call("POST", path, body, key=uuid.uuid4().hex)
        # A rule that one person may publish has no proposal.
        shown_again = answer["proposal"] or answer["versions"][-1]
        assert shown_again["value"] == value, name


async def test_a_rule_that_is_not_possible_is_refused_with_its_field(
    system: System, client: httpx.AsyncClient
) -> None:
    author = await customers.staff(system, client, "finance")
    refused = {
        "validFrom": ({**BODY, "validFrom": "2026-01-01T00:00:00Z"}, "date_in_past"),
        "value": ({**BODY, "value": {**FEES, "afterDeparturePercent": 5}}, "not_of_the_schema"),
        "value.bands": ({**BODY, "value": {"bands": []}}, "bands_not_down_to_departure"),
    }
    for field, (body, reason) in refused.items():
        answer = await send(client, author, "proposals", body)
        details = answer.json()["details"]
        assert (answer.status_code, details["field"], details["reason"]) == (400, field, reason)
    unknown = await client.get("/api/admin/policies/free_lunch", headers=author.headers)
    assert (unknown.status_code, unknown.json()["details"]["reason"]) == (404, "unknown_policy")


async def test_one_person_of_operations_publishes_what_no_money_depends_on(
    system: System, client: httpx.AsyncClient
) -> None:
    ops = await customers.staff(system, client, "ops")
    window = "/api/admin/policies/sales_window/proposals"
    body = {"value": {"closesMinutes": 75}, "scope": BODY_ROUTE, "reason": "commercial"}
    keyed = {"Idempotency-Key": uuid.uuid4().hex, **ops.headers}
    answer = await client.post(window, json=body, headers=keyed)
    assert answer.status_code == 200, answer.text
    newest = answer.json()["versions"][-1]
    assert (newest["value"], newest["approver"]) == ({"closesMinutes": 75}, None)
    assert newest["author"] is not None
    assert answer.json()["proposal"] is None
    refused = {
        "figure_out_of_range": {**body, "value": {"closesMinutes": 9_000}},
        "scope_not_of_policy": {**body, "scope": {"cabin": "economy"}},
        "not_of_the_schema": {**body, "value": {"holdMinutes": 20}},
    }
    for reason, other in refused.items():
        answer = await client.post(
            window, json=other, headers={**keyed, "Idempotency-Key": uuid.uuid4().hex}
        )
        assert (answer.status_code, answer.json()["details"]["reason"]) == (400, reason)
    money = await send(client, ops, "proposals", BODY)
    assert (money.status_code, money.json()["details"]["reason"]) == (403, "finance_only")
    money = await send(client, ops, "proposals/1/approve", {})
    assert (money.status_code, money.json()["details"]["reason"]) == (403, "finance_only")


def ais(system: System, *words: str) -> tuple[int, str, str]:
    """Exit code and output of a command of the shell."""
    done = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "policies", *words],
        cwd=ROOT,
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


async def test_an_operator_proposes_in_the_shell_and_finance_approves(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    approver = await customers.staff(system, client, "finance")
    file = tmp_path / "fees.json"
    file.write_text('{"bands": [{"fromHours": 0, "percent": 7}], "afterDeparturePercent": 99}')
    publish = ("publish", "cancellation_fees", str(file), "--reason", "commercial")
    only = ("--only", "route=MED-AHB", "--only", "fare_class=W")
    before = json.loads(ais(system, "show", "cancellation_fees", "--json")[1])
    assert ais(system, *publish, *only, "--dry-run")[:2] == (0, "possible; nothing was recorded\n")
    assert json.loads(ais(system, "show", "cancellation_fees", "--json")[1]) == before
    code, _, said = ais(system, *publish, *only, "--valid-from", "2026-01-01T00:00")
    assert (code, "validFrom: date_in_past" in said) == (2, True)
    code, _, said = ais(system, *publish, "--only", "route")
    assert (code, "--only takes market, route" in said) == (2, True)

    code, said, _ = ais(system, *publish, *only)
    number = before["proposal_count"] + 1
    assert (code, f"proposal {number} waits" in said) == (0, True)
    path = f"/api/admin/policies/cancellation_fees/proposals/{number}/approve"
    answer = await approver.call("POST", path, {}, key=uuid.uuid4().hex)
    newest = answer["versions"][-1]
    assert newest["author"] == "operator"
    assert newest["value"] == json.loads(file.read_text())
    listed = ais(system, "list")[1].splitlines()
    assert listed[0].startswith(f"cancellation_fees: version {newest['version']} of ")
    compared = ais(system, "diff", "cancellation_fees", "1", str(newest["version"]))[1]
    assert '-    "afterDeparturePercent": 100' in compared
    assert '+    "afterDeparturePercent": 99' in compared
