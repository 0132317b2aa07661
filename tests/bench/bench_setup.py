"""What benchmarks share: durable servers, a migrated database, flights, users, child processes."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from application.commands import stream_kinds
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled
from domain.kernel import ids, money
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.valkey_server import EmbeddedValkey
from infrastructure.identity import tokens
from infrastructure.postgres import migrate, roles
from infrastructure.sealing import master_key
from tests.support.servers import private_folder

REPOSITORY = Path(__file__).resolve().parents[2]
FARE = 40_000
FLIGHT_TIME = dt.timedelta(minutes=105)
READY_SECONDS = 120.0
STOP_SECONDS = 60.0
UNLIMITED = "100000000"
PASSWORD = "correct horse battery"
# Read by the embedded server of each side.
POSTGRES_PROGRAMS = "AIS_PG_BIN"


class Stage(msgspec.Struct, frozen=True):
    """Running servers and the environment of the processes that use them."""

    server: EmbeddedPostgres
    owner_dsn: str
    environment: dict[str, str]
    durability: dict[str, str]


@contextmanager
def stage() -> Iterator[Stage]:
    """Durable Postgres (fsync on) and Valkey, migrated, with secrets of this run."""
    with (
        private_folder() as folder,
        EmbeddedPostgres(folder / "pg", durable=True) as postgres,
        EmbeddedValkey(folder / "vk") as valkey,
    ):
        owner = postgres.dsn()
        migrate.migrate(owner)
        roles.create_logins(owner)
        environment = {
            "AIS_DATABASE_URL": postgres.dsn(user=roles.APPLICATION_LOGIN),
            "AIS_REDIS_URL": valkey.url,
            "AIS_MASTER_KEY": master_key.generated(),
            "AIS_TOKEN_KEY": tokens.generated(),
            "AIS_STRIPE_API_KEY": "sk_test_bench",
            "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_bench",
            "AIS_PUBLIC_URL": "http://127.0.0.1",
            "AIS_DATA_DIR": str(folder),
            **{
                f"AIS_LIMIT_{name}": UNLIMITED
                for name in (
                    *("ANONYMOUS", "SIGNED_IN", "AUTHENTICATION", "BOOKING", "PAYMENT"),
                    *("UNPAID_FLIGHT", "UNPAID_ACCOUNT", "UNPAID_ADDRESS"),
                )
            },
        }
        yield Stage(postgres, owner, environment, durability(owner))


def with_database(stage: Stage, name: str, *, template: str | None = None) -> Stage:
    """Return the same stage on a fresh database: a copy of `template`, or an empty migrated one."""
    with psycopg.connect(stage.server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}".encode())
    owner = stage.server.dsn(name)
    migrate.migrate(owner)
    url = stage.server.dsn(name, roles.APPLICATION_LOGIN)
    return msgspec.structs.replace(
        stage, owner_dsn=owner, environment={**stage.environment, "AIS_DATABASE_URL": url}
    )


def durability(dsn: str) -> dict[str, str]:
    """Return the server's settings that make a commit durable."""
    names = ("fsync", "synchronous_commit", "full_page_writes")
    with psycopg.connect(dsn) as connection:
        return {name: _shown(connection, name) for name in names}


def _shown(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute(f"SHOW {name}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def departure(*, days_later: int = 0) -> dt.datetime:
    """Return the time a month from now, or so many days after that."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return now + dt.timedelta(days=30 + days_later)


def flight_names(prefix: str, count: int, *, days_later: int = 0) -> list[str]:
    """Return the streams of `count` flights of that day."""
    day = departure(days_later=days_later).date().isoformat()
    return [ids.flight_stream(f"{prefix}{number}", day) for number in range(1, count + 1)]


def schedule(dsn: str, flights: Sequence[str], *, seats: int, days_later: int = 0) -> None:
    """Put flights with one cabin on sale, directly through the append function."""
    departs_at = departure(days_later=days_later)
    encode = msgspec.json.Encoder(order="deterministic").encode
    with psycopg.connect(dsn, autocommit=True) as connection:
        for flight in flights:
            event = FlightScheduled(
                number=flight.split("-")[1],
                origin="RUH",
                destination="JED",
                origin_zone="Asia/Riyadh",
                destination_zone="Asia/Riyadh",
                departs_at=departs_at,
                arrives_at=departs_at + FLIGHT_TIME,
                domestic=True,
                fares=(FareClass("Y", "Y", money.Money(FARE, "SAR")),),
                moves=(CapacityMove("Y", authorised=seats),),
            )
            assert stream_kinds.kind_of(flight) is stream_kinds.FLIGHT
            connection.execute(
                "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], "
                "ARRAY['{}'::bytea], ARRAY['bench'], ARRAY['bench'], ARRAY[NULL::uuid], "
                "ARRAY[%s], ARRAY[1], ARRAY[%s], ARRAY[%s::bytea], ARRAY[0], "
                "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])",
                (flight, event.tag, encode(event)),
            )


def inherited() -> dict[str, str]:
    """Return our environment without settings of the product, which refuses those it lacks."""
    return {
        name: each
        for name, each in os.environ.items()
        if not name.startswith("AIS_") or name == POSTGRES_PROGRAMS
    }


@contextmanager
def stripe_simulator(
    stage: Stage, *, port: int, web_port: int, events: str, state: Path | None = None
) -> Iterator[Stage]:
    """Run the Stripe simulator, which sends these events; yield the stage that knows it.

    `state` is a file with an account to begin with.
    """
    arguments = [
        *("-m", "infrastructure.stripe_simulator", "--port", str(port)),
        *("--api-key", stage.environment["AIS_STRIPE_API_KEY"]),
        *("--webhook-url", f"http://127.0.0.1:{web_port}/api/webhooks/stripe"),
        *("--webhook-secret", stage.environment["AIS_STRIPE_WEBHOOK_SECRETS"]),
        *("--webhook-events", events),
        *(() if state is None else ("--state", str(state))),
    ]
    url = f"http://127.0.0.1:{port}"
    with child(arguments, {}):
        await_port(port)
        yield msgspec.structs.replace(
            stage, environment={**stage.environment, "AIS_STRIPE_BASE_URL": url}
        )


@contextmanager
def child(
    arguments: Sequence[str], environment: Mapping[str, str], *, descriptors: Sequence[int] = ()
) -> Iterator[list[str]]:
    """Run a Python process, with SIGTERM at the end; yield the list that gets its output.

    It inherits the open file `descriptors`.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**inherited(), "PYTHONPATH": str(REPOSITORY), **environment},
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=tuple(descriptors),
    )
    printed: list[str] = []
    try:
        yield printed
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=STOP_SECONDS)
        printed.extend(output.splitlines())


def await_live(port: int) -> None:
    """Wait until a web process answers; raises TimeoutError."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise TimeoutError(f"port {port}")


def await_port(port: int) -> None:
    """Wait until a server listens on a port of loopback; raises TimeoutError."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"port {port}")


def post(port: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a JSON POST and return the answer; raises unless it is 2xx."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def email_of(port: int, number: int) -> str:
    """Return the address of a customer whom `sign_in` has made at this port."""
    return f"bench{port}-{number}@example.com"


def sign_in(port: int, count: int) -> list[str]:
    """Return access tokens of `count` new customers."""
    for number in range(count):
        account = {"email": email_of(port, number), "password": PASSWORD}
        post(port, "/api/auth/register", account)
    return tokens_of(port, count)


def tokens_of(port: int, count: int) -> list[str]:
    """Return new access tokens of customers whom `sign_in` has made."""
    accounts = [{"email": email_of(port, number), "password": PASSWORD} for number in range(count)]
    return [
        str(post(port, "/api/auth/mobile-login", account)["accessToken"]) for account in accounts
    ]
