"""The demo is used up, crashes and starts again on its folder: nothing that was open is lost."""

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support import customers, ports, servers
from tests.support.customers import Customer

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240.0
# More than a visitor may send in 15 minutes, also from the address of the demo's own traveller.
SIGN_INS = 410


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "interfaces.cli.main", "demo", "--json", "--data", str(folder)]


def environment(**settings: str) -> dict[str, str]:
    own = {name: each for name, each in os.environ.items() if not name.startswith("AIS_")}
    return {**own, **{f"AIS_{name.upper()}": each for name, each in settings.items()}}


def ended(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A demo that ends by itself."""
    return subprocess.run(
        command(folder),
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )


@contextlib.contextmanager
def demo(folder: Path, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", Any]]:
    """A demo that is up, and the line of JSON that it prints."""
    out = folder.with_suffix(".out")
    with out.open("wb") as output:
        process = subprocess.Popen(
            command(folder), cwd=ROOT, stdout=output, env=environment(**settings)
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not (line := out.read_text()).endswith("\n"):
            assert process.poll() is None, "the demo ended early"
            assert time.monotonic() < end, "the demo does not start"
            time.sleep(0.1)
        yield process, json.loads(line)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


async def test_after_heavy_use_and_a_crash_open_checkouts_of_the_demo_are_paid() -> None:
    with servers.quick_folder() as private:
        folder = private / "demo"
        port = str(ports.free_port())
        with demo(folder, port=port, airline_name="Test Wings") as (process, first):
            assert first["urls"]["api"].endswith(f":{port}")
            async with httpx.AsyncClient(base_url=first["urls"]["api"]) as client:
                customer = await customers.register(client)
                booking, checkout = await _opened_checkout(client, customer)
                for _ in range(SIGN_INS):
                    answer = await client.post("/api/auth/mobile-login", json={})
                assert answer.status_code == 429
            second = ended(folder)
            assert (second.returncode, second.stdout) == (1, "")
            assert second.stderr.startswith("ais demo: a demo is running on")
            assert second.stderr.count("\n") == 1
            process.kill()
            process.wait()
        with demo(folder) as (_, again):
            assert again["booking"]["status"] == "confirmed"
            assert again["ledger"]["balanced"]
            assert again["urls"]["stripe"] == first["urls"]["stripe"]
            assert again["urls"]["api"] == first["urls"]["api"]
            assert await customers.press(checkout, "pay") == 303
            async with httpx.AsyncClient(base_url=again["urls"]["api"]) as client:
                await Customer(client, customer.headers, customer.email).becomes(
                    booking, "confirmed"
                )


def test_a_setting_that_is_none_is_named_in_one_line() -> None:
    with servers.quick_folder() as private:
        refused = ended(private / "demo", limit_boking="3")
    assert refused.returncode == 2
    assert refused.stderr == "ais demo: AIS_LIMIT_BOKING is unknown; AIS_LIMIT_BOOKING is near\n"


async def _opened_checkout(client: httpx.AsyncClient, customer: Customer) -> tuple[str, str]:
    for ahead in range(2, 7):
        wanted = {"from": "RUH", "to": "JED", "date": _day(ahead), "passengers": 1}
        flights = (await client.post("/api/flights/search", json=wanted)).json()["flights"]
        if flights:
            break
    booking = await customer.reserved([flights[0]["id"]])
    session = (await customer.send_checkout(booking["id"])).json()
    return booking["id"], session["checkoutUrl"]


def _day(ahead: int) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=ahead)).isoformat()
