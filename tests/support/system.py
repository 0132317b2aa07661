"""What a test does as a traveller, and what it asks the log afterwards."""

import asyncio
import datetime as dt
import itertools
import json
import secrets
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import psycopg

from domain.booking.coupons import Coupon, CouponStatus
from domain.booking.fold import evolve
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.events import (
    CabinLayout,
    CapacityMove,
    FareClass,
    FlightDeparted,
    FlightScheduled,
    Residue,
)
from domain.kernel import ids, money
from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from interfaces.cli import demo_stage
from projections import progress
from projections.registry import ALL
from tests.support import ports, servers

WAIT_SECONDS = 60.0
TOMORROW = dt.timedelta(hours=30)
LATER = dt.timedelta(days=33)
PASSWORD = "correct horse battery"
# The schedule of the demo has numbers of three digits.
_flight_numbers = itertools.count(1_000)


UNLIMITED = {
    f"AIS_LIMIT_{name}": "1000000"
    for name in ("ANONYMOUS", "SIGNED_IN", "STAFF", "AUTHENTICATION", "BOOKING", "PAYMENT")
}


@contextmanager
def system() -> Iterator[demo_stage.Stage]:
    """Everything that `ais demo` starts, with limits raised and the limiter running."""
    with servers.quick_folder() as folder:
        port = ports.free_port()
        with demo_stage.stage(folder, port=port, overrides=UNLIMITED) as ready:
            yield ready


class Traveller(msgspec.Struct, frozen=True):
    """A signed-in customer; `headers` carry the token."""

    email: str
    headers: dict[str, str]


async def register(client: httpx.AsyncClient) -> Traveller:
    """Register and sign in."""
    email = f"t{secrets.token_hex(6)}@example.com"
    account = {"email": email, "password": PASSWORD}
    made = await client.post("/api/auth/register", json=account)
    assert made.status_code == 201, made.text
    token = (await client.post("/api/auth/mobile-login", json=account)).json()["accessToken"]
    return Traveller(email, {"Authorization": f"Bearer {token}"})


def schedule(
    owner_dsn: str,
    *,
    seats: int,
    fare: int = 40_000,
    currency: str = "SAR",
    business: int = 0,
    residue: Residue = "cash",
    leaves_in: dt.timedelta = dt.timedelta(days=30),
    route: tuple[str, str] = ("RUH", "JED"),
) -> str:
    """Put a fresh flight on sale straight through the append; returns its id."""
    departs_at = dt.datetime.now(dt.UTC).replace(microsecond=0) + leaves_in
    number = f"ZZ{next(_flight_numbers)}"
    local = departs_at.astimezone(ZoneInfo("Asia/Riyadh")).date()
    flight = ids.flight_stream(number, local.isoformat())
    cabins = [("Y", fare, seats), *([("J", fare * 3, business)] if business else [])]
    event = FlightScheduled(
        number=number,
        origin=route[0],
        destination=route[1],
        origin_zone="Asia/Riyadh",
        destination_zone="Asia/Riyadh",
        departs_at=departs_at,
        arrives_at=departs_at + dt.timedelta(minutes=105),
        domestic=currency == "SAR",
        fares=tuple(
            FareClass(cabin, cabin, money.Money(amount, currency), None, residue)
            for cabin, amount, _ in cabins
        ),
        moves=tuple(CapacityMove(cabin, authorised=count) for cabin, _, count in cabins),
        layouts=tuple(
            CabinLayout(cabin, count, 1 if cabin == "J" else 11, "ABCDEF")
            for cabin, _, count in cabins
        ),
    )
    append(owner_dsn, flight, 1, event)
    return flight


def append(owner_dsn: str, stream: str, version: int, event: DomainEvent) -> None:
    """One event as this version of a stream, straight through the database's own append."""
    payload = codec.encode(event)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT ledger.append(ARRAY[gen_random_uuid()], ARRAY[''::bytea], "
            "ARRAY['{}'::bytea], ARRAY['test'], ARRAY['test'], ARRAY[NULL::uuid], "
            "ARRAY[%s], ARRAY[%s], ARRAY[%s], ARRAY[%s::bytea], ARRAY[0], "
            "'{}'::text[], '{}'::int[], '{}'::uuid[], '{}', '{}', '{}', '{}'::bytea[])",
            (stream, version, event.tag, payload),
        )


def booking_body(flight: str, *, passengers: int = 1) -> dict[str, Any]:
    """Adults on a flight."""
    return {
        "flightId": flight,
        "passengers": [
            {"firstName": "Noura", "lastName": f"Alharbi{number}", "type": "ADT"}
            for number in range(passengers)
        ],
        "contact": {"email": "noura@example.com"},
    }


async def book(
    client: httpx.AsyncClient, traveller: Traveller, flight: str, *, key: str | None = None
) -> httpx.Response:
    """Ask for one seat."""
    headers = {**traveller.headers, "Idempotency-Key": key or secrets.token_hex(8)}
    return await client.post("/api/bookings", json=booking_body(flight), headers=headers)


async def checkout(
    client: httpx.AsyncClient, traveller: Traveller, booking: str, *, key: str | None = None
) -> httpx.Response:
    """Open a session."""
    headers = {**traveller.headers, "Idempotency-Key": key or secrets.token_hex(8)}
    return await client.post(f"/api/bookings/{booking}/checkout", headers=headers)


def disarm(stripe_url: str) -> None:
    """Forget every fault, rule and plan of the Stripe simulator."""
    for armed in ("faults", "rules", "refund_plans"):
        control(stripe_url, armed, "DELETE")


async def press(checkout_url: str, button: str) -> int:
    """Press pay or decline on Stripe's page; returns the status of its answer."""
    async with httpx.AsyncClient(verify=False, timeout=30) as browser:
        return (await browser.post(f"{checkout_url}/{button}")).status_code


def control(stripe_url: str, name: str, verb: str = "POST", /, **body: Any) -> Any:
    """Tell the Stripe stand-in what to do next; its answer."""
    request = urllib.request.Request(
        f"{stripe_url}/_control/{name}", json.dumps(body).encode(), method=verb
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


async def await_status(
    client: httpx.AsyncClient,
    traveller: Traveller,
    booking: str,
    status: str,
    *,
    seconds: float = WAIT_SECONDS,
) -> dict[str, Any]:
    """The booking once it has the status; fails when that takes longer."""
    end = time.monotonic() + seconds
    while True:
        answer = await client.get(f"/api/bookings/{booking}", headers=traveller.headers)
        found: dict[str, Any] = answer.json()
        if found.get("status") == status:
            return found
        assert time.monotonic() < end, f"{booking} is {found}"
        await asyncio.sleep(0.05)


async def await_ready(client: httpx.AsyncClient) -> None:
    """Wait until a web process that was started again answers."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            if (await client.get("/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "the web process does not answer"
        await asyncio.sleep(0.05)


def tags(owner_dsn: str, stream_prefix: str) -> list[str]:
    """Tags of all events of streams that begin so, in log order."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT tag FROM ledger.event WHERE starts_with(stream, %s) ORDER BY position",
            (stream_prefix,),
        )
        return [row[0] for row in rows]


def balances(owner_dsn: str, booking: str) -> dict[tuple[str, str], int]:
    """What the postings of a booking add up to, by account and currency."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT account, currency, sum(amount)::bigint FROM ledger.posting "
            "WHERE booking = %s GROUP BY 1, 2",
            (booking,),
        )
        return {(row[0], row[1]): row[2] for row in rows}


def await_row(owner_dsn: str, query: str, holds: Callable[[Any], bool]) -> Any:
    """The first column of the query once `holds` is true of it."""
    end = time.monotonic() + WAIT_SECONDS
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            if holds(row[0]):
                return row[0]
            assert time.monotonic() < end, row
            time.sleep(0.05)


def await_rest(owner_dsn: str, stripe_url: str) -> None:
    """Wait until no message is unsent, no refund unanswered and no webhook under way."""
    await_row(
        owner_dsn, "SELECT count(*) FROM ledger.outbox WHERE sent_at IS NULL", lambda n: n == 0
    )
    await_row(
        owner_dsn,
        "SELECT count(*) FROM ledger.event AS asked WHERE tag = 'payment.refund_requested.1' "
        "AND NOT EXISTS (SELECT FROM ledger.event AS answered "
        "WHERE answered.stream = asked.stream "
        "AND answered.tag IN ('payment.refund_accepted.1', 'payment.refund_refused.1') "
        "AND convert_from(answered.payload, 'UTF8')::jsonb ->> 'refund' "
        "= convert_from(asked.payload, 'UTF8')::jsonb ->> 'refund')",
        lambda n: n == 0,
    )
    end = time.monotonic() + WAIT_SECONDS
    while under_way := [
        each
        for each in control(stripe_url, "deliveries", "GET")["data"]
        if each["state"] == "waiting"
    ]:
        assert time.monotonic() < end, under_way
        time.sleep(0.05)


def assert_invariants(owner_dsn: str) -> None:
    """What must hold of the log at any instant (the invariants of the fault list)."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        unbalanced = connection.execute(
            "SELECT currency, sum(amount) FROM ledger.posting GROUP BY 1 HAVING sum(amount) <> 0"
        ).fetchall()
        assert unbalanced == []
        positions = connection.execute(
            "SELECT count(*), coalesce(max(position), 0) FROM ledger.event"
        ).fetchone()
        assert positions is not None
        assert positions[0] == positions[1], "positions have a gap"
        gaps = connection.execute(
            "SELECT stream FROM ledger.event GROUP BY stream HAVING count(*) <> max(version)"
        ).fetchall()
        assert gaps == []
        assert _seats_by_booking(connection) == _seats_by_counter(connection)


def assert_read_models_follow(owner_dsn: str) -> None:
    """Every checkpoint reaches the head that the log has now; nothing is parked or stopped."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(max(position), 0) FROM ledger.event").fetchone()
        assert row is not None
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = progress.read_progress(connection)
            assert {each.projection: each.parked for each in found} == dict.fromkeys(ALL, 0)
            behind = {each.projection for each in found if each.position < row[0]}
            if not behind:
                break
            causes = {each.projection: each.stopped_cause for each in found}
            assert time.monotonic() < end, f"{behind} stay behind {row[0]}: {causes}"
            time.sleep(0.05)
        assert [each.projection for each in found if each.stopped_cause is not None] == []


def _seats_by_counter(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    rows = connection.execute(
        "SELECT flight, sum(held), sum(sold) FROM ledger.capacity GROUP BY flight "
        "HAVING sum(held) <> 0 OR sum(sold) <> 0"
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def _seats_by_booking(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    """Seats that bookings of each flight hold and have bought, from their own streams."""
    bookings: dict[str, Booking] = {}
    departed: set[str] = set()
    for stream, tag, payload in connection.execute(
        "SELECT stream, tag, payload FROM ledger.event WHERE starts_with(stream, 'booking-') "
        "OR tag = 'flight.departed.1' ORDER BY position"
    ):
        if tag == FlightDeparted.tag:
            departed.add(stream)
            continue
        event: Any = codec.decode(tag, payload)
        bookings[stream] = evolve(bookings.get(stream), event)
    held: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    for booking in bookings.values():
        holds = booking.status in {Status.RESERVED, Status.PAID}
        for segment in booking.segments if holds else ():
            held[segment.flight] += booking.seat_count
        if booking.modification is not None:
            seats = sum(
                _seated(booking, c) for c in booking.open_coupons(booking.modification.segment)
            )
            held[booking.modification.to.flight] += seats
        for coupon in booking.coupons if booking.tickets else ():
            flight = booking.segments[coupon.segment].flight
            gone = coupon.status is CouponStatus.REFUNDED or (
                coupon.status is CouponStatus.MISSED and flight not in departed
            )
            sold[flight] += 0 if gone else _seated(booking, coupon)
    return {
        flight: (held[flight], sold[flight])
        for flight in held.keys() | sold.keys()
        if held[flight] or sold[flight]
    }


def _seated(booking: Booking, coupon: Coupon) -> int:
    return int(booking.passengers[coupon.passenger].type != "INF")
