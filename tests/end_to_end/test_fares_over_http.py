"""Finance files fares and families: in the shell from a file, and over HTTP."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx

from application.policies.value_json import members_of
from tests.support import customers
from tests.support.fare_families import BRANDS
from tests.support.running_system import System

ROOT = Path(__file__).resolve().parents[2]
HEADING = "route,cabin,fare_class,currency,amount,first_day,last_day,days,trip\n"
# No flight of the tests is on this route: nothing that they sell changes.
FARES = HEADING + "MED-AHB,economy,W,SAR,199.00,,,45,\nMED-AHB,economy,W,SAR,149.50,,,,\n"


def ais(system: System, *words: str) -> tuple[int, str, str]:
    """Exit code and output of a command of the shell."""
    done = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "fares", *words],
        cwd=ROOT,
        env={**os.environ, **system.environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


async def test_fares_of_a_file_are_checked_proposed_and_approved(
    system: System, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file, wrong = tmp_path / "fares.csv", tmp_path / "wrong.csv"
    file.write_text(FARES)
    wrong.write_text(HEADING + "MED-AHB,economy,W,SAR,a lot,,,,\nMED,economy,W,SAR,1.00,,,9,\n")
    code, _, said = ais(system, "import", str(wrong), "--reason", "commercial", "--json")
    errors = [(each["line"], each["field"]) for each in json.loads(said)["errors"]]
    assert (code, errors) == (2, [(2, "amount"), (3, "days")])
    assert ais(system, "export")[:2] == (0, HEADING)
    publish = ("import", str(file), "--reason", "commercial")
    code, said, _ = ais(system, *publish, "--dry-run")
    assert (code, said) == (0, "2 new, 0 changed, 0 removed; nothing was recorded\n")
    code, said, _ = ais(system, *publish, "--json")
    waiting = json.loads(said)["proposal"]
    assert (code, json.loads(said)["fares"]) == (0, 2)

    approver = await customers.staff(system, client, "finance")
    published = await client.post(
        f"/api/admin/policies/filed_fares/proposals/{waiting}/approve",
        json={},
        headers={"Idempotency-Key": uuid.uuid4().hex, **approver.headers},
    )
    assert published.status_code == 200, published.text
    newest = published.json()["versions"][-1]
    assert [each["amount"] for each in newest["value"]["fares"]] == [19_900, 14_950]
    assert newest["author"] == "operator"


async def test_families_are_proposed_over_http_for_the_scopes_that_they_have(
    system: System, client: httpx.AsyncClient
) -> None:
    author = await customers.staff(system, client, "finance")
    value = json.loads(json.dumps(members_of(BRANDS)))
    body = {"value": value, "reason": "commercial", "scope": {"route": "MED-AHB"}}

    async def propose(changed: dict[str, object]) -> httpx.Response:
        return await client.post(
            "/api/admin/policies/fare_families/proposals",
            json={**body, **changed},
            headers={"Idempotency-Key": uuid.uuid4().hex, **author.headers},
        )

    proposed = await propose({})
    assert proposed.status_code == 200, proposed.text
    assert proposed.json()["proposal"]["value"] == value
    refused = {
        "scope": ({"scope": {"fareClass": "W"}}, "scope_not_of_policy"),
        "value.families": ({"value": {"families": value["families"][:2]}}, "no_family_of_the_rest"),
        "value": ({"value": {"fares": []}}, "not_of_the_schema"),
    }
    for field, (changed, reason) in refused.items():
        answer = await propose(changed)
        details = answer.json()["details"]
        assert (answer.status_code, details["field"], details["reason"]) == (400, field, reason)
