"""The reference of `bench reserve`: the same booking written as good CRUD, behind the same edge.

One transaction per request on a pool, all statements prepared, in two pipelined round trips:
the key and the flight's row lock first, then every write and the commit. It stores the same
facts: booking, passengers, sealed data with its keys, the idempotency answer and a history row.
"""

import datetime as dt
import os
import uuid
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from application import ports
from application.booking.create_booking import CreateBooking
from application.commands import stream_kinds
from application.commands.command import CommandEnvelope, IdempotencyConflict, Outcome
from domain.booking import sale
from domain.booking.coupons import Coupon
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import Segment
from domain.inventory import rejections, sales_window
from domain.kernel import ids, money
from domain.policies.operating_values import HOLD_TIMES, SALES_WINDOW
from domain.pricing import rules as pricing_rules
from interfaces.composition import Core, utc_now

POOL_SIZE = 16
LOCATOR_TRIES = 8

SCHEMA = """
CREATE SCHEMA crud;
CREATE TABLE crud.flight (
    id text COLLATE "C" NOT NULL, cabin text COLLATE "C" NOT NULL, number text NOT NULL,
    departs_at timestamptz NOT NULL, domestic boolean NOT NULL, fare bigint NOT NULL,
    currency text NOT NULL, authorised integer NOT NULL, held integer NOT NULL DEFAULT 0,
    sold integer NOT NULL DEFAULT 0, CHECK (held + sold <= authorised),
    PRIMARY KEY (id, cabin)
) WITH (fillfactor = 50);
CREATE TABLE crud.booking (
    id text COLLATE "C" PRIMARY KEY, owner text NOT NULL, flight text NOT NULL,
    cabin text NOT NULL, seat_count integer NOT NULL, status text NOT NULL,
    hold_until timestamptz NOT NULL, price jsonb NOT NULL, contact_subject text NOT NULL,
    contact_box bytea NOT NULL, created_at timestamptz NOT NULL, correlation_id text NOT NULL
);
CREATE TABLE crud.passenger (
    booking text COLLATE "C" NOT NULL REFERENCES crud.booking, number integer NOT NULL,
    type text NOT NULL, name_subject text NOT NULL, name_box bytea NOT NULL,
    PRIMARY KEY (booking, number)
);
CREATE TABLE crud.idempotency (
    id uuid PRIMARY KEY, fingerprint bytea NOT NULL, answer jsonb
);
CREATE TABLE crud.history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, booking text NOT NULL,
    before text, after text NOT NULL, actor text NOT NULL, at timestamptz NOT NULL
);
GRANT USAGE ON SCHEMA crud TO ais_application;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA crud TO ais_application;
GRANT INSERT ON vault.subject_key TO ais_application;
"""
_CLAIM = (
    "INSERT INTO crud.idempotency (id, fingerprint) VALUES (%s, %s) "
    "ON CONFLICT (id) DO NOTHING RETURNING id"
)
_LOCK = (
    "SELECT number, departs_at, domestic, fare, currency, authorised - held - sold "
    "FROM crud.flight WHERE id = %s AND cabin = %s FOR UPDATE"
)
_BOOKING = (
    "INSERT INTO crud.booking VALUES (%s, %s, %s, %s, %s, 'reserved', %s, %s, %s, %s, %s, %s)"
)


class CrudBus:
    """Replaces the dispatcher for CreateBooking; reads use the real one."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            core.settings.database_url,
            min_size=POOL_SIZE,
            max_size=POOL_SIZE,
            configure=_configure,
            timeout=10,
            open=False,
        )

    async def open(self) -> None:
        """Connect."""
        await self.pool.open(wait=True)

    async def close(self) -> None:
        """Disconnect."""
        await self.pool.close()

    async def submit(self, envelope: CommandEnvelope) -> Outcome:
        """Create the booking; raises the dispatcher's errors."""
        for _ in range(LOCATOR_TRIES):
            try:
                return await self._submit(envelope)
            except psycopg.errors.UniqueViolation:
                continue  # the record locator was taken: draw another
        raise ports.Unavailable("locators")

    async def _submit(self, envelope: CommandEnvelope) -> Outcome:
        command: CreateBooking = envelope.command
        types = [passenger.type for passenger in command.passengers]
        sale.require_valid_party(types)
        async with (
            self.pool.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            claimed = await connection.execute(_CLAIM, (envelope.id, envelope.fingerprint))
            locked = await connection.execute(
                _LOCK, (command.wanted[0].flight, command.wanted[0].cabin)
            )
            claim, flight = await claimed.fetchone(), await locked.fetchone()
            if claim is None:
                return await self._replayed(connection, envelope)
            stream, booking = _decided(command, flight, types)
            answer = ports.Answer(stream, 2)
            await _write(connection, envelope, command, stream, booking, answer)
        return Outcome(answer=answer, replayed=False, state=booking)

    async def _replayed(self, connection: Any, envelope: CommandEnvelope) -> Outcome:
        found = await connection.execute(
            "SELECT fingerprint, answer FROM crud.idempotency WHERE id = %s", (envelope.id,)
        )
        fingerprint, answer = await found.fetchone()
        if fingerprint != envelope.fingerprint:
            raise IdempotencyConflict()
        return Outcome(answer=msgspec.convert(answer, ports.Answer), replayed=True)

    async def stored_answer(self, command_id: uuid.UUID, fingerprint: bytes) -> ports.Answer | None:
        """Not asked for: the reference only creates bookings."""
        return await self._core.bus.stored_answer(command_id, fingerprint)

    async def current(self, kind: stream_kinds.StreamKind[Any], stream: str) -> tuple[Any, int]:
        """As the dispatcher."""
        return await self._core.bus.current(kind, stream)

    async def current_all(
        self, kind: stream_kinds.StreamKind[Any], streams: Collection[str]
    ) -> Mapping[str, tuple[Any, int]]:
        """As the dispatcher."""
        return await self._core.bus.current_all(kind, streams)

    def remembered(self, kind: stream_kinds.StreamKind[Any], stream: str) -> Any:
        """As the dispatcher."""
        return self._core.bus.remembered(kind, stream)

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """As the dispatcher."""
        return await self._core.bus.history(stream)


def _decided(
    command: CreateBooking, flight: tuple[Any, ...] | None, types: list[Any]
) -> tuple[str, Booking]:
    if flight is None:
        raise rejections.FlightNotFound()
    number, departs_at, domestic, fare, currency, free = flight
    now = utc_now()
    if not sales_window.is_on_sale(departs_at, closes=SALES_WINDOW.closes, now=now):
        raise rejections.SalesClosed(flight=number)
    (wanted,) = command.wanted
    price = pricing_rules.price_journey(
        segments=(pricing_rules.SegmentFare(money.Money(fare, currency), domestic),),
        passengers=types,
    )
    seats = pricing_rules.seat_count(types)
    if free < seats:
        raise rejections.SeatsUnavailable(flight=number, free=free)
    locator = None
    while locator is None:
        locator = ids.record_locator(os.urandom(4))
    booking = Booking(
        status=Status.RESERVED,
        owner=command.owner,
        segments=(Segment(wanted.flight, wanted.cabin, wanted.cabin),),
        passengers=command.passengers,
        contact=command.contact,
        price=price,
        coupons=tuple(
            Coupon(each.passenger, each.segment, each.fare, each.vat, each.charge)
            for each in price.coupons
        ),
        documents=(None,) * len(command.passengers),
        hold_until=now + HOLD_TIMES.hold,
    )
    return ids.booking_stream(locator), booking


async def _write(
    connection: Any,
    envelope: CommandEnvelope,
    command: CreateBooking,
    stream: str,
    booking: Booking,
    answer: ports.Answer,
) -> None:
    now = utc_now()
    await connection.execute(
        "UPDATE crud.flight SET held = held + %s WHERE id = %s AND cabin = %s",
        (booking.seat_count, command.wanted[0].flight, command.wanted[0].cabin),
    )
    price = Jsonb(msgspec.to_builtins(booking.price))
    await connection.execute(
        _BOOKING,
        (
            *(stream, command.owner, command.wanted[0].flight, command.wanted[0].cabin),
            booking.seat_count,
            *(booking.hold_until, price, command.contact.subject, command.contact.box),
            *(now, envelope.correlation_id),
        ),
    )
    for number, passenger in enumerate(command.passengers):
        await connection.execute(
            "INSERT INTO crud.passenger VALUES (%s, %s, %s, %s, %s)",
            (stream, number, passenger.type, passenger.name.subject, passenger.name.box),
        )
    for key in command.keys:
        await connection.execute(
            "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)",
            (key.subject, key.wrapped),
        )
    await connection.execute(
        "UPDATE crud.idempotency SET answer = %s WHERE id = %s",
        (Jsonb(msgspec.to_builtins(answer)), envelope.id),
    )
    await connection.execute(
        "INSERT INTO crud.history (booking, before, after, actor, at) VALUES (%s, %s, %s, %s, %s)",
        (stream, "initiated", "reserved", envelope.actor, now),
    )


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    connection.prepare_threshold = 0
    await connection.set_autocommit(True)


def flight_row(flight: str, seats: int, *, departs_at: dt.datetime, fare: int) -> tuple[Any, ...]:
    """Return a row of crud.flight with the facts of the event log's flight."""
    return (flight, "Y", flight.split("-")[1], departs_at, True, fare, "SAR", seats)


def new_run() -> str:
    """Return a name that no other run has."""
    return uuid.uuid4().hex[:12]
