"""Bookings that wait for their payment, and Stripe's signed word that it was made.

For `bench webhook`: as fast as possible, ours through the dispatcher in this process, the
reference's as rows. The intents are made by the simulator's own account, so that whoever asks
Stripe about one finds it.
"""

import asyncio
import datetime as dt
import os
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from application.booking.create_booking import CreateBooking
from application.booking.people import Contact, Name
from application.commands import follow_up, stream_kinds
from application.payment.record_attempt import Opened, RecordAttempt
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import WantedSegment
from domain.booking.values import Passenger
from domain.kernel import ids, money
from domain.pricing import rules as pricing_rules
from infrastructure.stripe_simulator import checkout
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.cards import CARDS
from infrastructure.stripe_simulator.configuration import Configuration, Json
from interfaces import composition, settings
from interfaces.composition import Core
from interfaces.web import report
from tests.bench import bench_setup
from tests.support import launch_prices

CONCURRENCY = 256
ORIGIN = "http://127.0.0.1"
EVENT = "payment_intent.succeeded"
CABIN = "Y"

_encode = msgspec.json.encode


class StripeSales:
    """An account at the simulator and the events that it would send."""

    def __init__(self) -> None:
        self.account = Account(Configuration())
        self.deliveries: list[bytes] = []
        self.account.outgoing.append(self._take)

    def _take(self, event: Json, _endpoints: Sequence[Json]) -> None:
        if event["type"] == EVENT:
            self.deliveries.append(_encode(event))

    def open(self, booking: str, payment: str, attempt: str, amount: money.Money) -> Json:
        """Open a Checkout session as our client of Stripe does."""
        metadata = {"booking": booking, "payment": payment, "attempt": attempt}
        item = {
            "price_data": {
                "currency": amount.currency.lower(),
                "unit_amount": amount.amount,
                "product_data": {"name": "Rimal Air"},
            },
            "quantity": 1,
        }
        return checkout.create(
            self.account,
            {
                "mode": "payment",
                "allowed_payment_method_types": ["card"],
                "client_reference_id": booking,
                "success_url": f"{ORIGIN}/paid",
                "cancel_url": f"{ORIGIN}/unpaid",
                "line_items": [item],
                "metadata": metadata,
                "payment_intent_data": {"metadata": metadata, "description": "Rimal Air"},
            },
            origin=ORIGIN,
        )

    def pay(self, session: Json) -> None:
        """Pay it; the event becomes the last of the deliveries."""
        checkout.pay(self.account, session, CARDS["pm_card_visa"], email=None)


async def sell_ours(stage: bench_setup.Stage, flights: Sequence[str], *, count: int) -> StripeSales:
    """Reserve bookings and open their checkouts through the dispatcher; pay each at Stripe."""
    stripe = StripeSales()
    free = asyncio.Semaphore(CONCURRENCY)
    configured = settings.load(stage.environment)
    async with composition.open_core(configured, report=report) as core:

        async def sell(number: int) -> None:
            async with free:
                await _sell(core, stripe, flights[number % len(flights)])

        await asyncio.gather(*(sell(number) for number in range(count)))
    assert len(stripe.deliveries) == count
    return stripe


async def _sell(core: Core, stripe: StripeSales, flight: str) -> None:
    cause = follow_up.Cause(id=uuid.uuid4(), actor="bench", correlation_id="bench")
    created = await core.bus.submit(follow_up.envelope(cause, "create", _booking(core, flight)))
    booking = created.answer.stream
    started = await core.bus.submit(
        follow_up.envelope(cause, "check out", StartCheckout(booking_id=booking))
    )
    payment, attempt = started.answer.stream, started.answer.ids["attempt"]
    state = (await core.bus.current(stream_kinds.BOOKING, booking))[0]
    assert state is not None
    session = stripe.open(booking, payment, attempt, state.amount_due())
    opened = Opened(
        session=session["id"],
        url=session["url"],
        expires_at=dt.datetime.fromtimestamp(session["expires_at"], dt.UTC),
    )
    recorded = RecordAttempt(payment_id=payment, attempt=attempt, result=opened)
    await core.bus.submit(follow_up.envelope(cause, "opened", recorded))
    stripe.pay(session)


def _booking(core: Core, flight: str) -> CreateBooking:
    subject, key = core.vault.new_subject()
    name = core.vault.seal(subject, _encode(Name("NOURA", "TRAVELLER")))
    return CreateBooking(
        owner="user_bench",
        wanted=(WantedSegment(flight, CABIN),),
        passengers=(Passenger("ADT", name),),
        contact=core.vault.seal(subject, _encode(Contact("noura@example.com"))),
        keys=(key,),
    )


def sell_reference(dsn: str, flights: Sequence[str], *, count: int) -> StripeSales:
    """Write rows of reserved bookings with open payments; pay each at Stripe."""
    stripe = StripeSales()
    price = pricing_rules.price_journey(
        segments=(launch_prices.segment_fare(money.Money(bench_setup.FARE, "SAR"), True),),
        passengers=("ADT",),
    )
    bookings, passengers, payments = [], [], []
    for number, booking in enumerate(_new_bookings(count)):
        payment = ids.payment_stream(booking, 1)
        total = price.total()
        session = stripe.open(booking, payment, ids.attempt_id(payment, 1), total)
        until = dt.datetime.fromtimestamp(session["expires_at"], dt.UTC)
        box = os.urandom(60)
        bookings.append(
            (
                *(booking, "user_bench", flights[number % len(flights)], CABIN, 1, "reserved"),
                *(until, Jsonb(msgspec.to_builtins(price)), "sub_bench", box, until, "bench"),
            )
        )
        passengers.append((booking, 0, "ADT", "sub_bench", box))
        payments.append(
            (
                *(payment, booking, total.amount, total.currency, "open"),
                *(session["id"], session["url"], until, None, None),
            )
        )
        stripe.pay(session)
    _write(dsn, bookings, passengers, payments)
    return stripe


def _write(
    dsn: str,
    bookings: Sequence[tuple[Any, ...]],
    passengers: Sequence[tuple[Any, ...]],
    payments: Sequence[tuple[Any, ...]],
) -> None:
    with psycopg.connect(dsn) as connection:
        for table, rows in (
            ("booking", bookings),
            ("passenger", passengers),
            ("payment", payments),
        ):
            with connection.cursor().copy(f"COPY crud.{table} FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        connection.execute(
            "UPDATE crud.flight f SET held = held + n FROM (SELECT flight, count(*) AS n "
            "FROM crud.booking WHERE status = 'reserved' GROUP BY flight) b WHERE b.flight = f.id"
        )


def _new_bookings(count: int) -> list[str]:
    found: set[str] = set()
    while len(found) < count:
        locator = ids.record_locator(os.urandom(4))
        if locator is not None:
            found.add(ids.booking_stream(locator))
    return sorted(found)
