"""The key of access tokens is replaced while two processes serve: nobody is refused meanwhile."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from interfaces.cli import demo_stage
from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

pytestmark = running_system.ONE_PROCESS


def _step(setting: str, verb: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", "keys", verb],
        env={**os.environ, "AIS_TOKEN_KEY": setting},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


async def _restarted(system: System, setting: str) -> System:
    """The process with this key, after its end and start."""
    changed = msgspec.structs.replace(
        system, environment={**system.environment, "AIS_TOKEN_KEY": setting}
    )
    running = system.processes["serve"]
    running.terminate()
    await asyncio.to_thread(running.wait, 60)
    demo_stage.restart(changed, "serve")
    async with httpx.AsyncClient(base_url=system.base_url, timeout=30) as client:
        await running_system.await_ready(client)
    return changed


class _Traveller:
    """A customer who asks both processes all the time, with tokens that either has signed."""

    def __init__(self, urls: tuple[str, str], email: str) -> None:
        self.urls = urls
        self.account = {"email": email, "password": customers.PASSWORD}
        self.statuses: dict[int, int] = {}
        self.signed_in = 0

    async def travel(self) -> None:
        """Sign in at one process, ask the other; what a stopped process does not answer is not
        counted."""
        async with httpx.AsyncClient(timeout=30) as client:
            while True:
                for here, there in (self.urls, self.urls[::-1]):
                    with contextlib.suppress(httpx.TransportError):
                        await self._ask(client, here, there)
                await asyncio.sleep(0.01)

    async def _ask(self, client: httpx.AsyncClient, here: str, there: str) -> None:
        answer = await client.post(f"{here}/api/auth/mobile-login", json=self.account)
        self._count(answer)
        if answer.status_code != 200:
            return
        self.signed_in += 1
        headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
        for url in (there, here):
            with contextlib.suppress(httpx.TransportError):
                read = await client.get(f"{url}/api/auth/me", headers=headers)
                self._count(read)

    def _count(self, answer: httpx.Response) -> None:
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1


@asynccontextmanager
async def _under_load(travellers: list[_Traveller]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.travel()) for each in travellers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _published(url: str) -> list[str]:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        found = (await client.get("/.well-known/jwks.json")).json()["keys"]
    return [each["kid"] for each in found]


async def test_the_key_is_replaced_while_two_processes_serve_and_nobody_is_refused(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    first_key = system.environment["AIS_TOKEN_KEY"]
    both = _step(first_key, "add")
    switched = _step(both, "switch")
    rolled = [system]
    try:
        with running_system.second_process(system) as second:
            async with httpx.AsyncClient(base_url=second.base_url, timeout=30) as other:
                await running_system.await_ready(other)
            urls = (system.base_url, second.base_url)
            travellers = [
                _Traveller(urls, (await customers.register(client)).email) for _ in range(3)
            ]
            rolled.append(second)
            async with _under_load(travellers):
                for setting in (both, switched):
                    for number in (0, 1):
                        rolled[number] = await _restarted(rolled[number], setting)
                # A token of the first key is valid until it expires.
                answer = await other_me(second.base_url, customer)
                assert answer == 200
            assert sum(each.signed_in for each in travellers) > 20
            seen: dict[int, int] = {}
            for each in travellers:
                for status, count in each.statuses.items():
                    seen[status] = seen.get(status, 0) + count
            assert set(seen) == {200}, seen
            assert await _published(second.base_url) == await _published(system.base_url)
            last = await _restarted(rolled[1], _step(switched, "drop"))
            assert await other_me(last.base_url, customer) == 401
    finally:
        # Other tests use the system.
        await _restarted(rolled[0], first_key)


async def other_me(url: str, customer: Customer) -> int:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        return (await client.get("/api/auth/me", headers=customer.headers)).status_code
