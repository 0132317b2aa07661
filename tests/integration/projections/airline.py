"""An airline on a test database: real commands through the dispatcher into the log."""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import conninfo

from application import ports
from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking
from application.booking.expire_booking import ExpireBooking
from application.commands.command import CommandEnvelope
from application.commands.dispatcher import Dispatcher
from application.inventory.schedule_flight import ScheduleFlight
from application.payment.record_capture import RecordCapture
from application.payment.record_refund import RecordRefund, Result
from application.payment.refund_payment import RefundPayment
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import WantedSegment
from domain.booking.values import Passenger
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled
from domain.kernel import money, sealed
from infrastructure.event_store.log import PostgresEventLog
from infrastructure.postgres import roles
from infrastructure.postgres.pool import Pool, make_pool
from projections import runner
from projections.projection import Projection
from projections.registry import ALL
from tests.support.servers import TestDatabase

START = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
# 23:30 UTC is the next day in Riyadh already.
DEPARTURE = dt.datetime(2026, 12, 23, 23, 30, tzinfo=dt.UTC)
LOCAL_DATE = dt.date(2026, 12, 24)
FLIGHT = "flight-XX1-2026-12-24"
FARE = 40_000
SECONDS = 60.0


class Airline:
    """Commands by name; `now` is the clock of the decisions and may be set."""

    def __init__(self, database: TestDatabase, pool: Pool, dispatcher: Dispatcher) -> None:
        self.database = database
        self.projector_dsn = conninfo.make_conninfo(database.owner_dsn, user=roles.PROJECTOR_LOGIN)
        self.pool = pool
        self.now = START
        self._dispatcher = dispatcher
        self._serials = iter(range(1, 10**6))

    async def envelope(self, command: object) -> Any:
        """Submit a command; returns its answer."""
        outcome = await self._dispatcher.submit(
            CommandEnvelope(
                id=uuid.uuid4(),
                command=command,
                actor="customer:user_1",
                correlation_id="correlation",
                deadline=asyncio.get_running_loop().time() + SECONDS,
            )
        )
        return outcome.answer

    async def schedule(self, flight: str = FLIGHT, seats: int = 100) -> str:
        """Put a flight with one cabin on sale."""
        scheduled = FlightScheduled(
            number="XX1",
            origin="RUH",
            destination="JED",
            origin_zone="Asia/Riyadh",
            destination_zone="Asia/Riyadh",
            departs_at=DEPARTURE,
            arrives_at=DEPARTURE + dt.timedelta(hours=2),
            domestic=True,
            fares=(FareClass("Y", "Y", money.Money(FARE, "SAR")),),
            moves=(CapacityMove("Y", authorised=seats),),
        )
        await self.envelope(ScheduleFlight(flight_id=flight, scheduled=scheduled))
        return flight

    async def reserve(self, flight: str = FLIGHT, owner: str = "user_1", seats: int = 1) -> str:
        """Hold seats; returns the booking."""
        subject = "sub_" + os.urandom(13).hex()
        box = sealed.Sealed(subject, os.urandom(60))
        answer = await self.envelope(
            CreateBooking(
                owner=owner,
                wanted=(WantedSegment(flight, "Y"),),
                passengers=(Passenger("ADT", box),) * seats,
                contact=box,
                keys=(ports.WrappedKey(subject, os.urandom(60)),),
            )
        )
        return str(answer.stream)

    async def checkout(self, booking: str) -> tuple[str, str]:
        """Start a payment; returns payment and attempt."""
        answer = await self.envelope(StartCheckout(booking_id=booking))
        return str(answer.stream), answer.ids["attempt"]

    async def capture(
        self, booking: str, *, intent: str = "pi_1", surplus: int = 0
    ) -> tuple[str, str]:
        """Pay what is due, or another amount; returns payment and attempt."""
        payment, attempt = await self.checkout(booking)
        await self.collect(booking, payment, attempt, intent=intent, surplus=surplus)
        return payment, attempt

    async def collect(
        self, booking: str, payment: str, attempt: str, *, intent: str, surplus: int = 0
    ) -> None:
        """Record that an intent took money; another one for the same attempt is a duplicate."""
        amount = money.Money(await self._due(booking) + surplus, "SAR")
        await self.envelope(
            RecordCapture(
                payment_id=payment,
                booking_id=booking,
                attempt=attempt,
                intent=intent,
                charge=intent.replace("pi", "ch"),
                amount=amount,
            )
        )

    async def confirm(self, booking: str) -> None:
        """Issue the tickets of a paid booking."""
        serials = tuple(next(self._serials) for _ in range(9))
        await self.envelope(ConfirmBooking(booking_id=booking, airline_code="999", serials=serials))

    async def sell(self, flight: str = FLIGHT) -> str:
        """Reserve, pay, confirm."""
        booking = await self.reserve(flight)
        await self.capture(booking, intent=f"pi_{booking}")
        await self.confirm(booking)
        return booking

    async def refund(self, booking: str, *, obligation: str = "cancellation") -> tuple[str, str]:
        """Request a partial refund of a paid booking; returns payment and refund."""
        payment = booking.replace("booking-", "payment-") + "-1"
        amount = money.Money(1_000, "SAR")
        answer = await self.envelope(RefundPayment(booking, obligation, amount, (payment,)))
        return payment, answer.ids[payment]

    async def record_refund(self, payment: str, refund: str, result: Result) -> None:
        """Record the result of a refund."""
        await self.envelope(RecordRefund(payment, refund, result))

    async def expire(self, booking: str) -> None:
        """Expire the hold."""
        self.now += dt.timedelta(hours=2)
        await self.envelope(ExpireBooking(booking_id=booking, reason="hold_lapsed"))

    async def catch_up(self, projections: Iterable[Projection] = tuple(ALL.values())) -> None:
        """Bring read models to the end of the log."""
        for projection in projections:
            await asyncio.to_thread(runner.catch_up, self.projector_dsn, projection)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query as the owner of the database."""
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    async def _due(self, booking: str) -> int:
        rows = await asyncio.to_thread(
            self.query,
            "SELECT (convert_from(payload, 'UTF8')::jsonb -> 'due' ->> 'amount')::bigint "
            "FROM ledger.event WHERE stream = %s AND tag = 'payment.requested.1'",
            booking.replace("booking-", "payment-") + "-1",
        )
        return int(rows[0][0])


@asynccontextmanager
async def at_work(database: TestDatabase) -> AsyncIterator[Airline]:
    """Yield an airline with empty read models and one flight on sale."""
    pool = make_pool(database.app_dsn)
    await pool.open()
    log = PostgresEventLog(database.app_dsn, pool)
    airline: Airline
    dispatcher = Dispatcher(log=log, clock=lambda: airline.now, random_bytes=os.urandom)
    airline = Airline(database, pool, dispatcher)
    await asyncio.to_thread(runner.prepare_all, airline.projector_dsn)
    dispatcher.start()
    try:
        await airline.schedule()
        yield airline
    finally:
        await dispatcher.stop()
        await log.close()
        await pool.close()


def dump(database: TestDatabase, schema: str) -> dict[str, bytes]:
    """Return the bytes of every table of a schema in the order of its first three columns."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)
        ).fetchall()
        dumped = {}
        for (table,) in tables:
            copy = f"COPY (SELECT * FROM {schema}.{table} ORDER BY 1, 2, 3) TO STDOUT"
            with connection.cursor().copy(copy.encode()) as lines:
                dumped[table] = b"".join(bytes(line) for line in lines)
        return dumped
