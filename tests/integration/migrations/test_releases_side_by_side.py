"""An upgrade without an interruption: both releases serve one database, and nobody notices."""

import asyncio
import datetime as dt
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from infrastructure.postgres.migrate import migrations
from tests.integration.migrations import release_before
from tests.support import customers, ports, running_system, servers, stored_log
from tests.support.customers import Customer
from tests.support.stored_log import WAIT_SECONDS

ROOT = Path(__file__).resolve().parents[3]


async def test_the_release_before_and_this_one_sell_from_one_database_during_an_upgrade() -> None:
    port, own_port = ports.free_port(), ports.free_port()
    with (
        servers.quick_folder() as folder,
        release_before.running(folder, port=port, overrides=running_system.OVERRIDES) as before,
    ):
        environment = {**before.environment, "AIS_ADMIN_DATABASE_URL": before.owner_dsn}
        async with _a_customer(before.base_url) as (customer, flight):
            selling = asyncio.create_task(_sell(customer, flight))
            applied = await asyncio.to_thread(_ais, environment, "migrate", "--phase", "pre")
            assert "applying 0063_pre_operations.sql" in applied
            with _serving(environment, own_port) as base_url:
                async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
                    there = Customer(client, customer.headers, customer.email)
                    await _both_sell(customer, there, flight)
                    assert await _ended(selling) > 0
                    assert await asyncio.to_thread(before.stop_serving) == 0
                    found = await asyncio.to_thread(_ais, environment, "migrate", "--phase", "post")
                    left = [each.name for each in migrations() if each.phase == "post"]
                    assert found.splitlines()[:-1] == [f"applying {name}" for name in left]
                    assert (await there.send_booking(flight)).status_code == 201
                    await asyncio.to_thread(stored_log.assert_read_models_follow, before.owner_dsn)
        await asyncio.to_thread(_ais, environment, "check")


async def _both_sell(one: Customer, other: Customer, flight: str) -> None:
    """What one release records the other reads, repeats and completes."""
    key = secrets.token_hex(8)
    answers = [await each.send_booking(flight, key=key) for each in (one, other, one)]
    assert [each.status_code for each in answers] == [201, 201, 201]
    assert len({each.json()["id"] for each in answers}) == 1
    for buyer, reader in ((one, other), (other, one)):
        booking = await buyer.confirmed([flight])
        assert (await reader.booking(booking["id"]))["status"] == "confirmed"
        await reader.cancelled(booking["id"])
        await buyer.becomes(booking["id"], "refunded")


_selling = asyncio.Event()


async def _sell(customer: Customer, flight: str) -> int:
    """Book one seat after the other until asked to end; returns how many. No answer may fail."""
    _selling.set()
    sold = 0
    while _selling.is_set():
        answer = await customer.send_booking(flight)
        assert answer.status_code == 201, answer.text
        await customer.cancelled(answer.json()["id"])
        sold += 1
    return sold


async def _ended(selling: "asyncio.Task[int]") -> int:
    _selling.clear()
    return await selling


@asynccontextmanager
async def _a_customer(base_url: str) -> AsyncIterator[tuple[Customer, str]]:
    """A fresh customer of the release, and a flight of its schedule."""
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        customer = await customers.register(client)
        day = dt.datetime.now(ZoneInfo("Asia/Riyadh")).date() + dt.timedelta(days=2)
        wanted = {"from": "RUH", "to": "JED", "date": day.isoformat(), "passengers": 1}
        found = await customer.post("/api/flights/search", wanted)
        yield customer, str(found["flights"][0]["id"])


def _ais(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of this release; returns what it prints. It has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "interfaces.cli.main", *arguments],
        env=_of_this_release(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def _serving(environment: Mapping[str, str], port: int) -> Iterator[str]:
    """`ais serve` of this release; it has to end with 0."""
    settings = {**environment, "AIS_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "interfaces.cli.main", "serve"],
        env=_of_this_release({**settings, "AIS_LOG_LEVEL": "warning"}),
    )
    base_url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + WAIT_SECONDS
        while not _is_ready(base_url):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        yield base_url
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()


def _is_ready(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/health/ready", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _of_this_release(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AIS_")}
    return {**inherited, **settings, "PYTHONPATH": str(ROOT)}
