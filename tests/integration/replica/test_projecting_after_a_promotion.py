"""Read models are kept current on the newest primary, also beside an old one that still answers."""

import asyncio
import time

import psycopg
import pytest

from infrastructure.postgres import primary, roles
from interfaces.roles import project
from projections import runner
from projections.registry import ALL
from tests.support import stored_log
from tests.support.airline import create_booking
from tests.support.postgres_airline import postgres_airline
from tests.support.standby_server import Pair, quick_pair

LISTED = "SELECT count(*) FROM read_model.booking_list"
PROJECTED_AT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ais projector'"


def _is(dsn: str, question: str) -> int:
    with psycopg.connect(dsn) as owner:
        row = owner.execute(question.encode()).fetchone()
    assert row is not None
    return int(row[0])


async def _until(dsn: str, question: str, wanted: int) -> None:
    end = time.monotonic() + stored_log.WAIT_SECONDS
    while (found := await asyncio.to_thread(_is, dsn, question)) != wanted:
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def test_the_projector_leaves_an_old_primary_that_still_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(primary, "WATCH_SECONDS", 0.2)
    with quick_pair() as pair:
        await asyncio.to_thread(runner.prepare_all, pair.primary.dsn(user=roles.PROJECTOR_LOGIN))
        stop = asyncio.Event()
        # The old primary is the first server of the address.
        projecting = asyncio.create_task(project(pair.dsn(roles.PROJECTOR_LOGIN), None, stop))
        try:
            flight = await _booked(pair)
            await _until(pair.primary.dsn(), LISTED, 1)
            await _until(pair.primary.dsn(), PROJECTED_AT, len(ALL))
            await asyncio.to_thread(pair.standby.promote)
            # Nothing else in this process looks for the newest primary meanwhile.
            await _until(pair.standby.dsn(), PROJECTED_AT, len(ALL))
            await _until(pair.primary.dsn(), PROJECTED_AT, 0)
            await _booked(pair, flight)
            await _until(pair.standby.dsn(), LISTED, 2)
        finally:
            stop.set()
            stopped = await projecting
    assert stopped == {}


async def _booked(pair: Pair, flight: str | None = None) -> str:
    """Book on the newest primary; return the flight, which is put on sale where there is none."""
    async with postgres_airline(pair.dsn(roles.APPLICATION_LOGIN)) as airline:
        flight = flight or await airline.schedule(seats=9)
        await airline.submit(create_booking(flight))
        return flight
