"""Builds what the web role runs on, over the core: the ports that the routes call."""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import psycopg
import redis.asyncio
from psycopg_pool import PoolTimeout

from application import ports
from application.booking.ports import BookingPorts
from application.booking.unpaid_seats import SeatWindows, UnpaidSeats
from application.commands.bus import CommandBus
from application.identity import log_in, register_user
from application.inventory.ports import FlightPorts
from application.ledger.ports import LedgerPorts
from application.payment.gateway import VerifiedEvent
from application.payment.receive_event import EventReceiver
from application.pricing.ports import PricingPorts
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from application.processes.runner import EXPECTED_WITHIN
from application.stream_history import StreamHistory
from domain.booking.preconditions import CheckInWindow
from infrastructure.airports.world import load_airports
from infrastructure.boarding_pass.printer import BilingualBoardingPassPrinter
from infrastructure.event_store.stream_history import PostgresStreamHistory
from infrastructure.identity import passwords, tokens
from infrastructure.identity.security_record import PostgresSecurityRecord
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.postgres.pool import Pool, raising_unavailable
from infrastructure.redis.rate_limit import RedisTokenStore, make_client
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.stripe import webhook
from interfaces.composition import Core, utc_now
from interfaces.http import rate_limit
from interfaces.http.ports import HttpPorts
from interfaces.settings import Settings
from projections import progress
from projections.booking_list import queries as booking_list
from projections.flight_availability import queries as flight_availability
from projections.ledger_journal import queries as ledger_journal
from projections.signed_captures import queries as signed_captures
from projections.unfinished_attempts import queries as unfinished_attempts
from projections.unfinished_refunds import queries as unfinished_refunds

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")

PASSWORD_THREADS = 2
TOKEN_AUDIENCE = "ais-api"  # noqa: S105 - a name, not a secret


@asynccontextmanager
async def open_web(
    core: Core, *, bus: CommandBus | None = None, roles: Sequence[str] = ("web",)
) -> AsyncIterator[HttpPorts]:
    """Open what the routes call; benchmarks pass a `bus` instead of the dispatcher.

    `roles` are those of the whole process, for the health page.
    """
    settings, keys = core.settings, core.keys
    async with AsyncExitStack() as stack:
        client = None
        if settings.redis_url is not None:
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
        yield _web_ports(core, bus or core.bus, history, client, identity, tuple(roles))


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
    client: redis.asyncio.Redis | None,
    identity: _IdentityPorts,
    roles: tuple[str, ...],
) -> HttpPorts:
    settings, keys = core.settings, core.keys
    signer = QuoteSigner(keys.derive("quotes"))
    limits = rate_limit.limits_of(settings)
    shared = None if client is None else RedisTokenStore(client)
    limiter = rate_limit.RateLimiter(limits, shared, monotonic=time.monotonic)
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
        roles=roles,
        fingerprint_key=keys.derive("request fingerprints"),
        receiver=EventReceiver(
            inbox=core.inbox, vault=core.vault, bus=bus, verify=_verifier(settings)
        ),
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
        unconfirmed_payments=_asking(core.pool, signed_captures.contradicted),
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
    live = settings.stripe_is_live

    def verify(body: bytes, signature: str | None) -> VerifiedEvent:
        return webhook.verify(body, signature, signing, utc_now(), livemode=live)

    return verify


def readiness_of(
    pool: Pool, client: redis.asyncio.Redis | None
) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """Return the question for the state of the database, of Redis where there is one, and of each
    read model."""

    async def database() -> bool:
        try:
            async with pool.connection(timeout=1.0) as connection:
                await connection.execute("SELECT 1")
        except (psycopg.OperationalError, PoolTimeout):
            return False
        return True

    async def cache(client: redis.asyncio.Redis) -> bool:
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

    asked = {"database": database}
    if client is not None:
        asked["redis"] = partial(cache, client)

    async def readiness() -> Mapping[str, str]:
        answering = await asyncio.gather(*(ask() for ask in asked.values()))
        components = {
            name: "up" if answers else "down"
            for name, answers in zip(asked, answering, strict=True)
        }
        return {**components, **await projections()} if answering[0] else components

    return readiness
