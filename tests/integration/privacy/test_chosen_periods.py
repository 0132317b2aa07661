"""The airline chooses how long data is kept, within the bounds that law and evidence set."""

from typing import Any

import psycopg
import pytest

from application.identity.expire_sessions import PAGE_SIZE
from application.privacy.enforce_retention import enforce_retention
from infrastructure.identity import tokens
from infrastructure.identity.sessions import PostgresSessions
from infrastructure.privacy import periods
from infrastructure.privacy.periods import PeriodRefused
from infrastructure.sealing import master_key
from interfaces.cli import retention as command
from interfaces.doctor.retention_checks import retention_findings
from tests.integration.privacy.conftest import Person
from tests.support.servers import TestDatabase

REASON = "agreed with counsel, case 7"


@pytest.fixture
def configured(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> TestDatabase:
    """The settings of an operator's command on the database of the test."""
    settings = {
        "AIS_DATABASE_URL": database.app_dsn,
        "AIS_ADMIN_DATABASE_URL": database.owner_dsn,
        "AIS_MASTER_KEY": master_key.generated(),
        "AIS_TOKEN_KEY": tokens.generated(),
        "AIS_STRIPE_API_KEY": "sk_test_x",
        "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_x",
        "AIS_PUBLIC_URL": "http://127.0.0.1:1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return database


def rows(database: TestDatabase, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner_dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_period_is_set_with_its_reason_listed_and_recorded_for_auditors(
    configured: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.set_period("outbox", 20, reason=REASON) == 0
    assert command.set_period("outbox", 14, reason=REASON) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "outbox is kept for 14 days"
    assert command.listed() == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["outbox"].split(maxsplit=6)[1:] == [
        *("14", "days", "7", "to", "366"),
        f"chosen: {REASON}",
    ]
    assert lines["idempotency_answers"].split()[1:3] == ["-", "-"]
    found = rows(configured, "SELECT actor, action, resource, change FROM audit.action ORDER BY id")
    assert [
        (who, what, on, change["before"], change["days"]) for who, what, on, change in found
    ] == [
        ("operator", "retention.period_chosen", "outbox", 30, 20),
        ("operator", "retention.period_chosen", "outbox", 20, 14),
    ]
    assert found[0][3]["reason"] == REASON


@pytest.mark.parametrize(
    ("store", "days", "reason", "code", "said"),
    [
        ("outbox", 6, REASON, 1, "outbox is kept for 7 to 366 days"),
        ("parked_stripe_event_bodies", 399, REASON, 1, "for 400 to 800 days"),
        ("passengers", 2195, REASON, 1, "for 2196 to 3660 days"),
        ("mail_files", 91, REASON, 1, "for 7 to 90 days"),
        ("outbox", 14, "short", 1, "the reason needs 10 to 500 characters"),
        ("idempotency_answers", 30, REASON, 2, "has no period to set"),
        ("key_backups", 20, REASON, 2, "has no period to set"),
        ("outboxx", 30, REASON, 2, "outbox"),
    ],
)
def test_no_period_is_set_out_of_bounds_without_a_reason_or_for_what_stays(
    configured: TestDatabase,
    capsys: pytest.CaptureFixture[str],
    store: str,
    days: int,
    reason: str,
    code: int,
    said: str,
) -> None:
    assert command.set_period(store, days, reason=reason) == code
    assert said in capsys.readouterr().err
    assert rows(configured, "SELECT FROM privacy.chosen_period") == []
    assert rows(configured, "SELECT FROM audit.action") == []


def test_neither_the_application_nor_the_owner_gets_round_the_bounds(
    database: TestDatabase,
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        periods.choose(database.app_dsn, store="outbox", days=14, reason=REASON)
    with psycopg.connect(database.app_dsn, autocommit=True) as application:
        for attack in (
            "UPDATE privacy.retention_bound SET least_days = 1",
            "DELETE FROM privacy.chosen_period",
            "SELECT privacy.days_of('outbox')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(attack.encode())
    periods.choose(database.owner_dsn, store="outbox", days=14, reason=REASON)
    for attack in (
        "UPDATE privacy.chosen_period SET days = 1",
        "DELETE FROM privacy.chosen_period",
        "TRUNCATE privacy.chosen_period",
        "SET session_replication_role = replica; "
        "INSERT INTO privacy.chosen_period (store, days, reason) VALUES ('outbox', 1, 'a' || "
        "repeat('b', 20))",
    ):
        with pytest.raises(psycopg.Error) as refused:
            rows(database, attack)
        assert refused.value.sqlstate == "AIS01"
    with pytest.raises(PeriodRefused):
        periods.choose(database.owner_dsn, store="sessions", days=29, reason=REASON)


async def test_what_goes_follows_the_chosen_periods(person: Person, database: TestDatabase) -> None:
    person.airline.query("DELETE FROM ledger.outbox")
    for age in (6, 8, 13, 29):
        person.airline.query(
            "INSERT INTO ledger.outbox (topic, body, sent_at) VALUES (%s, '{}', "
            "now() - make_interval(days => %s))",
            str(age),
            age,
        )
    event = await person.store_webhook("{}")
    person.airline.query("UPDATE inbox.stripe_event SET received_at = now() - interval '31 days'")
    await enforce_retention(person.ports)
    kept = "SELECT topic::integer FROM ledger.outbox ORDER BY 1"
    assert person.airline.query(kept) == [(6,), (8,), (13,), (29,)]
    periods.choose(database.owner_dsn, store="outbox", days=7, reason=REASON)
    periods.choose(database.owner_dsn, store="stripe_event_bodies", days=30, reason=REASON)
    await enforce_retention(person.ports)
    assert person.airline.query(kept) == [(6,)]
    assert person.airline.query(
        "SELECT octet_length(sealed_body) FROM inbox.stripe_event WHERE id = %s", event
    ) == [(0,)]


async def test_sessions_go_after_the_chosen_period(person: Person, database: TestDatabase) -> None:
    for age in (29, 31, 91):
        person.airline.query(
            "INSERT INTO identity.session (id, user_id, kind, source, salt, created_at, "
            "last_used_at, expires_at, refresh_expires_at, ended_at, ended_because) "
            "SELECT %s, %s, 'mobile', sha256('x'), substr(sha256('y'), 1, 16), t, t, t, t, t, "
            "'expired' FROM (SELECT now() - make_interval(days => %s) AS t) AS then_",
            f"ses_{age:024}",
            person.id,
            age,
        )
    sessions = PostgresSessions(person.airline.pool)
    assert await sessions.remove_old(limit=PAGE_SIZE) == 1
    periods.choose(database.owner_dsn, store="sessions", days=30, reason=REASON)
    assert await sessions.remove_old(limit=PAGE_SIZE) == 1


async def test_doctor_names_the_choices_and_what_should_have_gone(
    person: Person, database: TestDatabase
) -> None:
    (finding,) = await retention_findings(database.app_dsn)
    assert (finding.level, finding.detail) == ("ok", "every period is the usual one")
    person.airline.query("DELETE FROM ledger.outbox")
    person.airline.query(
        "INSERT INTO ledger.outbox (topic, body, sent_at) VALUES ('x', '{}', "
        "now() - interval '17 days')"
    )
    periods.choose(database.owner_dsn, store="outbox", days=14, reason=REASON)
    (finding,) = await retention_findings(database.app_dsn)
    assert finding.level == "warning"
    assert finding.detail == ("outbox has what is older than its period; chosen: outbox 14 days")
    await enforce_retention(person.ports)
    (finding,) = await retention_findings(database.app_dsn)
    assert (finding.level, finding.detail) == ("ok", "chosen: outbox 14 days")


async def test_tasks_that_failed_hold_up_no_other_and_are_kept_for_longer(
    person: Person, database: TestDatabase
) -> None:
    person.airline.query("DELETE FROM ledger.outbox")
    person.airline.query(
        "INSERT INTO ledger.outbox (topic, body, sent_at, failed_at) SELECT 'failed', '{}', t, t "
        "FROM generate_series(1, 500), (SELECT now() - interval '40 days' AS t) AS then_"
    )
    person.airline.query(
        "INSERT INTO ledger.outbox (topic, body, sent_at) SELECT 'sent', '{}', "
        "now() - interval '33 days' FROM generate_series(1, 10)"
    )
    (finding,) = await retention_findings(database.app_dsn)
    assert finding.level == "warning"
    await enforce_retention(person.ports)
    count = "SELECT topic, count(*) FROM ledger.outbox GROUP BY 1"
    assert person.airline.query(count) == [("failed", 500)]
    assert (await retention_findings(database.app_dsn))[0].level == "ok"
    periods.choose(database.owner_dsn, store="failed_outbox", days=30, reason=REASON)
    await enforce_retention(person.ports)
    assert person.airline.query(count) == []
