"""Subscriptions over HTTP and by `ais partner`: by an admin alone, from adding to removing."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from domain.identity import roles
from domain.identity.roles import Role
from infrastructure.identity import tokens
from infrastructure.sealing import master_key
from tests.integration.identity.test_second_factors_over_http import bearer
from tests.integration.partners.conftest import CANCELLED, CONFIRMED, Office
from tests.support import account_edge
from tests.support import identity as identities
from tests.support.identity import Identity
from tests.support.partner_server import PartnerServer
from tests.support.servers import TestDatabase

ACCOUNT = {"email": "layla@example.com", "password": "correct horse battery"}
PATH = "/api/admin/subscriptions"
UNKNOWN = f"{PATH}/sub_0123456789abcdef01234567"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def identity(database: TestDatabase) -> AsyncIterator[Identity]:
    async with identities.opened(database.app_dsn) as each:
        each.now = dt.datetime.now(dt.UTC)
        yield each


async def signed_in(identity: Identity, client: httpx.AsyncClient, role: Role) -> dict[str, str]:
    await identity.register(ACCOUNT["email"], ACCOUNT["password"], role)
    answer = await client.post("/api/auth/mobile-login", json=ACCOUNT)
    return dict(bearer(answer.json()))


async def test_a_subscription_from_adding_to_removing(
    identity: Identity, office: Office, partner: PartnerServer
) -> None:
    office.append(CONFIRMED)
    async with account_edge.client_of(identity, partners=office.changing) as client:
        headers = await signed_in(identity, client, "admin")

        async def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            answer = await client.request(method, path, json=body, headers=headers)
            return answer.status_code, answer.json()

        body = {"name": "Hotel hub", "url": partner.url, "types": [CONFIRMED, CANCELLED]}
        status, added = await call("POST", PATH, body)
        assert status == 201, added
        subscription = added["subscription"]
        assert (subscription["status"], subscription["position"]) == ("active", 1)
        assert subscription["types"] == [CONFIRMED, CANCELLED]
        partner.secrets, partner.position = [added["secret"]], 1
        one = f"{PATH}/{subscription['id']}"
        status, refused = await call("POST", PATH, body)
        assert (status, refused["details"]) == (409, {"field": "name", "reason": "name_taken"})
        office.append(CANCELLED)
        found = await office.store.find(subscription["id"])
        assert found is not None
        await office.deliver(found)
        assert partner.taken == [2]
        status, listed = await call("GET", PATH)
        assert (status, [each["position"] for each in listed["subscriptions"]]) == (200, [2])
        assert added["secret"] not in msgspec.json.encode(listed).decode()
        status, replaced = await call("POST", f"{one}/secret")
        assert (status, replaced["secret"] == added["secret"]) == (200, False)
        status, again = await call("POST", f"{one}/replay", {"after": 0})
        assert (status, again["position"]) == (200, 0)
        status, ahead = await call("POST", f"{one}/replay", {"after": 3})
        assert (status, ahead["details"]["reason"]) == (400, "ahead_of_log")
        assert (await call("POST", f"{one}/disable"))[1]["status"] == "disabled"
        assert (await call("POST", f"{one}/enable"))[1]["status"] == "active"
        assert await call("GET", "/api/admin/parked-subscriptions") == (200, {"subscriptions": []})
        status, removed = await call("DELETE", one)
        assert (status, removed["id"]) == (200, subscription["id"])
        for method, path in (
            *(("DELETE", one), ("POST", f"{one}/secret")),
            *(("POST", f"{one}/enable"), ("POST", f"{UNKNOWN}/disable")),
        ):
            assert (await call(method, path))[0] == 404
        assert (await call("POST", f"{UNKNOWN}/replay", {"after": 0}))[0] == 404


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"url": "http://a.example/"}, {"field": "url", "reason": "not_https"}),
        ({"url": "https://10.0.0.1/"}, {"field": "url", "reason": "private_address"}),
        ({"url": "https://a@b.example/"}, {"field": "url", "reason": "with_credentials"}),
        ({"types": ["x.y.1"]}, {"field": "types[0]", "reason": "unknown"}),
        ({"types": [CONFIRMED] * 2}, {"field": "types", "reason": "duplicate"}),
    ],
)
async def test_a_wrong_subscription_is_refused_with_field_and_reason(
    identity: Identity, office: Office, body: dict[str, Any], details: dict[str, str]
) -> None:
    """Fault row 52: and nothing is stored of it, nor of members that a client may not set."""
    async with account_edge.client_of(identity, partners=office.changing) as client:
        headers = await signed_in(identity, client, "admin")
        sound = {"name": "Hotel hub", "url": "https://partner.example/"}
        answer = await client.post(PATH, json={**sound, **body}, headers=headers)
        assert (answer.status_code, answer.json()["details"]) == (400, details)
        for wrong in (
            *({"types": []}, {"types": [CONFIRMED] * 101}, {"name": ""}, {"name": "a\nb"}),
            *({"name": "x" * 81}, {"url": "https://x/" + "x" * 500}, {"url": 5}),
            *({"position": 5}, {"secret": "whsec_x"}, {"types": [5]}),
        ):
            answer = await client.post(PATH, json={**sound, **wrong}, headers=headers)
            assert answer.status_code == 400, wrong
            assert answer.json()["details"]["field"].startswith(next(iter(wrong)))
    assert office.rows("SELECT * FROM partner.subscription") == []


@pytest.mark.parametrize("role", [each for each in roles.ROLES if each != "admin"])
async def test_no_other_role_reads_or_changes_subscriptions(
    identity: Identity, office: Office, role: Role
) -> None:
    """Fault row 51: a server of somebody's own would get every event."""
    async with account_edge.client_of(identity, partners=office.changing) as client:
        headers = await signed_in(identity, client, role)
        body = {"name": "Mine", "url": "https://mine.example/"}
        for method, path, sent in (
            *(("POST", PATH, body), ("GET", PATH, None), ("DELETE", UNKNOWN, None)),
            *(("POST", f"{UNKNOWN}/secret", None), ("POST", f"{UNKNOWN}/replay", {"after": 0})),
        ):
            answer = await client.request(method, path, json=sent, headers=headers)
            assert answer.status_code == 403, path
    assert office.rows("SELECT * FROM partner.subscription") == []


async def test_the_operator_does_the_same_by_the_command(
    office: Office, partner: PartnerServer
) -> None:
    key = master_key.generated()
    environment = {
        **{name: each for name, each in os.environ.items() if not name.startswith("AIS_")},
        "AIS_DATABASE_URL": office.database.app_dsn,
        "AIS_MASTER_KEY": key,
        "AIS_TOKEN_KEY": tokens.generated(),
        "AIS_STRIPE_API_KEY": "sk_test_x",
        "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_x",
        "AIS_PUBLIC_URL": "https://airline.example",
        "AIS_PARTNER_LOOPBACK": "true",
    }

    def ais(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "interfaces.cli.main", "partner", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    code, shown, errors = ais("add", "Hotel hub", partner.url, "--types", CONFIRMED)
    assert (code, errors) == (0, "")
    subscription_id, secret = shown.split()
    office.open_with(key)
    partner.secrets = [secret]
    office.append(CONFIRMED)
    found = await office.store.find(subscription_id)
    assert found is not None
    await office.deliver(found)
    assert partner.taken == [1]
    assert ais("list")[1] == f"{subscription_id} active 1 Hotel hub\n"
    assert ais("replay", subscription_id, "0")[1] == f"{subscription_id} active 0 Hotel hub\n"
    assert ais("replay", subscription_id, "9") == (1, "", "ais partner: ahead_of_log\n")
    assert "disabled" in ais("disable", subscription_id)[1]
    assert "active" in ais("enable", subscription_id)[1]
    assert ais("secret", subscription_id)[1].startswith("whsec_")
    assert ais("add", "Hotel hub", partner.url)[2] == "ais partner: name_taken\n"
    assert ais("add", "Other", "ftp://x")[2] == "ais partner: not_https\n"
    assert ais("remove", subscription_id)[0] == 0
    assert ais("remove", subscription_id) == (1, "", "ais partner: NOT_FOUND\n")
    actors = office.rows("SELECT DISTINCT actor FROM audit.action")
    assert actors == [("operator",)]
