"""The whole system, once for all tests of this folder: every role, real HTTP, signed webhooks.

All roles are one process, as in `ais demo`. With SEPARATE_PROCESSES=1 in the environment they are
separate ones; tests of kills, stops and leaks run on both (`running_system.EACH_FORM`). A form ends
before the other begins, and with the last test here, because idle processes take time from all
other tests; tests of the separate form follow each other.

Each test has customers, flights and bookings of its own, and leaves a system that works and has
nothing left to do: then the next one can arm a fault or a rule that only its own work meets.
"""

import functools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from interfaces.worker.timers import check_signed_captures
from tests.support import customers, modes, running_system
from tests.support.answer_headers import require_headers
from tests.support.customers import Customer
from tests.support.running_system import Hurried, System


class Running:
    """The system in one of its forms; it ends when the other one is wanted."""

    def __init__(self) -> None:
        self._form = ""
        self._stack = ExitStack()
        self._system: System | None = None

    def in_form(self, form: str) -> System:
        """Everything that `ais demo` starts, or `ais demo --separate` for `separate_processes`,
        or `ais demo --separate --standby` for `standby`.
        """
        if self._system is None or form != self._form:
            self.close()
            started = running_system.running_system(
                separate=form != "one_process", standby=form == "standby"
            )
            self._system = self._stack.enter_context(started)
            self._form = form
        return self._system

    def close(self) -> None:
        """End it, if there is one, once every letter is sent."""
        found, self._system = self._system, None
        with self._stack:
            if found is not None:
                running_system.await_letters(found)


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    """The system of this folder, not started yet."""
    found = Running()
    with closing(found):
        yield found


@pytest.fixture
def system(request: pytest.FixtureRequest, running: Running) -> System:
    """The form of processes that is chosen for all tests, or by a mark of `running_system`."""
    chosen = "separate_processes" if os.environ.get("SEPARATE_PROCESSES") else "one_process"
    return running.in_form(getattr(request, "param", chosen))


@pytest.fixture(autouse=True)
def left_at_rest(system: System) -> Iterator[None]:
    """After every test no mode is on, nothing armed or under way, all read models are current."""
    yield
    running_system.disarm(system)
    try:
        modes.require_none(system)
    finally:
        running_system.await_rest(system)


@pytest.fixture
def hurried_timers(system: System) -> Hurried:
    """Begins a block in which the given timers look each second for what is due."""
    return functools.partial(running_system.hurried, system)


@pytest.fixture
def captures_checked(hurried_timers: Hurried) -> Iterator[None]:
    """During the test captures are checked at Stripe once they are old enough, which refunds of
    unusable money wait for.
    """
    with hurried_timers(check_signed_captures.TIMER):
        yield


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
