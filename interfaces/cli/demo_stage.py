"""The environment of the demo: embedded servers, secrets, processes, schedule, accounts.

Everything is in one folder and ends with this process; started on it again, the demo continues.
"""

import asyncio
import datetime as dt
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from application.commands import follow_up
from application.identity.register_user import RegisterUser
from application.inventory.seed_schedule import seed_schedule
from application.payment import stripe_event_types
from application.policies.read_book import read_book
from domain.identity.roles import Role
from domain.kernel import ids
from domain.ledger.rules import accounting_day
from infrastructure.airports.world import load_airports
from infrastructure.embedded import account, child
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.embedded.standby_server import EmbeddedStandby
from infrastructure.embedded.valkey_server import EmbeddedValkey
from infrastructure.identity import tokens
from infrastructure.postgres import roles
from infrastructure.redis import rate_limit
from infrastructure.sealing import master_key
from interfaces import composition, message_composition, settings, web_composition
from interfaces.cli import demo_catch_up, demo_database, demo_ports
from interfaces.cli.demo_database import DemoDatabase
from interfaces.cli.demo_failed import DemoFailed
from interfaces.cli.storyline import DemoAccount
from interfaces.roles import ALL_ROLES
from interfaces.settings import Settings
from interfaces.web import report

REPOSITORY = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0
LOG_LINES_SHOWN = 5
POLL_SECONDS = 0.05
LOOPBACK = "127.0.0.1"
# Settings that name a server which the demo brings along.
OWN_SERVERS = frozenset(
    f"AIS_{name}"
    for name in (
        *("DATABASE_URL", "ADMIN_DATABASE_URL", "PROJECTOR_DATABASE_URL", "POOLED_DATABASE_URL"),
        *("REPLICA_DATABASE_URL", "REDIS_URL", "STRIPE_BASE_URL", "CARRIERS"),
    )
)
STAFF: tuple[tuple[Role, str], ...] = (
    ("ops", "ops@rimal.example"),
    ("gate", "gate@rimal.example"),
    ("support", "support@rimal.example"),
    ("finance", "finance@rimal.example"),
    # What moves money by hand needs two of them.
    ("finance", "second.finance@rimal.example"),
    ("auditor", "auditor@rimal.example"),
)


class Stage(msgspec.Struct, frozen=True):
    """The addresses, settings and accounts of a running demo."""

    base_url: str
    stripe_url: str
    owner_dsn: str
    settings: Settings
    staff: tuple[DemoAccount, ...]
    mailbox: Path
    processes: dict[str, subprocess.Popen[bytes]]
    # Where each process of ours serves its metrics.
    metrics_ports: Mapping[str, int]
    environment: Mapping[str, str]
    postgres: EmbeddedPostgres
    standby: EmbeddedStandby | None
    valkey: EmbeddedValkey | None
    folder: Path


@contextmanager
def stage(
    folder: Path,
    *,
    port: int | None,
    overrides: Mapping[str, str] | None = None,
    separate: bool = False,
    standby: bool = False,
    stripe_objects: int | None = None,
) -> Iterator[Stage]:
    """Start everything; stop it in reverse order at the end. `overrides` are AIS_* settings.

    All roles are one process, or `separate` ones with Valkey between them. Without a `port` that
    of the last start on the folder, or a free one. Commits wait for the `standby`, if there is one.
    With `stripe_objects` the simulator keeps so many of each kind, and no file of them.
    """
    logs = _prepared_folder(folder)
    given = dict(overrides or {})
    with ExitStack() as stack:
        stack.callback(os.close, _locked(folder))
        port = demo_ports.api_port(folder, port, host=reachable(given).strip("[]"))
        database = stack.enter_context(demo_database.started(folder, standby=standby))
        kept = _secrets(folder)
        base_url = f"http://{reachable(given)}:{port}"
        environment = _environment(folder, database, base_url, kept)
        valkey = _valkey(folder, stack) if separate else None
        if valkey is not None:
            environment["AIS_REDIS_URL"] = valkey.url
        environment.update(given)
        processes: dict[str, subprocess.Popen[bytes]] = {}
        stack.callback(_stop_all, processes)
        processes["stripe simulator"], stripe_url = _simulator(
            folder, logs, base_url, environment, objects=stripe_objects
        )
        environment["AIS_STRIPE_BASE_URL"] = stripe_url
        configured = settings.load(environment)
        asyncio.run(_prepare(configured, kept["staff_password"]))
        environment["AIS_PORT"] = str(port)
        started = ALL_ROLES if separate else ("serve",)
        metrics_ports = {name: demo_ports.any_free(LOOPBACK) for name in started}
        for name in started:
            processes[name] = _start(name, environment, logs, metrics_ports[name])
        web = process_of(processes, "web")
        _await_url(f"{base_url}/health/ready", processes[web], logs / f"{web}.log")
        demo_catch_up.wait(database.dsn(), say=say)
        demo_ports.remember(folder, api=port, stripe=int(stripe_url.rpartition(":")[2]))
        yield Stage(
            base_url=base_url,
            stripe_url=stripe_url,
            owner_dsn=database.dsn(),
            settings=configured,
            staff=tuple(DemoAccount(role, email, kept["staff_password"]) for role, email in STAFF),
            mailbox=configured.data_dir / message_composition.MAILBOX_FOLDER,
            processes=processes,
            metrics_ports=metrics_ports,
            environment=environment,
            postgres=database.primary,
            standby=database.standby,
            valkey=valkey,
            folder=folder,
        )


def overrides_from(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the AIS_* settings of the person who starts the demo; raises DemoFailed for those that
    would replace a server of the demo."""
    given = {name: each for name, each in environment.items() if name.startswith("AIS_") and each}
    for name in sorted(OWN_SERVERS & given.keys()):
        raise DemoFailed(
            f"{name} is set, but the demo runs its own PostgreSQL, Valkey and Stripe simulator: "
            "unset it, or start `ais serve` on yours"
        )
    if "AIS_DATA_DIR" in given:
        given["AIS_DATA_DIR"] = str(Path(given["AIS_DATA_DIR"]).absolute())
    return given


def reachable(given: Mapping[str, str]) -> str:
    """Return the host under which this machine reaches the web process."""
    host = given.get("AIS_HOST", LOOPBACK)
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


def _prepared_folder(folder: Path) -> Path:
    """Make the folder and that of the logs; return the latter."""
    logs = folder / "logs"
    try:
        # Started by root, the servers run under another account, which must be able to enter.
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DemoFailed(f"the folder cannot be made: {error}") from None
    return logs


def _locked(folder: Path) -> int:
    try:
        return child.lock_folder(folder)
    except child.AlreadyRunning:
        raise DemoFailed(
            f"a demo is running on {folder} already: end it, or choose another folder with --data"
        ) from None


def _secrets(folder: Path) -> dict[str, str]:
    """Return the secrets: made at the first start, stored with the data that they open."""
    path = folder / "secrets.json"
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    made = {
        "master_key": master_key.generated(),
        "token_key": tokens.generated(),
        "stripe_api_key": f"sk_test_{secrets.token_hex(12)}",
        "webhook_secret": f"whsec_{secrets.token_hex(16)}",
        "staff_password": secrets.token_urlsafe(12),
    }
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return made


def _environment(
    folder: Path,
    database: DemoDatabase,
    base_url: str,
    kept: Mapping[str, str],
) -> dict[str, str]:
    return {
        "AIS_DATABASE_URL": database.dsn(roles.APPLICATION_LOGIN),
        "AIS_PROJECTOR_DATABASE_URL": database.dsn(roles.PROJECTOR_LOGIN),
        "AIS_MASTER_KEY": kept["master_key"],
        "AIS_TOKEN_KEY": kept["token_key"],
        "AIS_STRIPE_API_KEY": kept["stripe_api_key"],
        "AIS_STRIPE_WEBHOOK_SECRETS": kept["webhook_secret"],
        "AIS_PUBLIC_URL": base_url,
        "AIS_DATA_DIR": str(folder),
        # Visitors of the demo share one address and try things out.
        "AIS_LIMIT_AUTHENTICATION": "400",
        # They sign in as staff with a password that was just printed.
        "AIS_MFA_REQUIRED": "false",
        # Who tries out deliveries to a partner has its server beside the demo.
        "AIS_PARTNER_LOOPBACK": "true",
        # Whoever tries it out finds each request with `ais trace`.
        "AIS_TRACES_PER_SECOND": "50",
        # The simulator has no limits.
        "AIS_STRIPE_LIMIT_ACCOUNT": "1000000",
        "AIS_STRIPE_LIMIT_ENDPOINT": "1000000",
    }


def _valkey(folder: Path, stack: ExitStack) -> EmbeddedValkey:
    valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
    # What visitors used up before must not stop the traveller of this start.
    rate_limit.forget_windows(valkey.url)
    return valkey


def _simulator(
    folder: Path,
    logs: Path,
    base_url: str,
    environment: Mapping[str, str],
    *,
    objects: int | None,
) -> tuple[subprocess.Popen[bytes], str]:
    """Start the Stripe simulator, which prints its URL in its first line; return both."""
    log = logs / "stripe.log"
    log.unlink(missing_ok=True)
    port, taken = demo_ports.stripe_port(folder)
    if taken is not None:
        say(f"port {taken} is in use: checkouts opened before have to be opened again")
    kept = ("--state", str(folder / "stripe.json"))
    if objects is not None:
        kept = ("--objects-limit", str(objects))
    secret = environment["AIS_STRIPE_WEBHOOK_SECRETS"].partition(",")[0].strip()
    command = [
        *(sys.executable, "-m", "infrastructure.stripe_simulator", "--port", str(port)),
        *("--api-key", environment["AIS_STRIPE_API_KEY"]),
        *("--webhook-url", f"{base_url}/api/webhooks/stripe"),
        *("--webhook-secret", secret),
        # An endpoint at Stripe should be configured like this: it receives what it processes.
        *("--webhook-events", ",".join(sorted(stripe_event_types.PROCESSED))),
        *kept,
    ]
    process = _spawn(command, {}, log)
    found: list[str] = []

    def has_printed_url() -> bool:
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                found.append(str(json.loads(line)["url"]))
        return bool(found)

    child.await_ready(process, has_printed_url, log=log, seconds=READY_SECONDS)
    return process, found[0]


def say(text: str) -> None:
    """Tell the person who started the demo, on standard error."""
    print(f"ais demo: {text}", file=sys.stderr, flush=True)


def process_of(processes: Mapping[str, object], role: str) -> str:
    """Return the name of the process that has this role."""
    return role if role in processes else "serve"


def restart(ready: Stage, name: str) -> None:
    """Start a process again that has ended."""
    logs = ready.folder / "logs"
    ready.processes[name] = _start(name, ready.environment, logs, ready.metrics_ports[name])


def _start(
    name: str, environment: Mapping[str, str], logs: Path, metrics_port: int
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "interfaces.cli.main", name]
    own = {**environment, "AIS_OPERATIONS_HOST": LOOPBACK, "AIS_OPERATIONS_PORT": f"{metrics_port}"}
    return _spawn(command, own, logs / f"{name}.log")


def _spawn(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIS_")}
    return child.start(
        command,
        account=account.Account(),
        log=log,
        death_signal=signal.SIGTERM,
        environment={**inherited, "PYTHONPATH": str(REPOSITORY), **environment},
    )


def _stop_all(processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for process in reversed(list(processes.values())):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in reversed(list(processes.values())):
        child.stop(process, how=signal.SIGTERM)


def _await_url(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(POLL_SECONDS)
    end_of_log = "\n".join(log.read_text().splitlines()[-LOG_LINES_SHOWN:])
    raise DemoFailed(f"it did not start to answer; {log} ends with:\n{end_of_log}")


async def _prepare(configured: Settings, password: str) -> None:
    """Put the week's flights on sale and make the staff's accounts; a repeat changes nothing."""
    airports = load_airports()
    async with composition.open_core(configured, report=report) as core:
        today = accounting_day(dt.datetime.now(dt.UTC))
        flights = seed_schedule(
            today=today,
            carrier=configured.carrier,
            airports=airports,
            book=await read_book(core.bus),
            now=composition.utc_now(),
        )
        await asyncio.gather(
            *(
                core.bus.submit(
                    follow_up.envelope(
                        follow_up.Cause(
                            id=ids.event_id(flight.flight_id, 1),
                            actor="seed",
                            correlation_id="seed",
                        ),
                        "seed",
                        flight,
                    )
                )
                for flight in flights
            )
        )
        async with web_composition.open_web(core) as ports:
            for role, email in STAFF:
                await ports.register_user(RegisterUser(email, password, role))
