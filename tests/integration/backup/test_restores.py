"""Restored backups: the same log, the same answers, exactly one moment, and nobody comes back."""

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from infrastructure.backup import manifest, restoring, scratch
from infrastructure.backup.afterwards import TICKETS_PASSED_OVER
from infrastructure.backup.manifest import BackupRefused
from infrastructure.backup.restoring import Restored
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import roles
from tests.integration.backup.conftest import History, answers_of, quiet
from tests.integration.projections.airline import Airline
from tests.support import servers
from tests.support.postgres_airline import postgres_airline
from tests.support.servers import TestDatabase


@contextmanager
def restored_log(
    history: History, *, with_keys: bool = True
) -> Iterator[tuple[Restored, EmbeddedPostgres]]:
    with (
        servers.quick_folder() as folder,
        scratch.empty(folder / "cluster", history.log[1]) as server,
    ):
        found = restoring.restore_log(
            server.dsn(),
            log=history.log,
            keys_folder=history.keys_folder if with_keys else None,
            keys=history.keys,
            progress=quiet,
        )
        yield found, server


@contextmanager
def restored_base(
    history: History, *, archive: Path | None = None, until: dt.datetime | None = None
) -> Iterator[tuple[Restored, EmbeddedPostgres]]:
    with servers.quick_folder() as folder:
        found, server = restoring.restore_base(
            folder / "cluster",
            backup=history.base,
            archive=archive,
            until=until,
            keys_folder=history.keys_folder,
            keys=history.keys,
            progress=quiet,
            durable=False,
        )
        try:
            yield found, server
        finally:
            server.stop()


def rows(dsn: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def subjects(dsn: str) -> set[str]:
    return {row[0] for row in rows(dsn, "SELECT subject FROM vault.subject_key")}


def closed(dsn: str, person: str) -> bool:
    [(password,)] = rows(dsn, "SELECT password_hash FROM identity.app_user WHERE id = %s", person)
    return bool(password == "")


def test_a_logical_backup_gives_the_same_books_and_the_same_answers(history: History) -> None:
    with restored_log(history) as (found, server):
        assert found.found.position == history.positions["backup"] == found.listed.position
        assert found.found.trial_balance == history.balances["backup"] != []
        assert answers_of(TestDatabase(server.dsn(), server.dsn())) == history.answers
        asyncio.run(sell_once_more(server))


def test_a_physical_backup_alone_gives_the_log_of_its_end(history: History) -> None:
    with restored_base(history) as (found, _):
        assert found.found.position == history.positions["backup"]
        assert found.found.trial_balance == history.balances["backup"]


def test_a_moment_between_two_sales_has_exactly_the_first(history: History) -> None:
    with restored_base(history, archive=history.archive, until=history.moment) as (found, server):
        assert found.found.position == history.positions["first"] < history.positions["second"]
        assert found.found.trial_balance == history.balances["first"]
        assert found.found.trial_balance != history.balances["second"]
        asyncio.run(sell_once_more(server))


def test_the_end_of_the_archive_has_everything(history: History) -> None:
    with restored_base(history, archive=history.archive) as (found, server):
        assert found.found.position == history.positions["end"]
        assert found.found.trial_balance == history.balances["end"]
        assert rows(server.dsn(), "SELECT FROM ledger.event WHERE starts_with(stream, 'erasure-')")


@pytest.mark.parametrize("form", ["log", "base"])
def test_who_was_erased_after_the_backup_does_not_come_back(history: History, form: str) -> None:
    assert history.erased
    assert history.others
    restore = restored_log if form == "log" else restored_base
    with restore(history) as (found, server):
        assert found.settled.destroyed_keys == len(history.erased)
        assert subjects(server.dsn()) == history.others
        assert closed(server.dsn(), history.person)
        [(state,)] = rows(
            server.dsn(),
            "SELECT closed_at IS NOT NULL AND erased_at IS NULL FROM privacy.erasure "
            "WHERE person = %s",
            history.person,
        )
        assert state, "the scheduler carries out the rest"


def test_without_keys_the_books_are_whole_and_nobody_can_be_read(history: History) -> None:
    with restored_log(history, with_keys=False) as (found, server):
        assert found.found.trial_balance == history.balances["backup"]
        assert subjects(server.dsn()) == set()


def test_numbers_and_deliveries_that_others_may_know_are_not_used_again(history: History) -> None:
    serial = "SELECT last_value FROM ledger.ticket_serial"
    with restored_base(history) as (_, server):
        [(now,)] = rows(server.dsn(), serial)
        [(highest,)] = rows(history.dsn, serial)
        assert now > highest
        assert now >= TICKETS_PASSED_OVER
        assert rows(server.dsn(), "SELECT replays, delivered FROM partner.subscription") == [
            (1, history.positions["backup"])
        ]


def test_a_moment_that_the_archive_does_not_reach_is_refused(history: History) -> None:
    with (
        pytest.raises(BackupRefused, match=r"the archive: it ends before .* last commit is of 20"),
        restored_base(
            history,
            archive=history.archive,
            until=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        ),
    ):
        pass


def test_a_moment_before_the_backup_is_refused(history: History) -> None:
    early = history.base[1].taken_at - dt.timedelta(seconds=1)
    with (
        pytest.raises(BackupRefused, match="after that moment"),
        restored_base(history, archive=history.archive, until=early),
    ):
        pass


def test_a_database_with_a_ledger_is_not_restored_over(history: History) -> None:
    with pytest.raises(BackupRefused, match="it has a ledger already"):
        restoring.restore_log(
            history.dsn,
            log=history.log,
            keys_folder=history.keys_folder,
            keys=history.keys,
            progress=quiet,
        )


@pytest.mark.parametrize("change", ["position", "hash", "balance", "rows", "schema"])
def test_a_log_that_is_not_the_listed_one_is_refused(history: History, change: str) -> None:
    """As if the dump had lost or gained something on its way, which no file shows."""
    folder, listed = history.log
    figures = listed.figures
    assert figures is not None
    replaced: dict[str, Any] = {
        "position": {"position": figures.position + 1},
        "hash": {"hashes": {**figures.hashes, "ledger.event": "0" * 64}},
        "balance": {"trial_balance": figures.trial_balance[1:]},
        "schema": {"schema": figures.schema + 1},
        "rows": {},
    }[change]
    wrong = msgspec.structs.replace(
        listed,
        figures=msgspec.structs.replace(figures, **replaced),
        rows={**listed.rows, "inbox.stripe_event": 7} if change == "rows" else listed.rows,
    )
    expected = {
        "position": "ends at",
        "hash": "hash of ledger.event",
        "balance": "account 1010 holds",
        "schema": "the schema is",
        "rows": "inbox.stripe_event has 0 rows, 7 are listed",
    }[change]
    with (
        servers.quick_folder() as place,
        scratch.empty(place / "cluster", listed) as server,
        pytest.raises(BackupRefused, match=expected),
    ):
        restoring.restore_log(
            server.dsn(),
            log=(folder, wrong),
            keys_folder=None,
            keys=history.keys,
            progress=quiet,
        )


def test_expired_keys_are_refused(history: History) -> None:
    found = manifest.listed(history.base[0], history.keys)
    assert found.expires_at == found.taken_at + dt.timedelta(days=30)
    manifest.require_unexpired(found, found.expires_at - dt.timedelta(seconds=1))
    with pytest.raises(BackupRefused, match="expired on"):
        manifest.require_unexpired(found, found.expires_at)


async def sell_once_more(server: EmbeddedPostgres) -> None:
    """What was restored serves: the application's login sells, and appends behind the end."""
    database = TestDatabase(server.dsn(), server.dsn(user=roles.APPLICATION_LOGIN))
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {roles.APPLICATION_LOGIN} LOGIN".encode())
        connection.execute(f"GRANT ais_application TO {roles.APPLICATION_LOGIN}".encode())
    async with postgres_airline(database.app_dsn, kind=Airline) as airline:
        airline.database = database
        await airline.put_on_sale("XX9")
        before = len(rows(server.dsn(), "SELECT FROM ledger.event"))
        await airline.reserve("flight-XX9-2026-12-24")
        assert len(rows(server.dsn(), "SELECT FROM ledger.event")) > before
