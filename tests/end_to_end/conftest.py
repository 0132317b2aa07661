"""The whole system, once for all tests of this folder: every role, real HTTP, signed webhooks.

All roles are one process, as in `ais demo`. With SEPARATE_PROCESSES=1 in the environment they are
separate ones; tests of kills, stops and leaks run on both (`running_system.EACH_FORM`). They end
with the last test here, because idle processes take time from all other tests.

Each test has customers, flights and bookings of its own, and leaves a system that works and has
nothing left to do: then the next one can arm a fault or a rule that only its own work meets.
"""

import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.answer_headers import require_headers
from tests.support.customers import Customer
from tests.support.running_system import System


@pytest.fixture(scope="package")
def one_process() -> Iterator[System]:
    """Everything that `ais demo` starts."""
    with running_system.running_system() as ready:
        yield ready


@pytest.fixture(scope="package")
def separate_processes() -> Iterator[System]:
    """Everything that `ais demo --separate` starts."""
    with running_system.running_system(separate=True) as ready:
        yield ready


@pytest.fixture
def system(request: pytest.FixtureRequest) -> System:
    """The form of processes that is chosen for all tests, or by a mark of `running_system`."""
    chosen = "separate_processes" if os.environ.get("SEPARATE_PROCESSES") else "one_process"
    ready: System = request.getfixturevalue(getattr(request, "param", chosen))
    return ready


@pytest.fixture(autouse=True)
def left_at_rest(system: System) -> Iterator[None]:
    """After every test nothing is armed or under way, and all read models are at the log's end."""
    yield
    running_system.disarm(system)
    running_system.await_rest(system)


@pytest.fixture
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a user, which takes no answer without the headers for browsers."""
    limits = httpx.Limits(max_connections=250)
    hooks = {"response": [require_headers]}
    async with httpx.AsyncClient(
        verify=False, base_url=system.base_url, timeout=30, limits=limits, event_hooks=hooks
    ) as found:
        yield found


@pytest.fixture
async def customer(client: httpx.AsyncClient) -> Customer:
    """A fresh customer who has signed in."""
    return await customers.register(client)
