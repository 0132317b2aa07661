"""Builds what every role that carries out commands runs on; only compositions name adapters.

`Core` is common to web, worker and scheduler; `web_composition` adds what HTTP needs.
"""

import datetime as dt
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from application import ports
from application.booking.learn_disputes import DisputeLearner
from application.booking.release_hold import HoldReleaser
from application.booking.send_letter import LetterSender
from application.booking.send_text import TextSender
from application.commands.dispatcher import Dispatcher
from application.credit.send_gift_card_letter import GiftCardLetterSender
from application.identity.send_account_letter import AccountLetterSender
from application.invoicing.ports import IssuingPorts
from application.mail import Mailer
from application.modes.ports import ModePorts
from application.payment.backfill_events import EventBackfill
from application.payment.collect import Collector, ReturnUrls
from application.payment.process_event import StoredEventProcessor
from application.payment.refunding import Refunder
from application.processes.follow_flight_when_changed import FlightFollower
from application.processes.immediate_steps import ImmediateSteps
from application.processes.runner import ProcessRunner
from application.settlement.compare_balance import BalanceComparer, BookedClearing
from application.settlement.follow_hints import HintFollower
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import SettlementGateway
from application.settlement.sweep_transactions import TransactionSweeper
from domain.kernel import ids
from infrastructure.airports.world import load_airports
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.identity.account_notices import PostgresNotices
from infrastructure.identity.link_secrets import KeyedLinkSecrets
from infrastructure.identity.mailed_links import PostgresMailedLinks
from infrastructure.identity.sessions import PostgresSessions
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.postgres import primary
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.postgres.outbox import Outbox, ProcessCheckpoints
from infrastructure.postgres.pool import Pool, make_pool, raising_unavailable
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from infrastructure.sealing import master_key
from infrastructure.sealing.search_index import PostgresSearchIndex
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe import pace
from infrastructure.stripe.gateway import StripePaymentGateway
from infrastructure.tax_authority.fake_authority import FakeTaxAuthority
from infrastructure.tax_authority.rates import RateTable
from infrastructure.tax_authority.signed_reporting import SignedReporting
from interfaces.message_composition import mailer_of, texts_of
from interfaces.mode_composition import breaker_of, open_modes
from interfaces.settings import Settings
from projections.stripe_settlement import queries as stripe_settlement

STRIPE_TIMEOUT_SECONDS = 10.0
TAX_AUTHORITY_FOLDER = "tax-authority"


class SettlementUseCases(msgspec.Struct, frozen=True):
    """What reads from Stripe what it settles, and the port by which all of it reads."""

    stripe: SettlementGateway
    sweeper: TransactionSweeper
    follower: PayoutFollower
    comparer: BalanceComparer
    hints: HintFollower


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
    settlement: SettlementUseCases
    disputes: DisputeLearner
    releaser: HoldReleaser
    letters: LetterSender
    texts: TextSender
    gift_card_letters: GiftCardLetterSender
    account_letters: AccountLetterSender
    links: PostgresMailedLinks
    inbox: StripeInbox
    stripe_events: StoredEventProcessor
    backfill: EventBackfill
    outbox: Outbox
    checkpoints: ProcessCheckpoints
    processes: ProcessRunner
    flight_tasks: PostgresFlightTasks
    follower: FlightFollower
    stock: PostgresTicketStock
    sessions: PostgresSessions
    search_index: PostgresSearchIndex
    clock: ports.Clock
    modes: ModePorts
    invoicing: IssuingPorts
    tax_authority: SignedReporting


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
        await stack.enter_async_context(primary.watched(settings.database_url))
        pooled = settings.pooled_database_url
        pool = make_pool(pooled or settings.database_url, shares_sessions=pooled is not None)
        await pool.open()
        stack.push_async_callback(pool.close)
        modes, disk = await stack.enter_async_context(open_modes(settings, pool))
        log = PostgresEventLog(settings.database_url, pool, disk.notice, carrier=settings.carrier)
        stack.push_async_callback(log.close)
        stock = PostgresTicketStock(pool)
        stock.refill()
        stack.push_async_callback(stock.close)
        steps = ImmediateSteps(stock, airline_code=settings.airline_code)
        bus = Dispatcher(
            log=log,
            clock=utc_now,
            random_bytes=os.urandom,
            follow_ups=steps if settings.follow_ups == "at_once" else None,
            carrier=settings.carrier,
        )
        bus.start()
        stack.push_async_callback(bus.stop)
        gateway = StripePaymentGateway(
            api_key=settings.stripe_api_key.reveal(),
            base_url=settings.stripe_base_url,
            timeout_seconds=STRIPE_TIMEOUT_SECONDS,
            limits=pace.Limits(
                account=settings.stripe_account_share, endpoint=settings.stripe_endpoint_share
            ),
            delayed_methods=settings.stripe_delayed_methods,
            breaker=breaker_of(settings, modes),
            carrier=settings.carrier,
        )
        stack.push_async_callback(gateway.close)
        yield _core(settings, pool, log, bus, stock, gateway, keys, report, modes)


def _core(
    settings: Settings,
    pool: Pool,
    log: PostgresEventLog,
    bus: Dispatcher,
    stock: PostgresTicketStock,
    gateway: StripePaymentGateway,
    keys: master_key.MasterKeys,
    report: Callable[[str, Exception], None],
    modes: ModePorts,
) -> Core:
    vault = SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns)
    collector = _collector(settings, bus, gateway)
    inbox, issuing = StripeInbox(pool), _issuing(settings, bus, vault)
    refunder = Refunder(bus=bus, payments=gateway, collector=collector, clock=utc_now)
    settlement = _settlement(pool, bus, gateway)
    disputes = _disputes(bus, gateway, collector, refunder)
    tasks, mailer = PostgresFlightTasks(pool), mailer_of(settings, pool, utc_now)
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
        settlement=settlement,
        disputes=disputes,
        releaser=releaser,
        letters=LetterSender(bus=bus, vault=vault, mailer=mailer),
        texts=texts_of(settings, pool, bus, vault),
        gift_card_letters=GiftCardLetterSender(bus=bus, vault=vault, mailer=mailer),
        account_letters=_account_letters(settings, pool, vault, keys, mailer),
        links=PostgresMailedLinks(pool),
        inbox=inbox,
        stripe_events=_stripe_events(inbox, collector, refunder, settlement.hints, disputes),
        backfill=_backfill(pool, vault, inbox, gateway),
        outbox=Outbox(pool),
        checkpoints=ProcessCheckpoints(pool),
        processes=_processes(log, bus, stock, tasks, settings, report, issuing),
        flight_tasks=tasks,
        follower=FlightFollower(bus=bus, releaser=releaser, tasks=tasks, report=report),
        stock=stock,
        sessions=PostgresSessions(pool),
        search_index=PostgresSearchIndex(pool, keys, KeyedSignInPlaces(keys), now=utc_now),
        clock=utc_now,
        modes=modes,
        invoicing=issuing,
        tax_authority=_tax_authority(settings, keys),
    )


def _disputes(
    bus: Dispatcher, gateway: StripePaymentGateway, collector: Collector, refunder: Refunder
) -> DisputeLearner:
    return DisputeLearner(
        bus=bus, disputes=gateway.disputes, collector=collector, refunder=refunder
    )


def _processes(
    log: PostgresEventLog,
    bus: Dispatcher,
    stock: PostgresTicketStock,
    tasks: PostgresFlightTasks,
    settings: Settings,
    report: Callable[[str, Exception], None],
    issuing: IssuingPorts,
) -> ProcessRunner:
    return ProcessRunner(
        log=log,
        bus=bus,
        stock=stock,
        tasks=tasks,
        airports=load_airports(),
        airline_code=settings.airline_code,
        clock=utc_now,
        report=report,
        invoicing=issuing,
    )


def _issuing(settings: Settings, bus: Dispatcher, vault: SubjectVault) -> IssuingPorts:
    return IssuingPorts(
        bus=bus,
        vault=vault,
        seller=settings.seller,
        rates=RateTable(each.rate for each in settings.tax_rates),
        clock=utc_now,
    )


def _tax_authority(settings: Settings, keys: master_key.MasterKeys) -> SignedReporting:
    return SignedReporting(
        FakeTaxAuthority(Path(settings.data_dir) / TAX_AUTHORITY_FOLDER),
        secret=keys.derive("tax document signatures"),
    )


def _account_letters(
    settings: Settings, pool: Pool, vault: SubjectVault, keys: master_key.MasterKeys, mailer: Mailer
) -> AccountLetterSender:
    return AccountLetterSender(
        links=PostgresMailedLinks(pool),
        notices=PostgresNotices(pool),
        secrets=KeyedLinkSecrets(keys),
        vault=vault,
        mailer=mailer,
        site=settings.public_url.rstrip("/"),
        airline=settings.airline_name,
        now=utc_now,
    )


def _settlement(pool: Pool, bus: Dispatcher, gateway: StripePaymentGateway) -> SettlementUseCases:
    stripe = gateway.settlement
    follower = PayoutFollower(bus=bus, stripe=stripe)
    sweeper = TransactionSweeper(
        stripe=stripe, follower=follower, checkpoints=ProcessCheckpoints(pool), clock=utc_now
    )

    async def read_clearing(since: dt.datetime) -> BookedClearing:
        async with raising_unavailable():
            return await stripe_settlement.clearing(pool, since)

    return SettlementUseCases(
        stripe=stripe,
        sweeper=sweeper,
        follower=follower,
        comparer=BalanceComparer(
            bus=bus,
            stripe=stripe,
            sweeper=sweeper,
            read_clearing=read_clearing,
            clock=utc_now,
        ),
        hints=HintFollower(follower=follower, sweeper=sweeper, monotonic=time.monotonic),
    )


def _stripe_events(
    inbox: StripeInbox,
    collector: Collector,
    refunder: Refunder,
    settlement: HintFollower,
    disputes: DisputeLearner,
) -> StoredEventProcessor:
    return StoredEventProcessor(
        inbox=inbox,
        collector=collector,
        refunder=refunder,
        settlement=settlement,
        disputes=disputes,
    )


def _backfill(
    pool: Pool, vault: SubjectVault, inbox: StripeInbox, gateway: StripePaymentGateway
) -> EventBackfill:
    return EventBackfill(
        stripe=gateway.events,
        inbox=inbox,
        vault=vault,
        checkpoints=ProcessCheckpoints(pool),
        clock=utc_now,
    )


def _collector(settings: Settings, bus: Dispatcher, gateway: StripePaymentGateway) -> Collector:
    return Collector(
        bus=bus,
        payments=gateway,
        clock=utc_now,
        urls=ReturnUrls(
            success=f"{settings.public_url}/paid/{{booking}}",
            cancel=f"{settings.public_url}/unpaid/{{booking}}",
        ),
        describe=lambda booking: f"{settings.airline_name} {ids.name_of(booking)}",
    )
