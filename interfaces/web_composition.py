"""Builds what the web role runs on, over the core: the ports that the routes call."""

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import psycopg
import redis.asyncio
from psycopg_pool import PoolTimeout

from application import ports
from application.audit.ports import AuditPorts
from application.booking.answer_dispute import DisputePorts
from application.booking.attach_booking import GuestPorts
from application.booking.find_bookings import SearchPorts
from application.booking.ports import BookingPorts
from application.booking.saved_passengers import SavedPassengerPorts, list_passengers
from application.booking.unpaid_seats import SeatWindows, UnpaidSeats
from application.commands.bus import CommandBus
from application.credit.ports import CreditPorts
from application.identity import log_in, register_user
from application.inventory.ports import FlightPorts
from application.invoicing.ports import InvoicingPorts
from application.ledger.ports import LedgerPorts
from application.payment.gateway import VerifiedEvent
from application.payment.receive_event import EventReceiver
from application.policies.current_policies import CurrentPolicies
from application.pricing.ports import PricingPorts
from application.pricing.quotes import JourneyQuotes
from application.pricing.signed_quotes import QuoteSigner
from application.processes.runner import EXPECTED_WITHIN
from application.search_cache import CachedSearch
from application.settlement.ports import SettlementPorts
from application.stream_history import StreamHistory
from domain.kernel import ids
from infrastructure.airports.world import load_airports
from infrastructure.boarding_pass.printer import BilingualBoardingPassPrinter
from infrastructure.calendar_file.writer import IcalendarFileWriter
from infrastructure.event_store.stream_history import PostgresStreamHistory
from infrastructure.evidence.printer import PdfEvidencePrinter
from infrastructure.identity.saved_passengers import PostgresSavedPassengers
from infrastructure.postgres.announced_appends import PostgresAnnouncedAppends
from infrastructure.postgres.pool import Pool
from infrastructure.postgres.replica import Replica
from infrastructure.postgres.stripe_event_answers import StripeEventAnswers
from infrastructure.privacy.export_printer import PdfExportPrinter
from infrastructure.redis.last_writes import RedisLastWrites
from infrastructure.redis.rate_limit import RedisTokenStore, make_client
from infrastructure.redis.search_cache import RedisSearchCache
from infrastructure.sealing.blind_index import CodeIndex
from infrastructure.stripe import webhook
from infrastructure.tax_receipt.printer import BilingualReceiptPrinter
from interfaces import (
    audit_composition,
    books_composition,
    partner_composition,
    policy_composition,
    privacy_composition,
    read_composition,
    reconciliation_composition,
    season_composition,
)
from interfaces.composition import Core, utc_now
from interfaces.http import rate_limit
from interfaces.http.ports import HttpPorts
from interfaces.identity_composition import IdentityPorts, open_identity
from interfaces.read_composition import Reads, asking
from interfaces.settings import Settings
from projections import progress
from projections.account_changes import queries as account_changes
from projections.booking_list import queries as booking_list
from projections.credits import queries as credits
from projections.disputes import queries as disputes
from projections.external_refunds import queries as external_refunds
from projections.flight_availability import queries as flight_availability
from projections.flight_availability import searches
from projections.ledger_journal import queries as ledger_journal
from projections.open_claims import queries as open_claims
from projections.signed_captures import queries as signed_captures
from projections.stripe_settlement import queries as stripe_settlement
from projections.tax_documents import queries as tax_documents
from projections.unfinished_attempts import queries as unfinished_attempts
from projections.unfinished_refunds import queries as unfinished_refunds

# Stripe lists a transaction within minutes, and webhooks are repeated for hours.
BOTH_SIDES_WITHIN = dt.timedelta(days=1)


@asynccontextmanager
async def open_web(
    core: Core, *, bus: CommandBus | None = None, roles: Sequence[str] = ("web",)
) -> AsyncIterator[HttpPorts]:
    """Open what the routes call; benchmarks pass a `bus` instead of the dispatcher.

    `roles` are those of the whole process, for the health page.
    """
    settings = core.settings
    async with AsyncExitStack() as stack:
        client = None
        if settings.redis_url is not None:
            client = make_client(settings.redis_url)
            stack.push_async_callback(client.aclose)
        history = PostgresStreamHistory(settings.database_url)
        stack.push_async_callback(history.close)
        identity = await stack.enter_async_context(open_identity(core))
        appends = PostgresAnnouncedAppends(settings.database_url)
        stack.push_async_callback(appends.close)
        audit = audit_composition.audit_on(core.pool, core.keys, settings, appends)
        shared = None if client is None else RedisLastWrites(client)
        reads = await stack.enter_async_context(
            read_composition.open_reads(settings, core.pool, shared)
        )
        yield _web_ports(
            core, bus or core.bus, history, client, identity, audit, reads, tuple(roles)
        )


def _web_ports(
    core: Core,
    bus: CommandBus,
    history: StreamHistory,
    client: redis.asyncio.Redis | None,
    identity: IdentityPorts,
    audit: AuditPorts,
    reads: Reads,
    roles: tuple[str, ...],
) -> HttpPorts:
    settings, keys, policies = core.settings, core.keys, CurrentPolicies(bus, utc_now)
    signer = QuoteSigner(keys.derive("quotes"))
    limiter = _limiter(settings, client)
    passengers, ledger = _saved_passengers(core), _ledger_ports(core, bus, reads)
    booking = _booking_ports(core, bus, history, signer, limiter, passengers, reads, policies)
    return HttpPorts(
        booking=booking,
        flights=_flight_ports(core, bus, reads),
        pricing=_pricing_ports(bus, JourneyQuotes(signer), client, reads, policies),
        credit=_credit_ports(core, booking, reads),
        settlement=_settlement_ports(core, reads),
        reconciliation=reconciliation_composition.reconciliation_on(core, bus),
        ledger=ledger,
        disputes=_dispute_ports(core, booking, ledger),
        invoicing=_invoicing_ports(core, bus, reads),
        audit=audit,
        partners=partner_composition.subscriptions_on(core.pool, core.keys, settings),
        modes=core.modes,
        policies=policy_composition.policies_on(core.pool, bus),
        seasons=season_composition.season_on(core, bus),
        register_user=lambda command: register_user.register_user(command, identity.registration),
        log_in=lambda command: log_in.log_in(command, identity.login),
        sessions=identity.sessions,
        passengers=passengers,
        privacy=privacy_composition.privacy_on(core, bus, printer=PdfExportPrinter()),
        accounts=identity.accounts,
        second_factor_required=settings.mfa_required,
        clients=identity.clients,
        verifier=identity.issuer,
        security_record=identity.record,
        limiter=limiter,
        list_changes=asking(core.pool, account_changes.list_changes),
        booking_search=SearchPorts(bus, core.search_index),
        guests=_guest_ports(identity),
        readiness=readiness_of(core.pool, client, reads.replica),
        last_writes=reads.last_writes,
        carrier=settings.carrier,
        roles=roles,
        fingerprint_key=keys.derive("request fingerprints"),
        receiver=_receiver(core, bus),
        parked_events=core.inbox,
        stripe_events=StripeEventAnswers(core.pool),
        secure_cookies=settings.public_url.startswith("https:"),
        cors_origins=frozenset(each.text.encode() for each in settings.cors_origins),
        return_to=dict(each.split("=", 1) for each in settings.return_to),
        app_url=settings.app_url,
        trusted_proxies=tuple(network.range for network in settings.trusted_proxies),
    )


def _limiter(settings: Settings, client: redis.asyncio.Redis | None) -> rate_limit.RateLimiter:
    shared = None if client is None else RedisTokenStore(client)
    limits = rate_limit.limits_of(settings)
    return rate_limit.RateLimiter(limits, shared, monotonic=time.monotonic)


def _invoicing_ports(core: Core, bus: CommandBus, reads: Reads) -> InvoicingPorts:
    return InvoicingPorts(
        issuing=msgspec.structs.replace(core.invoicing, bus=bus),
        receipts=BilingualReceiptPrinter(),
        documents_of_month=reads.may_lag(tax_documents.of_month),
    )


def _guest_ports(identity: IdentityPorts) -> GuestPorts:
    return GuestPorts(
        issuer=identity.issuer,
        verifier=identity.issuer,
        role_of=identity.login.directory.role_of,
        has_left=identity.login.directory.has_left,
    )


def _saved_passengers(core: Core) -> SavedPassengerPorts:
    return SavedPassengerPorts(
        passengers=PostgresSavedPassengers(core.pool),
        vault=core.vault,
        new_id=lambda: f"pax_{secrets.token_hex(12)}",
        clock=utc_now,
    )


def _booking_ports(
    core: Core,
    bus: CommandBus,
    history: StreamHistory,
    signer: QuoteSigner,
    windows: SeatWindows,
    passengers: SavedPassengerPorts,
    reads: Reads,
    policies: CurrentPolicies,
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
        policies=policies,
        collector=core.collector,
        boarding_passes=BilingualBoardingPassPrinter(),
        calendar_files=IcalendarFileWriter(),
        list_bookings=reads.may_lag(booking_list.list_bookings),
        unpaid_seats=UnpaidSeats(rate_limit.unpaid_seat_limits_of(settings), windows),
        saved_passengers=partial(list_passengers, passengers),
    )


def _credit_ports(core: Core, booking: BookingPorts, reads: Reads) -> CreditPorts:
    return CreditPorts(
        booking=booking,
        credits_of=reads.may_lag(credits.of_owner),
        cards_of=reads.may_lag(credits.bought_by),
        card_with_code=asking(core.pool, credits.with_code),
        new_code=lambda: ids.gift_code(secrets.token_bytes(ids.CREDIT_RANDOM_BYTES)),
        digest_of_code=CodeIndex(core.keys).of,
        goodwill_days=core.settings.goodwill_days,
    )


def _dispute_ports(core: Core, booking: BookingPorts, ledger: LedgerPorts) -> DisputePorts:
    return DisputePorts(
        booking=booking,
        undecided=ledger.undecided_disputes,
        find=asking(core.pool, disputes.find),
        learner=core.disputes,
        printer=PdfEvidencePrinter(),
    )


def _flight_ports(core: Core, bus: CommandBus, reads: Reads) -> FlightPorts:
    return FlightPorts(
        bus=bus,
        clock=utc_now,
        vault=core.vault,
        airports=load_airports(),
        tasks=core.flight_tasks.of,
        booking_statuses=asking(core.pool, booking_list.statuses),
        oversold_cabins=reads.may_lag(flight_availability.oversold_cabins),
        overdue_flights=reads.may_lag(flight_availability.overdue_flights),
        unanswered_cancellations=reads.may_lag(booking_list.unanswered_cancellations),
        unanswered_moves=reads.may_lag(booking_list.unanswered_moves),
    )


def _pricing_ports(
    bus: CommandBus,
    quotes: JourneyQuotes,
    client: redis.asyncio.Redis | None,
    reads: Reads,
    policies: CurrentPolicies,
) -> PricingPorts:
    search = reads.search()
    if client is not None:
        cache = RedisSearchCache(client)
        search = CachedSearch(cache, search, needed=reads.position_needed, monotonic=time.monotonic)
    return PricingPorts(
        bus=bus,
        clock=utc_now,
        quotes=quotes,
        search_flights=search,
        search_connections=reads.may_lag(searches.find_connections),
        search_days=reads.may_lag(searches.find_in_days),
        served_routes=reads.may_lag(searches.served_routes),
        airports=load_airports(),
        policies=policies,
    )


def _ledger_ports(core: Core, bus: CommandBus, reads: Reads) -> LedgerPorts:
    unapplied = reads.may_lag(ledger_journal.unapplied_money)
    owed = reads.may_lag(ledger_journal.money_owed)
    attempts = reads.may_lag(unfinished_attempts.overdue)
    undecided = reads.may_lag(disputes.undecided)
    return LedgerPorts(
        books=books_composition.books_of(reads),
        bus=bus,
        list_bookings=reads.may_lag(booking_list.list_bookings),
        unapplied_funds=lambda: unapplied(before=utc_now() - EXPECTED_WITHIN),
        owed_balances=lambda: owed(before=utc_now()),
        unfinished_refunds=reads.may_lag(unfinished_refunds.unfinished),
        failed_refunds=reads.may_lag(unfinished_refunds.not_refunded),
        external_refunds=reads.may_lag(external_refunds.unallocated),
        find_external_refund=asking(core.pool, external_refunds.find),
        unfinished_attempts=lambda: attempts(before=utc_now() - EXPECTED_WITHIN),
        unconfirmed_payments=reads.may_lag(signed_captures.contradicted),
        open_claims=reads.may_lag(open_claims.open_claims),
        undecided_disputes=lambda: undecided(utc_now()),
        proposed_payouts=reads.may_lag(credits.proposed_payouts),
    )


def _settlement_ports(core: Core, reads: Reads) -> SettlementPorts:
    breaks = reads.may_lag(stripe_settlement.breaks)
    return SettlementPorts(
        payouts=reads.may_lag(stripe_settlement.payouts),
        payout=asking(core.pool, stripe_settlement.payout),
        balances=reads.may_lag(stripe_settlement.balances),
        breaks=lambda: breaks(before=utc_now() - BOTH_SIDES_WITHIN),
    )


def _receiver(core: Core, bus: CommandBus) -> EventReceiver:
    verify, modes = _verifier(core.settings), core.modes.current
    return EventReceiver(inbox=core.inbox, vault=core.vault, bus=bus, verify=verify, modes=modes)


def _verifier(settings: Settings) -> Callable[[bytes, str | None], VerifiedEvent]:
    signing = tuple(secret.reveal() for secret in settings.stripe_webhook_secrets)
    live = settings.stripe_is_live

    def verify(body: bytes, signature: str | None) -> VerifiedEvent:
        return webhook.verify(body, signature, signing, utc_now(), livemode=live)

    return verify


def readiness_of(
    pool: Pool, client: redis.asyncio.Redis | None, replica: Replica | None = None
) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """Return the question for the state of the database, of Redis and of the replica where there
    are such, and of each read model."""

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
            return await asking(pool, progress.states)()
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
        if replica is not None:
            components["replica"] = replica.state
        return {**components, **await projections()} if answering[0] else components

    return readiness
