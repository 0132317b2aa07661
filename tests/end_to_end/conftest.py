"""The whole system, once for all tests: every process, real HTTP, signed webhooks.

Each test has customers, flights and bookings of its own, and leaves a system that works and has
nothing left to do: then the next one can arm a fault or a rule that only its own work meets.
"""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from interfaces.cli import demo_stage
from tests.support import system


@pytest.fixture(scope="session")
def stage() -> Iterator[demo_stage.Stage]:
    """Everything that `ais demo` starts."""
    with system.system() as ready:
        yield ready


@pytest.fixture(autouse=True)
def left_at_rest(stage: demo_stage.Stage) -> Iterator[None]:
    """After every test nothing is armed or under way, and all read models are at the log's end."""
    yield
    system.disarm(stage.stripe_url)
    system.await_rest(stage.owner_dsn, stage.stripe_url)
    system.assert_read_models_follow(stage.owner_dsn)


@pytest.fixture
async def client(stage: demo_stage.Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a user."""
    limits = httpx.Limits(max_connections=250)
    async with httpx.AsyncClient(
        verify=False, base_url=stage.base_url, timeout=30, limits=limits
    ) as found:
        yield found


@pytest.fixture
async def traveller(client: httpx.AsyncClient) -> system.Traveller:
    """A fresh customer who has signed in."""
    return await system.register(client)
