"""A long log for benchmarks: bookings sold one after the other, written by COPY as the owner.

Payloads are made by the real structs, posting rules and codec; only the dispatcher is left out.
"""

import datetime as dt
import uuid
from collections.abc import Iterator

import msgspec
import psycopg

from domain.booking import events as booking_events
from domain.booking import values
from domain.inventory import events as flight_events
from domain.kernel import ids, money, sealed
from domain.kernel.events import DomainEvent
from domain.ledger import carriage
from domain.ledger import rules as ledger_rules
from domain.payment import events as payment_events
from domain.pricing.price import CouponPrice, Price
from infrastructure.event_store import codec

EVENTS_PER_BOOKING = 10
FLIGHT_COUNT = 200
SEATS = 100_000
START = dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC)
BETWEEN_BOOKINGS = dt.timedelta(milliseconds=50)

_COLUMNS = {
    "position": "int8",
    "stream": "text",
    "version": "int4",
    "tag": "text",
    "recorded_at": "timestamptz",
    "actor": "text",
    "command_id": "uuid",
    "correlation_id": "text",
    "causation_id": "uuid",
    "payload": "bytea",
}
_SALE = flight_events.CapacityMove("Y", held=-1, sold=1, fare_class="Y")
_PRICE = Price(
    "SAR",
    (CouponPrice(0, 0, 40_000, 6_300, 2_000),),
)


class Written(msgspec.Struct, frozen=True):
    """An event of the log to come."""

    stream: str
    version: int
    at: dt.datetime
    event: DomainEvent


def events(count: int) -> Iterator[Written]:
    """Yield `count` events: first the flights, then whole sales, ten events each."""
    flights = [f"flight-XX{number}-2026-12-24" for number in range(FLIGHT_COUNT)]
    versions = dict.fromkeys(flights, 1)
    for flight in flights:
        yield Written(flight, 1, START, _scheduled(flight))
    made, number = FLIGHT_COUNT, 0
    while made < count:
        flight = flights[number % FLIGHT_COUNT]
        sale = _sale(number, flight, versions[flight], START + number * BETWEEN_BOOKINGS)
        versions[flight] += 2
        yield from sale[: count - made]
        made, number = made + len(sale), number + 1


def fill(dsn: str, count: int) -> None:
    """Write the log into an empty database as its owner."""
    with psycopg.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
        statement = f"COPY ledger.event ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT binary)"
        with cursor.copy(statement.encode()) as copy:
            copy.set_types(list(_COLUMNS.values()))
            for position, written in enumerate(events(count), start=1):
                copy.write_row(_row(position, written))
        connection.execute("VACUUM ANALYZE ledger.event")


def _row(position: int, written: Written) -> tuple[object, ...]:
    return (
        position,
        written.stream,
        written.version,
        written.event.tag,
        written.at,
        "customer:user_1",
        uuid.UUID(int=position),
        "correlation-1234567890",
        None,
        codec.encode(written.event),
    )


def _scheduled(flight: str) -> flight_events.FlightScheduled:
    departs_at = dt.datetime(2026, 12, 24, 9, 0, tzinfo=dt.UTC)
    return flight_events.FlightScheduled(
        number=flight.split("-")[1],
        origin="RUH",
        destination="JED",
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=departs_at,
        arrives_at=departs_at + dt.timedelta(hours=2),
        domestic=True,
        fares=(flight_events.FareClass("Y", "Y", money.Money(40_000, "SAR")),),
        moves=(flight_events.CapacityMove("Y", authorised=SEATS),),
    )


def _sale(number: int, flight: str, version: int, at: dt.datetime) -> list[Written]:
    """Return the events of one booking from its draft to its ticket."""
    digits = [(number >> shift) & 31 for shift in range(0, 30, 5)]
    booking = ids.booking_stream("".join(ids.LOCATOR_ALPHABET[digit] for digit in digits))
    payment = ids.payment_stream(booking, 1)
    return [
        *_reservation(number, booking, flight, version, at),
        *_collection(number, booking, payment, at),
        *_ticketing(number, booking, payment, at),
        Written(
            flight,
            version + 2,
            at,
            flight_events.SeatsSold(
                booking, (flight_events.CapacityMove("Y", held=-1, sold=1, fare_class="Y"),)
            ),
        ),
    ]


def _reservation(
    number: int, booking: str, flight: str, version: int, at: dt.datetime
) -> Iterator[Written]:
    box = sealed.Sealed(f"sub_{number:026x}", number.to_bytes(8, "big") * 9)
    hold_until = at + dt.timedelta(minutes=15)
    initiated = booking_events.BookingInitiated(
        owner=f"user_{number % 5_000}",
        segments=(values.Segment(flight, "Y", "Y"),),
        passengers=(values.Passenger("ADT", box),),
        contact=box,
        price=_PRICE,
    )
    moves = (flight_events.CapacityMove("Y", held=1, fare_class="Y"),)
    yield Written(booking, 1, at, initiated)
    yield Written(booking, 2, at, booking_events.BookingReserved(hold_until))
    yield Written(flight, version + 1, at, flight_events.SeatsHeld(booking, hold_until, moves))


def _collection(number: int, booking: str, payment: str, at: dt.datetime) -> Iterator[Written]:
    attempt, intent, charge = f"{payment}-a1", f"pi_3Q{number:022d}", f"ch_3Q{number:022d}"
    expires_at = at + dt.timedelta(hours=1)
    due = _PRICE.total()
    yield Written(payment, 1, at, payment_events.PaymentRequested(booking, due))
    started = payment_events.AttemptStarted(
        attempt=attempt,
        idempotency_key=f"checkout:{attempt}",
        locale="en",
        started_at=at,
        expires_at=expires_at,
    )
    yield Written(payment, 2, at, started)
    session = f"cs_test_{number:056d}"
    url = f"https://checkout.stripe.com/c/pay/{session}"
    opened = payment_events.SessionOpened(attempt, session, url, expires_at)
    yield Written(payment, 3, at, opened)
    entry = ledger_rules.capture_entry(
        booking=booking, amount=due, references=(intent, charge), now=at
    )
    captured = payment_events.PaymentCaptured(attempt, intent, charge, due, entry)
    yield Written(payment, 4, at, captured)


def _ticketing(number: int, booking: str, payment: str, at: dt.datetime) -> Iterator[Written]:
    yield Written(booking, 3, at, booking_events.BookingPaid(payment, _PRICE.total()))
    ticket = ids.ticket_number("999", number + 1)
    entry = carriage.ticketing_entry(carriage.Posted(booking, (ticket,), at), price=_PRICE)
    tickets = (values.Ticket(0, ticket),)
    yield Written(booking, 4, at, booking_events.BookingConfirmed(tickets, entry))
