"""Consumers that are ahead of a shorter log refuse to run, and say which command mends it."""

import asyncio
from typing import Any

import psycopg
import pytest

from application.coordination import LogFollower
from infrastructure.backup import afterwards
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import consumers
from infrastructure.postgres.consumers import ConsumersAhead
from projections import rebuild, runner
from projections.projection import CheckpointAhead
from projections.registry import ALL
from tests.integration.backup.conftest import SUBSCRIPTION, subscribe
from tests.integration.projections.airline import Airline, running_airline
from tests.support import servers
from tests.support.servers import TestDatabase


@pytest.fixture(scope="module")
def prepared(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server with a template in which all read models are prepared."""
    servers.make_template_of_read_models(postgres)
    return postgres


def shorter(airline: Airline, *, by: int) -> int:
    """Restore an older log beside what followed it; where it ends now."""
    [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
    for table in ("ledger.posting", "ledger.event"):
        airline.query(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        airline.query(f"DELETE FROM {table} WHERE position > %s", head - by)
        airline.query(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
    return int(head - by)


def follow(airline: Airline, *, to: int) -> None:
    """As if processes, search index and a partner had everything up to a position."""
    for name in (*LogFollower, "some timer"):
        airline.query("INSERT INTO process.checkpoint (name, position) VALUES (%s, %s)", name, to)
    subscribe(airline, to)


async def ask(airline: Airline) -> None:
    """Ask as the scheduler does, with the application's rights."""
    async with await psycopg.AsyncConnection.connect(airline.database.app_dsn) as connection:
        await consumers.require_none_ahead(connection)


def state(airline: Airline) -> dict[str, Any]:
    positions = dict(airline.query("SELECT name, position FROM process.checkpoint"))
    [(delivered, examined, replays)] = airline.query(
        "SELECT delivered, examined, replays FROM partner.subscription"
    )
    return {**positions, "delivered": delivered, "examined": examined, "replays": replays}


async def test_processes_and_deliveries_refuse_until_they_are_set_back(
    prepared: EmbeddedPostgres,
) -> None:
    with servers.fresh_database(prepared, servers.READ_MODELS) as database:
        async with running_airline(database) as airline:
            await airline.sell()
            [(head,)] = airline.query("SELECT max(position) FROM ledger.event")
            follow(airline, to=head)
            await ask(airline)
            assert state(airline)["replays"] == 0
        now = shorter(airline, by=3)
        with pytest.raises(ConsumersAhead) as refused:
            await ask(airline)
        said = str(refused.value)
        for name in (*LogFollower, f"deliveries to {SUBSCRIPTION}"):
            assert f"{name} at {head}" in said
        assert f"the log ends at {now}" in said
        assert "`ais restore consumers`" in said
        afterwards.settle(database.owner_dsn, None)
        await ask(airline)
        after = state(airline)
        assert (after["delivered"], after["examined"], after["replays"]) == (now, now, 1)
        assert after["some timer"] == head, "it is no position of the log"
        # All was recorded within a day, so that processes run over all of it again.
        assert [after[name] for name in LogFollower] == [0, 0]


async def test_a_read_model_that_is_ahead_stops_and_names_its_rebuild(
    prepared: EmbeddedPostgres,
) -> None:
    name = "ledger_journal"
    with servers.fresh_database(prepared, servers.READ_MODELS) as database:
        async with running_airline(database) as airline:
            await airline.sell()
            await airline.catch_up()
        now = shorter(airline, by=3)
        with pytest.raises(CheckpointAhead, match=f"`ais rebuild {name}`"):
            await asyncio.to_thread(runner.catch_up, airline.projector_dsn, ALL[name])
        settled = afterwards.settle(database.owner_dsn, None)
        assert set(settled.to_rebuild) == set(ALL)
        rebuilt = rebuild.rebuild(airline.projector_dsn, name, lambda _done, _end: None)
        assert rebuilt.position == now
        assert runner.catch_up(airline.projector_dsn, ALL[name]) == now
        assert name not in afterwards.settle(database.owner_dsn, None).to_rebuild


def test_what_is_not_ahead_is_not_moved(database: TestDatabase) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO process.checkpoint (name, position) VALUES ('x', 5)")
        afterwards.settle(database.owner_dsn, None)
        found = connection.execute("SELECT position FROM process.checkpoint").fetchall()
    assert found == [(5,)]
