"""The only place that names concrete adapters: it builds what each process runs on.

`Core` is common to web, worker and scheduler; `web_ports` adds what HTTP needs.
"""

import asyncio
import datetime as dt
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec
import psycopg
import redis.asyncio
from psycopg_pool import PoolTimeout

from application import ports
from application.booking.ports import BookingPorts
from application.booking.release_hold import HoldReleaser
from application.booking.send_letter import LetterSender
from application.booking.unpaid_seats import SeatWindows, UnpaidSeats
from application.commands.bus import CommandBus
from application.commands.dispatcher import Dispatcher
from application.identity import log_in, register_user
from application.inventory.ports import FlightPorts
from application.ledger.ports import LedgerPorts
from application.payment.collect import Collector, ReturnUrls
from application.payment.gateway import VerifiedEvent
from application.payment.process_event import StoredEventProcessor
from application.payment.receive_event import EventReceiver
from application.payment.refunding import Refunder
from application.pricing.ports import PricingPorts
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from application.processes.follow_flight_when_changed import FlightFollower
from application.processes.runner import EXPECTED_WITHIN, ProcessRunner
from application.stream_history import StreamHistory
from domain.booking.preconditions import CheckInWindow
from domain.kernel import ids
from infrastructure.airports.world import load_airports
from infrastructure.boarding_pass.printer import BilingualBoardingPassPrinter
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.event_store.stream_history import PostgresStreamHistory
from infrastructure.identity import passwords, tokens
from infrastructure.identity.security_record import PostgresSecurityRecord
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.mail.file_mailbox import FileMailbox
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.postgres.outbox import Outbox, ProcessCheckpoints
from infrastructure.postgres.pool import Pool, make_pool, raising_unavailable
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from infrastructure.redis import queue
from infrastructure.redis.rate_limit import RedisTokenStore, make_client
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe import webhook
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces.http import rate_limit
from interfaces.http.ports import HttpPorts
from interfaces.settings import Settings
from projections import progress
from projections.booking_list import queries as booking_list
from projections.flight_availability import queries as flight_availability
from projections.ledger_journal import queries as ledger_journal
from projections.unfinished_attempts import queries as unfinished_attempts
from projections.unfinished_refunds import queries as unfinished_refunds

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")

STRIPE_TIMEOUT_SECONDS = 10.0
PASSWORD_THREADS = 2
TOKEN_AUDIENCE = "ais-api"  # noqa: S105 - a name, not a secret
MAILBOX_FOLDER = "mail"


class Core(msgspec.Struct, frozen=True):
    """What every process that carries out commands has."""

    settings: Settings
    pool: Pool
    log: PostgresEventLog
    bus: Dispatcher
    keys: master_key.MasterKeys
    vault: SubjectVault
    collector: Collector
    refunder: Refunder
    releaser: HoldReleaser
    letters: LetterSender
    inbox: StripeInbox
    stripe_events: StoredEventProcessor
    outbox: Outbox
    checkpoints: ProcessCheckpoints
    processes: ProcessRunner
    flight_tasks: PostgresFlightTasks
    follower: FlightFollower
    stock: PostgresTicketStock
    queue: queue.TaskQueue
    clock: ports.Clock


def utc_now() -> dt.datetime:
    """The clock of every process."""
    return dt.datetime.now(dt.UTC)


@asynccontextmanager
async def open_core(
    settings: Settings, *, report: Callable[[str, Exception], None]
) -> AsyncIterator[Core]:
    """Connect and start the dispatcher; on exit, finish waiting commands and close."""
    keys = master_key.parse(settings.master_key.reveal())
    async with AsyncExitStack() as stack:
        pool = make_pool(settings.database_url)
        await pool.open()
        stack.push_async_callback(pool.close)
        log = PostgresEventLog(settings.database_url, pool)
        stack.push_async_callback(log.close)
        bus = Dispatcher(log=log, clock=utc_now, random_bytes=os.urandom)
        bus.start()
        stack.push_async_callback(bus.stop)
        gateway = StripePaymentGateway(
            api_key=settings.stripe_api_key.reveal(),
            base_url=settings.stripe_base_url,
            timeout_seconds=STRIPE_TIMEOUT_SECONDS,
        )
        stack.push_async_callback(gateway.close)
        yield _core(settings, pool, log, bus, gateway, keys, report)


def _core(
    settings: Settings,
    pool: Pool,
    log: PostgresEventLog,
    bus: Dispatcher,
    gateway: StripePaymentGateway,
    keys: master_key.MasterKeys,
    report: Callable[[str, Exception], None],
) -> Core:
    vault = SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns)
    collector = Collector(
        bus=bus,
        payments=gateway,
        clock=utc_now,
        urls=ReturnUrls(
            success=f"{settings.public_url}/paid/{{booking}}",
            cancel=f"{settings.public_url}/unpaid/{{booking}}",
        ),
        describe=lambda booking: f"{settings.airline_name} {ids.reference_of(booking)}",
    )
    mailbox = FileMailbox(
        Path(settings.data_dir) / MAILBOX_FOLDER, sender=f"{settings.airline_name} <mail@invalid>"
    )
    inbox = StripeInbox(pool)
    refunder = Refunder(bus=bus, payments=gateway, clock=utc_now)
    stock = PostgresTicketStock(pool)
    tasks = PostgresFlightTasks(pool)
    releaser = HoldReleaser(bus=bus, collector=collector, clock=utc_now)
    return Core(
        settings=settings,
        pool=pool,
        log=log,
        bus=bus,
        keys=keys,
        vault=vault,
        collector=collector,
        refunder=refunder,
        releaser=releaser,
        letters=LetterSender(bus=bus, vault=vault, mailer=mailbox),
        inbox=inbox,
        stripe_events=StoredEventProcessor(inbox=inbox, collector=collector, refunder=refunder),
        outbox=Outbox(pool),
        checkpoints=ProcessCheckpoints(pool),
        processes=ProcessRunner(
            log=log,
            bus=bus,
            stock=stock,
            tasks=tasks,
            airline_code=settings.airline_code,
            clock=utc_now,
            report=report,
        ),
        flight_tasks=tasks,
        follower=FlightFollower(bus=bus, releaser=releaser, tasks=tasks, report=report),
        stock=stock,
        queue=queue.TaskQueue(queue.make_broker(settings.redis_url)),
        clock=utc_now,
    )


@asynccontextmanager
async def open_web(core: Core, *, bus: CommandBus | None = None) -> AsyncIterator[HttpPorts]:
    """Open what the routes call; benchmarks pass a `bus` instead of the dispatcher."""
    settings, keys = core.settings, core.keys
    async with AsyncExitStack() as stack:
        client = make_client(settings.redis_url)
        stack.push_async_callback(client.aclose)
        hasher = passwords.Argon2PasswordHasher(
            cost=passwords.PRODUCTION_COST, threads=PASSWORD_THREADS
        )
        stack.callback(hasher.close)
        history = PostgresStreamHistory(settings.database_url)
        stack.push_async_callback(history.close)
        issuer = tokens.Es256Tokens(
            tokens.parse_keys(settings.token_key.reveal()),
            issuer=settings.public_url,
            audience=TOKEN_AUDIENCE,
            now=time.time,
            token_id=lambda: secrets.token_urlsafe(16),
        )
        places = KeyedSignInPlaces(keys)
        directory = PostgresUserDirectory(core.pool)
        registration = register_user.RegistrationPorts(
            directory=directory,
            hasher=hasher,
            vault=core.vault,
            email_lookup=EmailIndex(keys),
            new_user_id=lambda: f"user_{secrets.token_hex(12)}",
            now=utc_now,
        )
        login = log_in.LoginPorts(
            directory, hasher, EmailIndex(keys), issuer=issuer, places=places, now=utc_now
        )
        record = PostgresSecurityRecord(core.pool, places, now=utc_now)
        stack.push_async_callback(record.close)
        identity = _IdentityPorts(issuer, registration, login, record)
        yield _web_ports(core, bus or core.bus, history, client, identity)


class _IdentityPorts(NamedTuple):
    """How users come in."""

    issuer: tokens.Es256Tokens
    registration: register_user.RegistrationPorts
    login: log_in.LoginPorts
    record: PostgresSecurityRecord


def _web_ports(
    core: Core,
    bus: CommandBus,
    history: StreamHistory,
    client: redis.asyncio.Redis,
    identity: _IdentityPorts,
) -> HttpPorts:
    settings, keys = core.settings, core.keys
    signer = QuoteSigner(keys.derive("quotes"))
    limits = rate_limit.limits_of(settings)
    limiter = rate_limit.RateLimiter(limits, RedisTokenStore(client), monotonic=time.monotonic)
    return HttpPorts(
        booking=_booking_ports(core, bus, history, signer, limiter),
        flights=_flight_ports(core, bus),
        pricing=_pricing_ports(core, bus, JourneyQuotes(signer)),
        ledger=_ledger_ports(core),
        register_user=lambda command: register_user.register_user(command, identity.registration),
        log_in=lambda command: log_in.log_in(command, identity.login),
        verifier=identity.issuer,
        security_record=identity.record,
        limiter=limiter,
        readiness=readiness_of(core.pool, client),
        fingerprint_key=keys.derive("request fingerprints"),
        receiver=EventReceiver(inbox=core.inbox, vault=core.vault, verify=_verifier(settings)),
        parked_events=core.inbox,
        secure_cookies=settings.public_url.startswith("https:"),
        trusted_proxies=tuple(network.range for network in settings.trusted_proxies),
    )


def _booking_ports(
    core: Core, bus: CommandBus, history: StreamHistory, signer: QuoteSigner, windows: SeatWindows
) -> BookingPorts:
    settings = core.settings
    return BookingPorts(
        bus=bus,
        history=history,
        vault=core.vault,
        quotes=signer,
        stock=core.stock,
        clock=utc_now,
        airline_code=settings.airline_code,
        airline_name=settings.airline_name,
        airports=load_airports(),
        check_in_window=CheckInWindow(
            opens=dt.timedelta(hours=settings.check_in_opens_hours),
            closes=dt.timedelta(minutes=settings.check_in_closes_minutes),
        ),
        collector=core.collector,
        boarding_passes=BilingualBoardingPassPrinter(),
        list_bookings=_asking(core.pool, booking_list.list_bookings),
        unpaid_seats=UnpaidSeats(rate_limit.unpaid_seat_limits_of(settings), windows),
    )


def _flight_ports(core: Core, bus: CommandBus) -> FlightPorts:
    return FlightPorts(
        bus=bus,
        clock=utc_now,
        vault=core.vault,
        airports=load_airports(),
        tasks=core.flight_tasks.of,
        booking_statuses=_asking(core.pool, booking_list.statuses),
        oversold_cabins=_asking(core.pool, flight_availability.oversold_cabins),
        overdue_flights=_asking(core.pool, flight_availability.overdue_flights),
        unanswered_cancellations=_asking(core.pool, booking_list.unanswered_cancellations),
        unanswered_moves=_asking(core.pool, booking_list.unanswered_moves),
    )


def _pricing_ports(core: Core, bus: CommandBus, quotes: JourneyQuotes) -> PricingPorts:
    return PricingPorts(
        bus=bus,
        clock=utc_now,
        quotes=quotes,
        search_flights=_asking(core.pool, flight_availability.find_flights),
    )


def _ledger_ports(core: Core) -> LedgerPorts:
    unapplied = _asking(core.pool, ledger_journal.unapplied_money)
    owed = _asking(core.pool, ledger_journal.money_owed)
    attempts = _asking(core.pool, unfinished_attempts.overdue)
    return LedgerPorts(
        trial_balance=_asking(core.pool, ledger_journal.balances),
        unapplied_funds=lambda: unapplied(before=utc_now() - EXPECTED_WITHIN),
        owed_balances=lambda: owed(before=utc_now()),
        unfinished_refunds=_asking(core.pool, unfinished_refunds.unfinished),
        failed_refunds=_asking(core.pool, unfinished_refunds.not_refunded),
        unfinished_attempts=lambda: attempts(before=utc_now() - EXPECTED_WITHIN),
    )


def _asking(
    pool: Pool, query: Callable[Concatenate[Pool, Parameters], Awaitable[Found]]
) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
    """Return the query of a read model on this pool; it raises Unavailable without a database."""

    async def ask(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
        async with raising_unavailable():
            return await query(pool, *args, **named)

    return ask


def _verifier(settings: Settings) -> Callable[[bytes, str | None], VerifiedEvent]:
    signing = tuple(secret.reveal() for secret in settings.stripe_webhook_secrets)
    live = "_live_" in settings.stripe_api_key.reveal()[:12]

    def verify(body: bytes, signature: str | None) -> VerifiedEvent:
        return webhook.verify(body, signature, signing, utc_now(), livemode=live)

    return verify


def readiness_of(
    pool: Pool, client: redis.asyncio.Redis
) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """Return the question for the state of the database, of Redis and of each read model."""

    async def database() -> bool:
        try:
            async with pool.connection(timeout=1.0) as connection:
                await connection.execute("SELECT 1")
        except (psycopg.OperationalError, PoolTimeout):
            return False
        return True

    async def cache() -> bool:
        try:
            pong: Any = client.ping()
            return bool(await pong)
        except redis.exceptions.RedisError:
            return False

    async def projections() -> Mapping[str, str]:
        try:
            return await _asking(pool, progress.states)()
        except ports.Unavailable:
            return progress.unknown()

    async def readiness() -> Mapping[str, str]:
        answering = await asyncio.gather(database(), cache())
        components = {
            name: "up" if answers else "down"
            for name, answers in zip(("database", "redis"), answering, strict=True)
        }
        return {**components, **await projections()} if answering[0] else components

    return readiness
