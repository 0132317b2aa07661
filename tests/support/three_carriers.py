"""Three carriers on this machine: a Postgres of each, and one web process for all of them.

Each carrier's address is a front door of its own to the same web process, as a proxy is.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from infrastructure.identity import tokens
from infrastructure.postgres import migrate, roles
from infrastructure.sealing import master_key
from projections import runner
from tests.support import customers, ports, running_system, servers
from tests.support.customers import Customer
from tests.support.front_doors import front_doors
from tests.support.stored_log import WAIT_SECONDS
from tests.support.stripe_simulator import StripeSimulator

ROOT = Path(__file__).resolve().parents[2]
# Designator, accounting code, currency of its flights.
CARRIERS = (("XX", "991", "SAR"), ("YY", "992", "SAR"), ("ZZ", "993", "KWD"))


class Carrier(msgspec.Struct, frozen=True):
    """One carrier: where it is reached, and its own servers."""

    designator: str
    base_url: str
    airline_code: str
    currency: str
    postgres: EmbeddedPostgres
    stripe: StripeSimulator

    @property
    def owner_dsn(self) -> str:
        """The owner's address of its database."""
        return self.postgres.dsn()


class Tier(msgspec.Struct, frozen=True):
    """All carriers by designator, and the processes that serve them."""

    carriers: Mapping[str, Carrier]
    environment: Mapping[str, str]
    folder: Path
    # Where the one web process shows its metrics.
    metrics_port: int

    @contextmanager
    def process(self, role: str, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        """One process of ours, ended in the end; its output is in the folder."""
        number = len(list(self.folder.glob("*.log")))
        with (self.folder / f"{number}-{role}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "interfaces.cli.main", role],
                cwd=ROOT,
                env={**self.environment, **settings},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def await_answer(self, url: str, process: "subprocess.Popen[bytes]") -> None:
        """Wait until a web process answers there at all."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                httpx.get(f"{url}/health/live", timeout=5)
                return
            except httpx.TransportError:
                logs = "\n".join(each.read_text() for each in self.folder.glob("*.log"))
                assert process.poll() is None, logs
                assert time.monotonic() < end, logs
                time.sleep(0.05)


@contextmanager
def three_carriers() -> Iterator[Tier]:
    """Start everything; end it in reverse order."""
    port = ports.free_port()
    with ExitStack() as stack:
        folder = stack.enter_context(servers.quick_folder())
        primaries = _primaries(stack, folder)
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        doors = stack.enter_context(front_doors([[port]] * len(CARRIERS)))
        carriers = {}
        tables = []
        for number, (designator, code, currency) in enumerate(CARRIERS):
            base_url = f"http://127.0.0.1:{doors[number].port}"
            stripe = stack.enter_context(
                StripeSimulator(
                    f"{base_url}/api/webhooks/stripe",
                    f"whsec_{designator}",
                    api_key=f"sk_test_{designator}",
                )
            )
            carrier = Carrier(designator, base_url, code, currency, primaries[number], stripe)
            carriers[designator] = carrier
            tables.append(_table(carrier, folder, f"{valkey.url}?db={number}"))
        path = folder / "carriers.toml"
        path.write_text("\n".join(tables), "utf-8")
        inherited = {name: each for name, each in os.environ.items() if name[:4] != "AIS_"}
        environment = {
            **inherited,
            "AIS_CARRIERS": str(path),
            "AIS_PORT": str(port),
            "AIS_DATA_DIR": str(folder),
            **running_system.OVERRIDES,
        }
        tier = Tier(carriers, environment, folder, ports.free_port())
        shown_at = {"OPERATIONS_HOST": "127.0.0.1", "OPERATIONS_PORT": str(tier.metrics_port)}
        own = {f"AIS_{name}": value for name, value in shown_at.items()}
        web = stack.enter_context(tier.process("web", **own))
        tier.await_answer(f"http://127.0.0.1:{port}", web)
        yield tier


async def ticketed(carrier: Carrier, customer: Customer) -> dict[str, Any]:
    """A booking that was paid at the carrier's own Stripe account, with its tickets."""
    flight = running_system.schedule(
        carrier, seats=9, currency=carrier.currency, carrier=carrier.designator
    )
    answer = await customer.send_booking(flight)
    assert answer.status_code == 201, f"{carrier.designator}: {answer.text}"
    booking = answer.json()
    session = (await customer.send_checkout(booking["id"])).json()
    assert session["checkoutUrl"].startswith(carrier.stripe.url)
    await customers.press(session["checkoutUrl"], "pay")
    return await customer.becomes(booking["id"], "confirmed")


def _primaries(stack: ExitStack, folder: Path) -> list[EmbeddedPostgres]:
    """A server for each carrier; the first is prepared, the others begin as copies of its files."""
    # What was acknowledged is in the files when a test kills a server, but not flushed to a disk.
    settings = {
        "max_wal_size": "512MB",
        "shared_buffers": "16MB",
        "synchronous_commit": "on",
    }
    folders = [folder / designator for designator, *_ in CARRIERS]
    with EmbeddedPostgres(folders[0], durable=False, settings=settings) as first:
        migrate.migrate(first.dsn())
        roles.create_logins(first.dsn())
        runner.prepare_all(first.dsn(user=roles.PROJECTOR_LOGIN))
    for other in folders[1:]:
        subprocess.run(["cp", "-a", folders[0], other], check=True)
    return [
        stack.enter_context(EmbeddedPostgres(each, durable=False, settings=settings))
        for each in folders
    ]


def _table(carrier: Carrier, folder: Path, redis_url: str) -> str:
    database = carrier.postgres
    settings = {
        "DATABASE_URL": database.dsn(user=roles.APPLICATION_LOGIN),
        "PROJECTOR_DATABASE_URL": database.dsn(user=roles.PROJECTOR_LOGIN),
        "REDIS_URL": redis_url,
        "MASTER_KEY": master_key.generated(),
        "TOKEN_KEY": tokens.generated(),
        "STRIPE_API_KEY": carrier.stripe.api_key,
        "STRIPE_WEBHOOK_SECRETS": f"whsec_{carrier.designator}",
        "STRIPE_BASE_URL": carrier.stripe.url,
        "PUBLIC_URL": carrier.base_url,
        "AIRLINE_CODE": carrier.airline_code,
        "AIRLINE_NAME": f"Airline {carrier.designator}",
        "DATA_DIR": str(folder / f"data-{carrier.designator}"),
    }
    lines = [
        f"AIS_{name} = {msgspec.json.encode(value).decode()}" for name, value in settings.items()
    ]
    return "\n".join([f"[{carrier.designator}]", *lines])
