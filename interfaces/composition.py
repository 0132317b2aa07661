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
from application.booking.release_hold import HoldReleaser
from application.booking.send_letter import LetterSender
from application.commands.dispatcher import Dispatcher
from application.payment.collect import Collector, ReturnUrls
from application.payment.process_event import StoredEventProcessor
from application.payment.refunding import Refunder
from application.processes.follow_flight_when_changed import FlightFollower
from application.processes.immediate_steps import ImmediateSteps
from application.processes.runner import ProcessRunner
from domain.kernel import ids
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.mail.file_mailbox import FileMailbox
from infrastructure.postgres.flight_tasks import PostgresFlightTasks
from infrastructure.postgres.inbox import StripeInbox
from infrastructure.postgres.outbox import Outbox, ProcessCheckpoints
from infrastructure.postgres.pool import Pool, make_pool
from infrastructure.postgres.ticket_stock import PostgresTicketStock
from infrastructure.sealing import master_key
from infrastructure.sealing.vault import SubjectVault
from infrastructure.stripe import pace
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces.settings import Settings

STRIPE_TIMEOUT_SECONDS = 10.0
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
        stock = PostgresTicketStock(pool)
        stock.refill()
        stack.push_async_callback(stock.close)
        steps = ImmediateSteps(stock, airline_code=settings.airline_code)
        bus = Dispatcher(
            log=log,
            clock=utc_now,
            random_bytes=os.urandom,
            follow_ups=steps if settings.follow_ups == "at_once" else None,
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
        )
        stack.push_async_callback(gateway.close)
        yield _core(settings, pool, log, bus, stock, gateway, keys, report)


def _core(
    settings: Settings,
    pool: Pool,
    log: PostgresEventLog,
    bus: Dispatcher,
    stock: PostgresTicketStock,
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
        clock=utc_now,
    )
