"""What is older than its period goes, and nothing younger."""

import datetime as dt
import os
import re
from pathlib import Path
from typing import get_args

import psycopg
import pytest

from application.mail import Letter
from application.privacy.enforce_retention import enforce_retention, retain_person
from domain.privacy import retention
from domain.privacy.retention import Store
from infrastructure.mail.file_mailbox import FileMailbox
from tests.integration.privacy.conftest import Person
from tests.support.servers import TestDatabase

REMOVING = (
    *("remove_old_bodies", "remove_old_messages", "remove_old_bounces"),
    *("remove_old_sessions", "remove_old_flight_tasks", "remove_old_texts"),
)
TODAY = dt.datetime.now(dt.UTC).date()


def days(store: Store) -> int:
    period = retention.period_of(store, on=TODAY)
    assert period is not None
    return period.days


async def webhook(person: Person, *, age_days: float, state: str) -> str:
    event = await person.store_webhook("{}")
    person.airline.query(
        "UPDATE inbox.stripe_event SET state = %s, received_at = now() - make_interval(secs => %s) "
        "WHERE id = %s",
        state,
        age_days * 86_400,
        event,
    )
    return event


@pytest.mark.parametrize("state", ["done", "ignored", "parked", "new"])
async def test_bodies_of_webhooks_go_after_their_period_with_their_keys(
    person: Person, state: str
) -> None:
    finished = state in ("done", "ignored")
    period = days("stripe_event_bodies" if finished else "parked_stripe_event_bodies")
    old = await webhook(person, age_days=period + 0.01, state=state)
    young = await webhook(person, age_days=period - 0.01, state=state)
    await enforce_retention(person.ports)
    rows = person.airline.query(
        "SELECT id, octet_length(sealed_body) > 0, EXISTS (SELECT FROM vault.subject_key AS k "
        "WHERE k.subject = e.subject) FROM inbox.stripe_event AS e"
    )
    assert {event: (body, key) for event, body, key in rows} == {
        old: (False, False),
        young: (True, True),
    }


async def test_messages_go_after_their_period_and_unsent_ones_never(person: Person) -> None:
    person.airline.query("DELETE FROM ledger.outbox")
    sent, failed = days("outbox"), days("failed_outbox")
    for name, sent_days, failed_days in (
        ("old", sent + 0.01, None),
        ("young", sent - 0.01, None),
        ("unsent", None, None),
        ("failed_old", failed + 0.01, failed + 0.01),
        ("failed_young", failed - 0.01, failed - 0.01),
    ):
        person.airline.query(
            "INSERT INTO ledger.outbox (topic, body, sent_at, failed_at) VALUES (%s, '{}', "
            "now() - make_interval(secs => %s), now() - make_interval(secs => %s))",
            name,
            None if sent_days is None else sent_days * 86_400,
            None if failed_days is None else failed_days * 86_400,
        )
    await enforce_retention(person.ports)
    left = {row[0] for row in person.airline.query("SELECT topic FROM ledger.outbox")}
    assert left == {"young", "unsent", "failed_young"}


async def test_the_passengers_of_an_old_booking_are_erased_as_if_they_had_asked(
    person: Person,
) -> None:
    booking = await person.book()
    await retain_person(person.ports, booking)
    await retain_person(person.ports, booking)
    rows = person.airline.query("SELECT person, reason, requested_by FROM privacy.erasure")
    assert rows == [(booking, "retention", "system")]


def test_the_database_has_the_bounds_of_the_table_and_names_no_period_itself(
    database: TestDatabase,
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        bounds = connection.execute(
            "SELECT store, least_days, usual_days, most_days FROM privacy.retention_bound"
        ).fetchall()
        bodies = connection.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = ANY (%s)",
            (list(REMOVING),),
        ).fetchall()
    rules = [retention.rule_of(store, on=TODAY) for store in get_args(Store)]
    assert sorted(bounds) == sorted(
        (rule.store, rule.least_days, rule.days, rule.most_days)
        for rule in rules
        if rule is not None and rule.least_days is not None
    )
    assert len(bodies) == len(REMOVING)
    assert not [body for (body,) in bodies if re.search(r"interval '\d+ days'", body)]


async def test_follow_ups_of_flights_go_after_their_period_and_unfinished_ones_never(
    person: Person,
) -> None:
    period = days("flight_tasks")
    for number, age_days in enumerate((period + 0.01, period - 0.01, None)):
        person.airline.query(
            "INSERT INTO process.flight_task (flight, version, kind, created_at, finished_at) "
            "VALUES ('flight-XX9-2020-01-01', %s, 'flight.cancelled.1', now() - interval '9 years',"
            " now() - make_interval(secs => %s))",
            number,
            None if age_days is None else age_days * 86_400,
        )
    await enforce_retention(person.ports)
    found = person.airline.query(
        "SELECT version FROM process.flight_task WHERE flight LIKE '%%XX9%%'"
    )
    assert sorted(found) == [(1,), (2,)]


async def test_records_of_bounces_go_after_their_period(person: Person) -> None:
    period = days("bounced_letters")
    for name, age_days in (("old", period + 0.01), ("young", period - 0.01)):
        person.airline.query(
            "INSERT INTO operations.bounced_letter "
            "VALUES (%s, '5.1.1', now() - make_interval(secs => %s))",
            name,
            age_days * 86_400,
        )
    await enforce_retention(person.ports)
    assert person.airline.query("SELECT letter FROM operations.bounced_letter") == [("young",)]


async def test_letters_go_by_address_and_by_age(tmp_path: Path) -> None:
    mailbox = FileMailbox(tmp_path, sender="Airline <mail@invalid>")
    for number, to in enumerate(
        ("a@example.com", "A@Example.com", "b@example.com", "ü@example.com")
    ):
        await mailbox.send(Letter(str(number), to, "ليلى", "text"))
    os.utime(tmp_path / "2.eml", (0, 0))
    assert await mailbox.remove_letters_to(["a@example.com", "Ü@example.com"]) == 3
    assert os.listdir(tmp_path) == ["2.eml"]
    assert await mailbox.remove_letters_before(dt.datetime.fromtimestamp(0, dt.UTC)) == 0
    assert await mailbox.remove_letters_before(dt.datetime.fromtimestamp(1, dt.UTC)) == 1
    assert await mailbox.remove_letters_to(["a@example.com"]) == 0
