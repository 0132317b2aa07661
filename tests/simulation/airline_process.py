"""The objects of one process, as `interfaces/composition.py` makes them, and its work.

All that it decides, asks and records is done by the product's own use cases and handlers; only the
queries of the timers and the stores are in memory.
"""

import asyncio
import datetime as dt
import functools
import uuid
from types import SimpleNamespace
from typing import Any

from application import ports
from application.booking import letters
from application.booking.answer_dispute import DisputePorts
from application.booking.learn_disputes import DisputeLearner
from application.booking.letter_batches import SendLetters
from application.booking.ports import BookingPorts
from application.booking.release_hold import HoldReleaser
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, CommandEnvelope, Outcome
from application.commands.dispatcher import Dispatcher
from application.credit import gift_card_letters
from application.payment import gateway as gateways
from application.payment.collect import Collector, ReturnUrls
from application.payment.process_event import (
    ProcessStripeEvents,
    StoredEventProcessor,
    process_event,
)
from application.payment.receive_event import EventReceiver
from application.payment.refunding import Refunder
from application.policies.current_policies import CurrentPolicies
from application.pricing.signed_quotes import QuoteSigner
from application.processes.follow_flight_when_changed import FlightFollower
from application.processes.immediate_steps import ImmediateSteps
from application.processes.runner import ProcessRunner
from application.queries import AsOf, ListedDispute, UnfinishedAttempt
from application.reconciliation.ports import ReconciliationPorts
from application.settlement.compare_balance import BalanceComparer, BookedClearing, Recorded
from application.settlement.follow_hints import HintFollower
from application.settlement.follow_payout import PayoutFollower
from application.settlement.sweep_transactions import TransactionSweeper
from domain.kernel import ids, money
from infrastructure.airports.world import load_airports
from infrastructure.bank_files.statement import read_statement
from infrastructure.stripe import webhook
from interfaces.reconciliation_composition import STALE_AFTER
from interfaces.worker.handlers import HANDLERS
from tests.simulation import due_work, virtual_time
from tests.simulation.stops import Stopping, StoppingLog, Stops
from tests.simulation.world import DELAYED_METHODS, World, cancelled
from tests.support.airline import AIRLINE, Airline, Steps
from tests.support.memory_use_cases import CUSTOMER, MemoryHistory, unlimited_seats
from tests.support.stripe_simulator import WEBHOOK_SECRET

NO_DEADLINE = 1e12
ROUNDS_LIMIT = 200
OUT_OF_SCOPE: tuple[type[ports.BackgroundTask], ...] = (
    SendLetters,
    *letters.LETTERS,
    *gift_card_letters.LETTERS,
)
AWAY = (gateways.GatewayFailure, ports.Unavailable, TimeoutError)
_AIRPORTS = functools.cache(load_airports)
_HANDLERS = {handler.task: handler for handler in HANDLERS}


class AirlineProcess(Airline):
    """A process over the world; `stops` may end it in the middle of its work."""

    def __init__(self, world: World, stops: Stops | None = None) -> None:
        super().__init__(world.clock)
        self.world = world
        self.stops = stops or Stops()
        self._before = virtual_time.others()
        log = StoppingLog(world.log, self.stops, world.inbox.done)
        steps = ImmediateSteps(world.stock, airline_code=AIRLINE)
        self.bus = Dispatcher(
            log=log, clock=world.clock, random_bytes=world.random_bytes, follow_ups=steps
        )
        self.bus.start()
        adapter = world.stripe.gateway(DELAYED_METHODS)
        self.payments: Any = Stopping(adapter, self.stops)
        self._settlement: Any = Stopping(adapter.settlement, self.stops)
        self._disputes: Any = Stopping(adapter.disputes, self.stops)
        self.core = self._core(log)
        self.ports = self._ports()
        inbox: Any = Stopping(world.inbox, self.stops)
        self._receiver = EventReceiver(
            inbox=inbox, vault=world.vault, bus=self.bus, verify=_verified
        )
        world.stripe.listener = self._receive

    def _core(self, log: StoppingLog) -> Any:
        """As `composition.Core`, as far as the handlers use it."""
        world, bus = self.world, self.bus
        urls = ReturnUrls("https://air.invalid/paid/{booking}", "https://air.invalid/{booking}")
        collector = Collector(
            bus=bus, payments=self.payments, clock=world.clock, urls=urls,
            describe=lambda booking: f"Rimal Air {ids.reference_of(booking)}",
        )  # fmt: skip
        refunder = Refunder(bus=bus, payments=self.payments, collector=collector, clock=world.clock)
        learner = DisputeLearner(
            bus=bus, disputes=self._disputes, collector=collector, refunder=refunder
        )
        settlement = self._settlement_use_cases()
        releaser = HoldReleaser(bus=bus, collector=collector, clock=world.clock)
        inbox: Any = Stopping(world.inbox, self.stops)
        return SimpleNamespace(
            clock=world.clock,
            collector=collector,
            refunder=refunder,
            disputes=learner,
            settlement=settlement,
            releaser=releaser,
            follower=FlightFollower(
                bus=bus, releaser=releaser, tasks=world.flight_tasks, report=self._report
            ),
            stripe_events=StoredEventProcessor(
                inbox=inbox, collector=collector, refunder=refunder,
                settlement=settlement.hints, disputes=learner,
            ),
            processes=ProcessRunner(
                log=log, bus=bus, stock=world.stock, tasks=world.flight_tasks,
                airports=_AIRPORTS(), airline_code=AIRLINE, clock=world.clock,
                report=self._report,
            ),
        )  # fmt: skip

    def _settlement_use_cases(self) -> SimpleNamespace:
        world = self.world
        follower = PayoutFollower(bus=self.bus, stripe=self._settlement)
        sweeper = TransactionSweeper(
            stripe=self._settlement,
            follower=follower,
            checkpoints=world.checkpoints,
            clock=world.clock,
        )
        return SimpleNamespace(
            follower=follower,
            sweeper=sweeper,
            hints=HintFollower(
                follower=follower, sweeper=sweeper, monotonic=lambda: world.clock().timestamp()
            ),
            comparer=BalanceComparer(
                bus=self.bus,
                stripe=self._settlement,
                sweeper=sweeper,
                read_clearing=self._read_clearing,
                clock=world.clock,
            ),
        )

    def _ports(self) -> BookingPorts:
        world, absent = self.world, None
        unused: Any = absent
        history: Any = world
        return BookingPorts(
            bus=self.bus,
            history=MemoryHistory(history),
            vault=world.vault,
            quotes=QuoteSigner(b"key"),
            stock=world.stock,
            clock=world.clock,
            airline_code=AIRLINE,
            airline_name="Rimal Air",
            airports=_AIRPORTS(),
            policies=CurrentPolicies(self.bus, world.clock),
            collector=self.core.collector,
            boarding_passes=unused,
            calendar_files=unused,
            list_bookings=unused,
            unpaid_seats=unlimited_seats(),
            saved_passengers=unused,
        )

    def dispute_ports(self) -> DisputePorts:
        """For the use cases of disputes."""
        absent: Any = None
        return DisputePorts(self.ports, absent, self._find_dispute, self.core.disputes, absent)

    def reconciliation_ports(self) -> ReconciliationPorts:
        """For the use cases of reconciliation."""
        books: Any = self.world.books
        return ReconciliationPorts(
            bus=self.bus,
            books=books,
            stripe=self._settlement,
            unfinished_attempts=self._overdue_attempts,
            process_event=functools.partial(
                process_event,
                collector=self.core.collector,
                refunder=self.core.refunder,
                settlement=self.core.settlement.hints,
                disputes=self.core.disputes,
            ),
            record_transactions=self.core.settlement.follower.record_all,
            read_statement=read_statement,
            runs=self.world.runs,
            clock=self.world.clock,
        )

    async def _overdue_attempts(self) -> tuple[list[UnfinishedAttempt], AsOf]:
        tables, before = self.world.follow(), self.world.clock() - STALE_AFTER
        rows = sorted(tables.rows("unfinished_attempts"), key=lambda row: row.attempt)
        found = [
            UnfinishedAttempt(
                row.attempt, row.payment, ids.booking_of_payment(row.payment),
                row.status, row.started_at, row.ends_at,
            )
            for row in rows
            if (row.ends_at if row.status == "open" else row.started_at) < before
        ]  # fmt: skip
        return found, AsOf(tables.position, 0.0)

    async def _find_dispute(self, dispute: str) -> ListedDispute | None:
        for row in self.world.follow().rows("disputes"):
            if row.dispute == dispute:
                fields = [getattr(row, name) for name in ListedDispute.__struct_fields__[1:]]
                return ListedDispute(ids.booking_of_payment(row.payment), *fields)
        return None

    async def _read_clearing(self, since: dt.datetime) -> BookedClearing:
        tables = self.world.follow()
        awaited: dict[str, int] = {}
        for row in tables.rows("settled_amounts"):
            if row.booked != row.listed:
                difference = (row.booked or 0) - (row.listed or 0)
                awaited[row.currency] = awaited.get(row.currency, 0) + difference
        booked = {row.currency: row.amount for row in tables.rows("stripe_clearing")}
        recent = [
            Recorded(row.transaction, row.category, money.Money(row.gross - row.fee, row.currency))
            for row in tables.rows("settled_transactions")
            if not row.unknown and row.created_at >= since
        ]
        return BookedClearing(booked, awaited, recent)

    def _report(self, stream: str, error: Exception) -> None:
        self.world.reports.append((stream, error))

    def _draw(self, count: int) -> tuple[int, ...]:
        """Serials for the verbs, from the stock that every process of the world draws from."""
        return tuple(self.world.stock.fresh(count))

    # What clients and Stripe ask of it.

    def caller(self, number: int, role: Any = "customer") -> Caller:
        """The same number is the same request, repeated."""
        principal = CUSTOMER if role == "customer" else type(CUSTOMER)(f"user_{role}", role)
        return Caller(principal, uuid.UUID(int=number), b"", f"c-{number}", NO_DEADLINE)

    async def submit(self, command: Command, number: int | None = None) -> Outcome:
        """Carry a command out; raises its rejection."""
        id = uuid.uuid4() if number is None else uuid.UUID(int=number)
        return await self.bus.submit(
            CommandEnvelope(
                id=id, command=command, actor="customer:user_1", correlation_id="c",
                deadline=NO_DEADLINE, fingerprint=b"",
            )
        )  # fmt: skip

    async def carry_out(self, steps: Steps) -> Any:
        """Run the steps of a verb."""
        answer: Any = None
        while True:
            try:
                wanted = steps.send(answer)
            except StopIteration as end:
                return end.value
            if isinstance(wanted, str):
                answer = (await self.bus.current(stream_kinds.kind_of(wanted), wanted))[0]
            else:
                answer = await self.submit(wanted)

    async def _receive(self, body: bytes, signature: str) -> int:
        """The webhook route; a process that stops in the middle breaks the connection."""
        work = asyncio.ensure_future(self._receiver.receive(body, signature))
        stopped = asyncio.ensure_future(self.stops.stopped.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
            raise ConnectionResetError
        try:
            work.result()
        except gateways.NotGenuine:
            return 400
        except ports.Unavailable:
            return 503
        return 200

    # What the process does by itself.

    async def rest(self, *, periods: bool = False) -> None:
        """Work until nothing changes any more; with `periods` each timer waits for its period."""
        looked: dict[due_work.Due, tuple[int, ...]] = {}
        for _ in range(ROUNDS_LIMIT):
            before = self._trace()
            await self.world.stripe.deliver()
            await self._work_off(self.world.tasks())
            due = self.world.inbox.due()
            if due:
                await self.core.stripe_events.process(ProcessStripeEvents(tuple(due)))
            while (done := await self.core.processes.run_from(self.world.position)) > (
                self.world.position
            ):
                self.world.position = done
            await self._work_off(self._due(looked, periods=periods))
            if self._trace() == before:
                return
        raise AssertionError("never at rest")

    def _trace(self) -> tuple[int, ...]:
        world = self.world
        account = world.stripe.account
        new = len(world.inbox.due())
        return (len(world.log.events), len(world.inbox.rows), new, len(account.events.objects))

    def _due(
        self, looked: dict[due_work.Due, tuple[int, ...]], *, periods: bool
    ) -> list[ports.BackgroundTask]:
        """What the timers find; one looks again only when something has changed since."""
        world, now, trace = self.world, self.world.clock(), self._trace()
        tables = world.follow()
        found: list[ports.BackgroundTask] = []
        for due, seconds in due_work.WORK:
            last = world.last_run.get(due)
            if periods and last is not None and now < last + dt.timedelta(seconds=seconds):
                continue
            if looked.get(due) == trace:
                continue
            looked[due] = trace
            world.last_run[due] = now
            found += due(tables, now)
        return found

    async def _work_off(self, tasks: list[ports.BackgroundTask]) -> None:
        """Together; a task that fails because something is away stays in the queue."""
        wanted = [each for each in tasks if not isinstance(each, OUT_OF_SCOPE)]
        self.world.queue = list(wanted)
        results = await asyncio.gather(
            *(_HANDLERS[type(each)].handle(self.core, each) for each in wanted),
            return_exceptions=True,
        )
        self.world.queue = []
        for task, result in zip(wanted, results, strict=True):
            if isinstance(result, AWAY):
                continue
            if isinstance(result, BaseException):
                raise AssertionError(f"{task}: {result!r}") from result

    async def stop(self) -> None:
        """End all that the process does, as a crash; the queue is lost with it."""
        self.world.queue = []
        self.world.stripe.listener = _gone
        couriers = self.world.stripe.simulator.courier._tasks
        await cancelled(virtual_time.others((*couriers, *self._before)))


async def _gone(_body: bytes, _signature: str) -> int:
    raise ConnectionRefusedError


def _verified(body: bytes, signature: str | None) -> gateways.VerifiedEvent:
    now = dt.datetime.now(dt.UTC)
    return webhook.verify(body, signature, [WEBHOOK_SECRET], now, livemode=False)
