"""The reference of `bench journey` and `bench webhook`: the whole sale as good CRUD.

Behind the same edge, with the same client of Stripe. Search, quote, checkout and payment are
written here on plain tables; the booking itself is that of `bench reserve`. Each step is one
transaction of prepared statements in at most two pipelined round trips. It writes no letter, no
ledger and no read models, which our side does: that makes the reference faster, not slower.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from application.booking.open_checkout import Checkout
from application.caller import Caller
from application.payment import gateway
from application.pricing.quotes import JourneyQuote
from application.pricing.signed_quotes import QUOTE_LIFETIME, QuoteSigner
from domain.booking.rejections import BookingNotFound
from domain.booking.values import NewTimes, Segment
from domain.inventory.rejections import FlightNotFound
from domain.kernel import ids, money
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType, Price
from interfaces.composition import utc_now
from tests.support import launch_prices

SESSION_LIFE = dt.timedelta(minutes=45)
SEARCH_LIMIT = 200
PUBLIC_URL = "http://127.0.0.1"

SCHEMA = """
ALTER TABLE crud.flight ADD COLUMN origin text, ADD COLUMN destination text,
    ADD COLUMN local_date date, ADD COLUMN arrives_at timestamptz;
CREATE INDEX flight_search ON crud.flight (origin, destination, local_date, cabin);
CREATE TABLE crud.payment (
    id text COLLATE "C" PRIMARY KEY, booking text COLLATE "C" NOT NULL REFERENCES crud.booking,
    amount bigint NOT NULL, currency text NOT NULL, status text NOT NULL,
    session text COLLATE "C" NOT NULL UNIQUE, url text NOT NULL, expires_at timestamptz NOT NULL,
    intent text, charge text
);
CREATE TABLE crud.stripe_event (
    id text COLLATE "C" PRIMARY KEY, type text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE crud.ticket (
    serial bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking text COLLATE "C" NOT NULL REFERENCES crud.booking, passenger integer NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(), UNIQUE (booking, passenger)
);
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA crud TO ais_application;
"""
FLIGHT_COLUMNS = (
    "id, cabin, number, departs_at, domestic, fare, currency, authorised, origin, destination, "
    "local_date, arrives_at"
)
_SEARCH = (
    "SELECT id, number, origin, destination, departs_at, arrives_at, domestic, fare, currency, "
    "authorised - held - sold FROM crud.flight WHERE origin = %s AND destination = %s "
    "AND local_date = %s AND cabin = %s AND authorised - held - sold >= %s "
    "ORDER BY departs_at, id LIMIT %s"
)
_FLIGHT = (
    "SELECT departs_at, arrives_at, domestic, fare, currency FROM crud.flight "
    "WHERE id = %s AND cabin = %s"
)
_TO_PAY = "SELECT price FROM crud.booking WHERE id = %s AND owner = %s AND status = 'reserved'"
_OPENED = "INSERT INTO crud.payment VALUES (%s, %s, %s, %s, 'open', %s, %s, %s)"
_ANSWERED = "INSERT INTO crud.idempotency (id, fingerprint, answer) VALUES (%s, %s, %s)"
_HISTORY = (
    "INSERT INTO crud.history (booking, before, after, actor, at) VALUES (%s, %s, %s, %s, %s)"
)
_EVENT = (
    "INSERT INTO crud.stripe_event (id, type) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"
)
_LOCK_PAYMENT = (
    "SELECT p.amount, p.currency, p.status, b.flight, b.cabin, b.seat_count "
    "FROM crud.payment p JOIN crud.booking b ON b.id = p.booking WHERE p.id = %s FOR UPDATE"
)
_CAPTURE = "UPDATE crud.payment SET status = 'captured', intent = %s, charge = %s WHERE id = %s"
_CONFIRM = "UPDATE crud.booking SET status = 'confirmed' WHERE id = %s"
_TICKETS = (
    "INSERT INTO crud.ticket (booking, passenger) "
    "SELECT booking, number FROM crud.passenger WHERE booking = %s"
)
_SOLD = "UPDATE crud.flight SET held = held - %s, sold = sold + %s WHERE id = %s AND cabin = %s"


class FoundFlight(msgspec.Struct, frozen=True):
    """A departure with free seats; `fare` is one adult's without taxes, in minor units."""

    flight: str
    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    domestic: bool
    fare: int
    currency: str
    free: int


class Paid(msgspec.Struct, frozen=True):
    """Money that Stripe has taken for a payment of ours."""

    booking: str
    payment: str
    intent: str
    charge: str | None
    amount: money.Money


class CrudSales:
    """The steps of a sale beside the booking; one transaction each."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        payments: gateway.PaymentGateway,
        signer: QuoteSigner,
    ) -> None:
        self._pool = pool
        self._payments = payments
        self._signer = signer

    async def search(
        self, *, origin: str, destination: str, day: dt.date, cabin: str, seats: int
    ) -> list[FoundFlight]:
        """Return the day's departures with so many free seats, by time."""
        wanted = (origin, destination, day, cabin, seats, SEARCH_LIMIT)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SEARCH, wanted)).fetchall()
        return [FoundFlight(*row) for row in rows]

    async def quote(
        self, *, flight: str, cabin: str, passengers: tuple[PassengerType, ...]
    ) -> tuple[str, JourneyQuote]:
        """Return a signed quote and its content; rejects FlightNotFound."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_FLIGHT, (flight, cabin))).fetchone()
        if row is None:
            raise FlightNotFound()
        departs_at, arrives_at, domestic, fare, currency = row
        quote = JourneyQuote(
            segments=(Segment(flight, cabin, cabin),),
            passengers=passengers,
            price=pricing_rules.price_journey(
                segments=(launch_prices.segment_fare(money.Money(fare, currency), domestic),),
                passengers=passengers,
            ),
            seats=(),
            valid_until=utc_now() + QUOTE_LIFETIME,
            times=(NewTimes(departs_at, arrives_at),),
        )
        return self._signer.issue(quote), quote

    async def open_checkout(self, caller: Caller, booking: str) -> Checkout:
        """Open a session at Stripe, then store it; rejects BookingNotFound.

        Stripe's idempotency key is the payment's, so that a crash between them opens no other.
        """
        async with self._pool.connection() as connection:
            found = await connection.execute(_TO_PAY, (booking, caller.principal.user))
            row = await found.fetchone()
        if row is None:
            raise BookingNotFound()
        payment = ids.payment_stream(booking, 1)
        total = msgspec.convert(row[0], Price).total()
        session = await self._payments.open_checkout(
            gateway.CheckoutRequest(
                booking=booking,
                payment=payment,
                attempt=ids.attempt_id(payment, 1),
                amount=total,
                description=f"Rimal Air {ids.reference_of(booking)}",
                success_url=f"{PUBLIC_URL}/paid/{booking}",
                cancel_url=f"{PUBLIC_URL}/unpaid/{booking}",
                idempotency_key=f"checkout:{payment}",
                expires_at=utc_now().replace(microsecond=0) + SESSION_LIFE,
                locale=caller.language,
                customer_email=None,
            )
        )
        assert session.url is not None
        opened = Checkout(payment, session.url, session.id, session.expires_at, replayed=False)
        await self._store_checkout(caller, booking, total, opened)
        return opened

    async def _store_checkout(
        self, caller: Caller, booking: str, total: money.Money, opened: Checkout
    ) -> None:
        answer = Jsonb(msgspec.to_builtins(opened))
        async with (
            self._pool.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            await connection.execute(
                _OPENED,
                (
                    *(opened.payment_id, booking, total.amount, total.currency),
                    *(opened.session_id, opened.url, opened.expires_at),
                ),
            )
            await connection.execute(_ANSWERED, (caller.command_id, caller.fingerprint, answer))
            moved = (booking, "reserved", "awaiting_payment", caller.actor, utc_now())
            await connection.execute(_HISTORY, moved)

    async def session_paid(self, session_id: str) -> Paid | None:
        """Return what Stripe's own session states, as Stripe's samples do; None if unpaid."""
        session = await self._payments.session(session_id)
        if session.payment_status != "paid" or session.intent is None or session.amount is None:
            return None
        assert session.booking is not None
        assert session.payment is not None
        return Paid(
            booking=session.booking,
            payment=session.payment,
            intent=session.intent.id,
            charge=session.intent.latest_charge,
            amount=session.amount,
        )

    async def fulfil(self, event: gateway.VerifiedEvent, paid: Paid) -> bool:
        """Record the event, the payment, the tickets and the sold seats; False for a repeat."""
        async with (
            self._pool.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            fresh = await connection.execute(_EVENT, (event.id, event.type))
            locked = await connection.execute(_LOCK_PAYMENT, (paid.payment,))
            if await fresh.fetchone() is None:
                return False
            row = await locked.fetchone()
            if row is None or row[:3] != (paid.amount.amount, paid.amount.currency, "open"):
                return False
            await _confirm(connection, paid, *row[3:])
        return True


async def _confirm(connection: Any, paid: Paid, flight: str, cabin: str, seats: int) -> None:
    statements: Sequence[tuple[str, tuple[Any, ...]]] = (
        (_CAPTURE, (paid.intent, paid.charge, paid.payment)),
        (_CONFIRM, (paid.booking,)),
        (_TICKETS, (paid.booking,)),
        (_HISTORY, (paid.booking, "awaiting_payment", "confirmed", "stripe", utc_now())),
        # Last: other buyers of the flight wait for this row until the commit.
        (_SOLD, (seats, seats, flight, cabin)),
    )
    for statement, parameters in statements:
        await connection.execute(statement, parameters)
