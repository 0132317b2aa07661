"""The whole system, once for all tests: every process, real HTTP, signed webhooks.

Each test has customers, flights and bookings of its own, and leaves a system that works and has
nothing left to do: then the next one can arm a fault or a rule that only its own work meets.
"""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from interfaces.cli import demo_stage
from tests.support import ports, road, servers

UNLIMITED = {
    f"AIS_LIMIT_{name}": "1000000"
    for name in ("ANONYMOUS", "SIGNED_IN", "STAFF", "AUTHENTICATION", "BOOKING", "PAYMENT")
}


@pytest.fixture(scope="session")
def stage() -> Iterator[demo_stage.Stage]:
    """Everything that `ais demo` starts, with limits raised and the limiter running."""
    with servers.quick_folder() as folder:
        port = ports.free_port()
        with demo_stage.stage(folder, port=port, overrides=UNLIMITED) as ready:
            yield ready


@pytest.fixture(autouse=True)
def left_at_rest(stage: demo_stage.Stage) -> Iterator[None]:
    """Disarm the simulator and wait until refunds, letters and webhooks have all been sent."""
    yield
    for armed in ("faults", "rules", "refund_plans"):
        road.control(stage.stripe_url, armed, "DELETE")
    road.await_rest(stage.owner_dsn, stage.stripe_url)


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
