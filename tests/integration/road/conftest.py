"""The whole system, once for the module that asks: every process, real HTTP, signed webhooks."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from interfaces.cli import demo_stage
from tests.support import ports, road, servers

UNLIMITED = {
    f"AIS_LIMIT_{name}": "1000000"
    for name in ("ANONYMOUS", "SIGNED_IN", "STAFF", "AUTHENTICATION", "BOOKING", "PAYMENT")
}


@pytest.fixture(scope="module")
def stage() -> Iterator[demo_stage.Stage]:
    """Everything that `ais demo` starts, with limits raised and the limiter running."""
    with servers.private_folder() as folder:
        port = ports.free_port()
        with demo_stage.stage(folder, port=port, overrides=UNLIMITED) as ready:
            yield ready


@pytest.fixture
async def client(stage: demo_stage.Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a user."""
    limits = httpx.Limits(max_connections=250)
    async with httpx.AsyncClient(base_url=stage.base_url, timeout=30, limits=limits) as found:
        yield found


@pytest.fixture
async def traveller(client: httpx.AsyncClient) -> road.Traveller:
    """A fresh customer who has signed in."""
    return await road.register(client)


@pytest.fixture(autouse=True)
def read_models_follow(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test all read models reach the end of the log and nothing is parked."""
    yield
    if "stage" in request.fixturenames:
        road.assert_read_models_follow(request.getfixturevalue("stage").owner_dsn)
