"""`ais doctor` and `ais explain` on a running system, as an operator calls them."""

import json
from typing import Any

import httpx
import psycopg

from tests.support import running_system, stored_log
from tests.support.customers import Customer
from tests.support.operator_shell import ais
from tests.support.running_system import System


def _levels(printed: str) -> dict[str, str]:
    return {each["check"]: each["level"] for each in json.loads(printed)["findings"]}


async def test_a_healthy_system_has_no_failed_finding(system: System) -> None:
    found = await ais(system, "doctor", "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    levels = _levels(found.stdout)
    assert levels.keys() >= {
        *("keys", "settings", "database", "connections", "clock", "migrations", "permissions"),
        *(
            "permissions of the projector",
            "read models",
            "scheduler",
            "tasks",
            "webhooks",
            "retention",
        ),
        *("redis", "stripe", "mail", "disk"),
    }
    assert {levels[each] for each in ("database", "migrations", "scheduler", "stripe")} == {"ok"}
    secrets = (system.settings.stripe_api_key, system.settings.master_key)
    assert not [each for each in secrets if each.reveal() in found.stdout + found.stderr]


async def test_each_part_that_is_away_is_named_and_the_others_are_still_checked(
    system: System,
) -> None:
    away = "http://127.0.0.1:1"
    found = await ais(
        system,
        *("doctor", "--json"),
        AIS_STRIPE_BASE_URL=away,
        AIS_REDIS_URL="redis://127.0.0.1:1/0",
        AIS_DATA_DIR="/nowhere",
        # The owner can do everything, and the projector's login must not append.
        AIS_DATABASE_URL=system.owner_dsn,
    )
    assert found.returncode == 1
    levels = _levels(found.stdout)
    assert {name for name, level in levels.items() if level == "failed"} >= {
        *("permissions", "redis", "stripe", "mail", "disk"),
    }
    assert levels["database"] == levels["migrations"] == "ok"


async def test_without_a_database_or_a_setting_the_first_cause_is_the_answer(
    system: System,
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/ais"
    found = await ais(system, "doctor", "--json", AIS_DATABASE_URL=nowhere)
    assert found.returncode == 1
    levels = _levels(found.stdout)
    assert levels["database"] == "failed"
    assert levels["stripe"] == "ok"
    assert "read models" not in levels
    missing = await ais(system, "doctor", AIS_PUBLIC_URL="")
    assert missing.returncode == 2
    assert "AIS_PUBLIC_URL is missing" in missing.stdout


async def test_a_booking_is_explained_without_anything_personal(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.confirmed([running_system.schedule(system, seats=1)])
    running_system.await_rest(system)
    found = await ais(system, "explain", booking["reference"], "--json")
    assert found.returncode == 0, found.stderr
    story = json.loads(found.stdout)
    for prefix in (booking["id"], booking["id"].replace("booking-", "payment-")):
        tags = [each["tag"] for each in story["events"] if each["stream"].startswith(prefix)]
        assert tags == stored_log.tags(system.owner_dsn, prefix) != []
    for entry in story["entries"]:
        assert sum(each["amount"] for each in entry["postings"]) == 0
    assert story["entries"]
    kinds = {each.partition("_")[0] for each in story["stripeObjects"]}
    assert {"pi", "cs"} <= kinds
    assert "mail.booking_confirmed" in {each["topic"] for each in story["letters"]}
    assert {each["object"] for each in story["webhooks"]} <= set(story["stripeObjects"])
    assert story["webhooks"]
    personal = await _names(client, customer, booking["id"])
    lines = await ais(system, "explain", booking["id"])
    assert lines.returncode == 0
    for printed in (found.stdout, lines.stdout):
        assert not [each for each in personal if each in printed]
    assert "mail.booking_confirmed: sent" in lines.stdout
    assert _questions(system, booking["id"]) == []


async def test_personal_data_is_opened_for_a_ticket_and_the_question_is_recorded(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=1)])
    names = await _names(client, customer, booking["id"])
    refused = await ais(system, "explain", booking["id"], "--personal", "because I want to")
    assert refused.returncode == 2
    assert _questions(system, booking["id"]) == []
    for words in ([], ["--json"]):
        found = await ais(system, "explain", booking["id"], "--personal", "INC-7", *words)
        assert found.returncode == 0, found.stderr
        assert [each for each in names if each in found.stdout] == names
    assert _questions(system, booking["id"]) == [("operator", {"ticket": "INC-7"})] * 2


async def test_an_unknown_booking_is_not_explained(system: System) -> None:
    for reference in ("ZZZZZZ", "no reference", "booking-ZZZZZZ"):
        found = await ais(system, "explain", reference, "--personal", "INC-8")
        assert (found.returncode, found.stdout) == (1, ""), found
        assert "NOT_FOUND" in found.stderr


def _questions(system: System, booking: str) -> list[tuple[str, Any]]:
    with psycopg.connect(system.owner_dsn) as connection:
        return connection.execute(
            "SELECT actor, change FROM audit.action "
            "WHERE action = 'booking.explained' AND resource = %s",
            (booking,),
        ).fetchall()


async def _names(client: httpx.AsyncClient, customer: Customer, booking: str) -> list[str]:
    """The names of the travellers as their owner reads them, and the address of the booking."""
    answer = await client.get(f"/api/bookings/{booking}", headers=customer.headers)
    names = [each["lastName"] for each in answer.json()["passengers"]]
    assert names and all(names)
    return [*names, "noura@example.com"]
