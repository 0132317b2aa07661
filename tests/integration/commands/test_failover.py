"""A standby takes over: no acknowledged booking is lost or doubled, and one server appends."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import conninfo
from psycopg_pool import PoolTimeout

from application import ports
from application.commands.command import CommandEnvelope, Outcome
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.postgres import primary, roles, silence
from infrastructure.postgres.pool import make_pool
from tests.integration.commands import outcomes
from tests.support import stored_log
from tests.support.airline import create_booking
from tests.support.postgres_airline import PostgresAirline, envelope, postgres_airline
from tests.support.standby_server import Pair, quick_pair

CLIENTS = 64
BOOKED_BEFORE, BOOKED_AFTER = 200, 200
PATIENCE_SECONDS = 240.0
RESERVED = "booking.reserved.1"


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """A primary, and a standby that every commit waits for; replies are waited for less long."""
    monkeypatch.setattr(silence, "REPLY_SECONDS", 2.0)
    with quick_pair() as running:
        yield running


@asynccontextmanager
async def airline_on(pair: Pair) -> AsyncIterator[PostgresAirline]:
    """A process that knows both servers."""
    dsn = pair.dsn(roles.APPLICATION_LOGIN)
    async with primary.watched(dsn), postgres_airline(dsn) as airline:
        yield airline


class Clients:
    """Clients that book and repeat what got no answer; `booked` are the acknowledged bookings."""

    def __init__(self, airlines: list[PostgresAirline], flight: str) -> None:
        self._airlines = airlines
        self._flight = flight
        self._ends_at = BOOKED_BEFORE
        self.booked: dict[uuid.UUID, Outcome] = {}
        self.answered_at: list[float] = []
        # Is set when the primary may die.
        self.enough = asyncio.Event()

    async def run(self, until: int) -> None:
        """Book until so many bookings are acknowledged."""
        self._ends_at = until
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(self._book(number) for number in range(CLIENTS)))

    async def _book(self, number: int) -> None:
        airline = self._airlines[number % len(self._airlines)]
        while len(self.booked) < self._ends_at:
            sent = envelope(create_booking(self._flight), seconds=PATIENCE_SECONDS)
            self.booked[sent.id] = await _insist(airline, sent)
            self.answered_at.append(time.monotonic())
            if len(self.booked) >= BOOKED_BEFORE:
                self.enough.set()


async def _try(airline: PostgresAirline, sent: CommandEnvelope) -> Outcome | None:
    """What the command came to; None where the client has to send it again."""
    try:
        return await airline.dispatcher.submit(sent)
    except ports.Unavailable:
        return None


async def _insist(airline: PostgresAirline, sent: CommandEnvelope) -> Outcome:
    """What the command came to, sent again and again as a client would."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await _try(airline, envelope_again(sent))
            if answer is not None:
                return answer
            await asyncio.sleep(0.05)


def _assert_has_each_once(owner_dsn: str, booked: dict[uuid.UUID, Outcome], flight: str) -> None:
    stored_log.assert_invariants(owner_dsn)
    with psycopg.connect(owner_dsn) as connection:
        stored = connection.execute(
            "SELECT command_id, count(*) FROM ledger.event WHERE tag = %s GROUP BY 1", (RESERVED,)
        ).fetchall()
    assert dict(stored) == dict.fromkeys(booked, 1)
    assert stored_log.seats(owner_dsn, flight)[1] == len(booked)


async def test_no_booking_of_64_clients_is_lost_or_doubled_when_the_primary_dies(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    async with airline_on(pair) as one, airline_on(pair) as other:
        flight = await one.schedule(seats=1_000_000)
        clients = Clients([one, other], flight)
        running = asyncio.create_task(clients.run(BOOKED_BEFORE + BOOKED_AFTER))
        await clients.enough.wait()
        died_at = time.monotonic()
        await asyncio.to_thread(pair.primary.kill)
        await asyncio.to_thread(pair.standby.promote)
        promoted_at = time.monotonic()
        await running
    served_at = min(at for at in clients.answered_at if at > promoted_at)
    with capsys.disabled():
        print(
            f"\nfailover: {CLIENTS} clients, {len(clients.booked)} bookings; promotion took "
            f"{promoted_at - died_at:.2f} s, nothing was booked for {served_at - died_at:.2f} s"
        )
    _assert_has_each_once(pair.standby.dsn(), clients.booked, flight)


async def test_a_process_leaves_an_old_primary_that_still_answers(pair: Pair) -> None:
    async with airline_on(pair) as airline:
        flight = await airline.schedule(seats=9)
        pair.standby.promote()
        sent = envelope(create_booking(flight), seconds=PATIENCE_SECONDS)
        await _insist(airline, sent)
        # Its connections for reads left the old primary, too.
        assert (await airline.log.find_commands([sent.id])).keys() == {sent.id}
        # An address with one host may be that of PgBouncer, which still leads there.
        behind = make_pool(pair.primary.dsn(user=roles.APPLICATION_LOGIN), shares_sessions=True)
        async with behind:
            with pytest.raises((PoolTimeout, primary.OldPrimary)):
                async with behind.connection():
                    pass
    assert stored_log.count(pair.standby.dsn(), RESERVED) == 1
    # The old primary is the first host, and accepts writes: a new process does not use it either.
    async with airline_on(pair) as later:
        await later.submit(create_booking(flight))
        assert stored_log.count(pair.standby.dsn(), RESERVED) == 2
        address = pair.dsn()
        pair.standby.stop()
        refused = await outcomes.outcomes([later.submit(create_booking(flight), seconds=1)])
        assert [type(each) for each in refused] == [ports.Unavailable]
        with pytest.raises(primary.OldPrimary):
            await primary.PrimaryConnection.connect(address)


async def test_servers_that_cannot_be_compared_are_written_to_by_nobody(
    pair: Pair, postgres: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    """Timelines are counted by each cluster, and what counts them is a right of its own."""
    parts = [conninfo.conninfo_to_dict(each.dsn("postgres")) for each in (postgres, pair.primary)]
    mixed = {name: f"{parts[0][name]},{parts[1][name]}" for name in ("host", "port")}
    with pytest.raises(psycopg.OperationalError, match="different clusters"):
        await primary.PrimaryConnection.connect(conninfo.make_conninfo(**{**parts[0], **mixed}))
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError, match="no server of the address"):
            await primary.PrimaryConnection.connect(pair.dsn(roles.APPLICATION_LOGIN))
    assert caplog.text.count("permission denied for function pg_control_system") == 1


async def test_a_booking_that_only_the_primary_has_is_not_acknowledged(pair: Pair) -> None:
    async with airline_on(pair) as airline:
        flight = await airline.schedule(seats=9)
        pair.standby.stop()
        sent = envelope(create_booking(flight), seconds=3)
        waiting = asyncio.create_task(_try(airline, sent))
        await _cancel_wait(pair.primary.dsn())
        # Its wait was cancelled, so that the primary answers: as if all were well, but it is not.
        assert await waiting is None
        assert stored_log.count(pair.primary.dsn(), RESERVED) == 1
        # The log has it now; nobody learns so before the standby has it, also where each wait for
        # it is cancelled.
        repeated = asyncio.create_task(_try(airline, envelope_again(sent)))
        await _cancel_waits(pair.primary.dsn(), until=repeated)
        assert await repeated is None
        looked_up = asyncio.create_task(airline.log.find_commands([sent.id]))
        await _cancel_waits(pair.primary.dsn(), until=looked_up)
        with pytest.raises(ports.Unavailable):
            await looked_up
        pair.standby.start()
        answer = await _insist(airline, sent)
        assert answer.replayed
        pair.primary.kill()
        pair.standby.promote()
        _assert_has_each_once(pair.standby.dsn(), {sent.id: answer}, flight)


def envelope_again(sent: CommandEnvelope, seconds: float = 3) -> CommandEnvelope:
    """The same command, sent again with another deadline."""
    return envelope(sent.command, id=sent.id, seconds=seconds)


async def _cancel_waits(owner_dsn: str, *, until: asyncio.Task[object]) -> None:
    """Cancel each wait for the standby until the task has ended."""
    while not until.done():
        cancelling = asyncio.create_task(_cancel_wait(owner_dsn))
        await asyncio.wait((cancelling, until), return_when=asyncio.FIRST_COMPLETED)
        cancelling.cancel()


async def _cancel_wait(owner_dsn: str) -> None:
    """Cancel the wait of the application's commit for the standby, as a person might."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as owner,
    ):
        while True:
            cursor = await owner.execute(
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity "
                "WHERE wait_event = 'SyncRep' AND usename = %s",
                (roles.APPLICATION_LOGIN,),
            )
            if (await cursor.fetchone()) != (0,):
                return
            await asyncio.sleep(0.02)
