"""Modes of operation in tests: the routes that switch one, and that none is on after a test."""

import asyncio
from typing import Any

import httpx
import psycopg

from interfaces.http.modes import ROUTES
from tests.support import stored_log
from tests.support.running_system import System

# A mode refuses the requests of every other test: tests of all routes leave these out.
SWITCHES = frozenset(
    path for route in ROUTES if route.http_methods != {"GET"} for path in route.paths
)


async def until_modes_are(client: httpx.AsyncClient, wanted: list[str]) -> dict[str, str]:
    """Return the components of the health page once it names these modes."""
    async with asyncio.timeout(stored_log.WAIT_SECONDS):
        while True:
            answer = await client.get("/health/ready")
            assert answer.status_code == 200, answer.text
            health: dict[str, Any] = answer.json()
            if health["modes"] == wanted:
                components: dict[str, str] = health["components"]
                return components
            await asyncio.sleep(0.02)


def require_none(system: System) -> None:
    """Fail where a test left a mode on; it is ended then, for the tests that follow."""
    with psycopg.connect(system.owner_dsn, autocommit=True) as owner:
        left = owner.execute("DELETE FROM operations.mode RETURNING name, reason").fetchall()
    assert not left, f"modes are on after the test: {left}"
