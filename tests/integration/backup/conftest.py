"""One history of an airline, backed up on its way, that all tests restore from.

Three sales and a customer; a logical and a physical backup; a sale, a moment, another sale; the
customer is erased. The write-ahead log is archived from before the backups to the end.
"""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from application.privacy.carry_out_erasure import carry_out_erasure
from application.privacy.request_erasure import request_erasure
from infrastructure.backup import backup_keys, cluster_copy, dumps, erasure_list, figures
from infrastructure.backup.backup_keys import BackupKeys
from infrastructure.backup.figures import Balance
from infrastructure.backup.manifest import Manifest
from infrastructure.backup.wal_archive import WalArchive
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import migrate, roles
from infrastructure.sealing import master_key
from tests.integration.privacy.conftest import Person
from tests.integration.projections.airline import Airline, dump, running_airline
from tests.support import servers
from tests.support.servers import TestDatabase

WAIT_SECONDS = 60.0
SUBSCRIPTION = "sub_" + "0" * 24


def quiet(_name: str, _done: int) -> None:
    """Show no progress."""


class History(msgspec.Struct, kw_only=True):
    """What was backed up, and how the log was at each moment."""

    setting: str
    keys: BackupKeys
    log: tuple[Path, Manifest]
    base: tuple[Path, Manifest]
    keys_folder: Path
    archive: Path
    dsn: str
    person: str
    erased: set[str]
    others: set[str]
    answers: dict[str, dict[str, bytes]]
    balances: dict[str, list[Balance]]
    positions: dict[str, int]
    moment: dt.datetime


class Recorder:
    """Lives the history and notes its moments."""

    def __init__(self, folder: Path, server: EmbeddedPostgres) -> None:
        self.folder = folder
        self.setting = master_key.generated()
        self.keys = backup_keys.parse(self.setting)
        self.dsn = server.dsn()
        self.database = TestDatabase(self.dsn, server.dsn(user=roles.APPLICATION_LOGIN))
        self.positions: dict[str, int] = {}
        self.balances: dict[str, list[Balance]] = {}

    def note(self, name: str) -> None:
        """Note where the log is."""
        with psycopg.connect(self.dsn) as connection:
            head = figures.head(connection)
            found = figures.read(connection, upto=head)
        self.positions[name] = head
        self.balances[name] = found.trial_balance

    async def live(self) -> dict[str, Any]:
        """Everything until the erasure."""
        async with running_airline(self.database) as airline:
            person = Person(airline)
            await person.register()
            for _ in range(3):
                await airline.sell()
            await person.expire(await person.book())
            await airline.catch_up()
            self.note("backup")
            subscribe(airline, self.positions["backup"])
            answers = answers_of(self.database)
            keys = person.keys()
            log, log_folder, _ = dumps.take(
                self.dsn,
                log_folder=self.folder / "log",
                keys_folder=self.folder / "keys",
                keys=self.keys,
                progress=quiet,
            )
            base, base_folder = cluster_copy.take(
                self.dsn,
                folder=self.folder / "base",
                keys_folder=self.folder / "keys",
                keys=self.keys,
                progress=quiet,
            )
            await airline.sell()
            self.note("first")
            moment = self._between()
            await airline.sell()
            self.note("second")
            await erase(person, airline)
            self.note("end")
            erased = keys - person.keys()
        erasure_list.write(self.dsn, self.folder / "keys", self.keys)
        return {
            "log": (log_folder, log),
            "base": (base_folder, base),
            "person": person.id,
            "erased": erased,
            "others": keys - erased,
            "answers": answers,
            "moment": moment,
        }

    def _between(self) -> dt.datetime:
        """An instant after everything so far and before everything from now on."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SELECT pg_sleep(0.05)")
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            connection.execute("SELECT pg_sleep(0.05)")
        assert row is not None
        return row[0]


def subscribe(airline: Airline, position: int) -> None:
    """A partner that has everything up to the position."""
    airline.query(
        "INSERT INTO partner.subscription (id, name, url, created_at, secret, delivered, examined) "
        "VALUES (%s, 'p', 'https://p.example', now(), %s, %s, %s)",
        SUBSCRIPTION,
        b"s" * 64,
        position,
        position,
    )


async def erase(person: Person, airline: Airline) -> None:
    """Erase the customer, with all the steps."""
    await airline.catch_up()
    erasure = (await request_erasure(person.ports, person.id, by="test")).erasure.id
    await carry_out_erasure(person.ports, erasure)
    await person.settle()
    done = await carry_out_erasure(person.ports, erasure)
    assert done is not None
    assert done.step == "reported"


def answers_of(database: TestDatabase) -> dict[str, dict[str, bytes]]:
    """Every row of every read model, and of the books."""
    with psycopg.connect(database.owner_dsn) as connection:
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '_g[0-9]+$' ORDER BY nspname"
        ).fetchall()
    return {schema: dump(database, schema) for (schema,) in schemas}


@pytest.fixture(scope="package")
def history() -> Iterator[History]:
    """The history, its cluster still running."""
    with (
        servers.private_folder() as folder,
        EmbeddedPostgres(folder / "server", settings={"fsync": "off"}) as server,
    ):
        migrate.migrate(server.dsn())
        roles.create_logins(server.dsn())
        recorder = Recorder(folder, server)
        with psycopg.connect(server.dsn()) as connection:
            system = figures.cluster(connection).system
        with archiving(folder / "wal", recorder.keys, system, server.dsn()):
            lived = asyncio.run(recorder.live())
        yield History(
            setting=recorder.setting,
            keys=recorder.keys,
            keys_folder=folder / "keys",
            archive=folder / "wal",
            dsn=server.dsn(),
            balances=recorder.balances,
            positions=recorder.positions,
            **lived,
        )


class archiving:  # noqa: N801 - used as a function
    """Archive the write-ahead log meanwhile, and what was written at the end."""

    def __init__(self, folder: Path, keys: BackupKeys, system: str, dsn: str) -> None:
        self._archive = WalArchive(folder, keys, system=system)
        self._dsn = dsn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._failure: BaseException | None = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(WAIT_SECONDS)
        assert self._failure is None, self._failure
        with psycopg.connect(self._dsn) as connection:
            row = connection.execute("SELECT (pg_current_wal_flush_lsn() - 1)::text").fetchone()
        assert row is not None
        self._archive.follow(self._dsn, threading.Event(), each_minute=lambda: None, until=row[0])

    def _follow(self) -> None:
        try:
            self._archive.follow(self._dsn, self._stop, each_minute=lambda: None)
        except BaseException as error:  # noqa: BLE001 - raised where the test can see it
            self._failure = error
