"""Two persons of finance publish a rule over HTTP; nobody else, and nobody alone."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import msgspec

from application.policies.value_json import members_of
from domain.policies.values import LAUNCH
from interfaces.http import policies
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

    seen = await send(client, approver, "preview", {})
    assert seen.status_code == 200, seen.text
    assert seen.json()["scope"] == waiting["scope"]
    assert (seen.json()["inScope"], seen.json()["lines"]) == (0, [])

    approval = f"proposals/{waiting['number']}/approve"
    alone = await send(client, author, approval, {})
    assert (alone.status_code, alone.json()["details"]["reason"]) == (403, "second_person_needed")
    published = await send(client, approver, approval, {})
    assert published.status_code == 200, published.text
    newest = published.json()["versions"][-1]
    assert (newest["value"], newest["reason"]) == (BODY["value"], "commercial")
    assert newest["author"] != newest["approver"]
    nothing = await send(client, author, "preview", {})
    assert (nothing.status_code, nothing.json()["details"]["reason"]) == (409, "proposal_gone")
    gone = await send(client, approver, approval, {})
    assert (gone.status_code, gone.json()["details"]["reason"]) == (409, "proposal_gone")

    listed = await client.get("/api/admin/policies", headers=author.headers)
    found = {each["name"]: each for each in listed.json()["policies"]}
    assert found["change_fees"]["versions"][-1] == newest
    first = found["cancellation_fees"]["versions"][0]
    assert (first["version"], first["author"]) == (1, None)
    assert first["value"]["afterDeparturePercent"] == 100


def test_every_policy_has_the_form_of_the_document() -> None:
    for value in LAUNCH.values():
        members = members_of(value)
        shown = msgspec.convert(members, policies.PolicyValue)
        assert msgspec.to_builtins(shown) == members


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
    answer = await send(client, author, "proposals", {**BODY, "reason": "greed"})
    assert answer.json()["details"]["allowed"] == "commercial, correction, law, rollback"
    late = await send(client, author, "preview", {"version": 1, "from": "2027-01-01T00:00:00Z"})
    details = late.json()["details"]
    assert (late.status_code, details["reason"]) == (400, "period_not_possible")
    early = await send(client, author, "preview", {"version": 1, "to": "0001-01-01T00:00:00+14:00"})
    assert early.json()["bookings"] == 0
    beyond = await send(client, author, "preview", {"version": 1_000})
    assert (beyond.status_code, beyond.json()["details"]["reason"]) == (404, "unknown_version")
    unknown = await client.get("/api/admin/policies/free_lunch", headers=author.headers)
    assert (unknown.status_code, unknown.json()["details"]["reason"]) == (404, "unknown_policy")


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

    code, _, said = ais(system, "publish", "change_fees", "--again", "1", "--only", "x", "--json")
    assert (code, json.loads(said)["code"]) == (2, "WRONG_CALL")
    preview = ("preview", "cancellation_fees", str(file))
    code, said, _ = ais(system, *preview, *only, "--json")
    assert (code, json.loads(said)["in_scope"]) == (0, 0)
    code, _, said = ais(system, *preview, "--from", "2027-01-01", "--json")
    assert (code, json.loads(said)["reason"]) == (2, "period_not_possible")

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
