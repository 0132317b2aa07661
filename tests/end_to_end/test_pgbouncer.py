"""A process behind PgBouncer in transaction mode: what needs no session of its own goes there.

Two server sessions serve all; a prepared statement or a setting that one user left would be met by
the next one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import conninfo

from infrastructure.postgres import roles
from tests.support import running_system, servers
from tests.support.customers import Customer
from tests.support.pgbouncer import PgBouncer, running_pgbouncer
from tests.support.running_system import System

TRAVELLERS = 8
LEFT_BEHIND = "SELECT count(*) FROM pg_prepared_statements"


@asynccontextmanager
async def pooled(system: System) -> AsyncIterator[tuple[PgBouncer, str]]:
    """The web process, or the one of all roles, with its pool on PgBouncer; and the database."""
    database = str(conninfo.conninfo_to_dict(system.owner_dsn)["dbname"])
    users = (roles.APPLICATION_LOGIN,)
    with (
        servers.private_folder() as folder,
        running_pgbouncer(folder, system.postgres.dsn(), users=users) as bouncer,
    ):
        through = bouncer.dsn(database, roles.APPLICATION_LOGIN)
        changed = running_system.other_settings(system, pooled_database_url=through)
        await asyncio.to_thread(changed.__enter__)
        try:
            yield bouncer, database
        finally:
            await asyncio.to_thread(changed.__exit__, None, None, None)


async def test_travellers_book_and_pay_through_two_sessions_of_pgbouncer(
    system: System, customer: Customer
) -> None:
    async with pooled(system) as (bouncer, database):
        before = bouncer.transactions(database)
        flight = running_system.schedule(system, seats=100)

        async def journey() -> None:
            booking = (await customer.reserved([flight]))["id"]
            await customer.pay(booking)
            await customer.becomes(booking, "confirmed")

        await asyncio.gather(*(journey() for _ in range(TRAVELLERS)))
        assert bouncer.transactions(database) - before > TRAVELLERS
        with psycopg.connect(bouncer.dsn(database, roles.APPLICATION_LOGIN)) as session:
            assert session.execute(LEFT_BEHIND).fetchone() == (0,)
