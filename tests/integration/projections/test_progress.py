"""What the health page says of read models when nobody can say how far they are."""

from unittest import mock

import psycopg

from interfaces import web_composition
from projections.registry import ALL
from tests.integration.projections.airline import Airline


async def test_read_models_that_cannot_be_asked_about_are_unknown_and_none_is_left_out(
    airline: Airline,
) -> None:
    client = mock.Mock(ping=mock.AsyncMock(return_value=True))
    with psycopg.connect(airline.database.owner_dsn) as owner:
        owner.execute("LOCK TABLE projections.checkpoint IN ACCESS EXCLUSIVE MODE")
        found = await web_composition.readiness_of(airline.pool, client)()
    assert {name: found[name] for name in ALL} == dict.fromkeys(ALL, "unknown")
    assert found["database"] == "up"
