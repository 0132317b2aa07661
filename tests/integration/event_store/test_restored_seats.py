"""The database lets seats that a booking lost by a mistake exceed authorised, and no others."""

import psycopg
import pytest

from tests.integration.event_store.plain_append import append, moves, payload
from tests.support.servers import TestDatabase

FLIGHT = "flight-SV1-2026-12-24"
HELD = payload(moves(authorised=0, held=1, sold=0))
RESTORED = payload(moves(authorised=0, held=0, sold=2, restored=2))


def test_seats_lost_by_mistake_are_restored_also_beyond_authorised(
    database: TestDatabase,
) -> None:
    with psycopg.connect(database.app_dsn, autocommit=True) as session:
        append(session, [(FLIGHT, 1, payload(moves(authorised=3, held=0, sold=2)))])
        append(session, [(FLIGHT, 2, HELD), (FLIGHT, 3, RESTORED)])
        append(session, [(FLIGHT, 4, RESTORED)])
        for events in ([HELD], [RESTORED, HELD]):
            numbered = [(FLIGHT, version, event) for version, event in enumerate(events, 5)]
            with pytest.raises(psycopg.Error, match="exceeded"):
                append(session, numbered)
        found = session.execute("SELECT authorised, held, sold FROM ledger.capacity").fetchall()
        assert found == [(3, 1, 6)]
