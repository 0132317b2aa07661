"""Start to collect the amount due: the intention is recorded before Stripe is asked."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from application import streams
from application.orders import Decision
from application.planning import Reading
from domain.booking import decisions as booking_decisions
from domain.booking import guards
from domain.booking import rejections as booking_rejections
from domain.booking.events import Segment
from domain.booking.state import Booking
from domain.inventory import decisions as flight_decisions
from domain.inventory import rules as flight_rules
from domain.inventory import waitlist
from domain.inventory.state import Flight
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.payment import decisions
from domain.payment.state import evolve

FIRST_PAYMENT = 1


class StartCheckout(msgspec.Struct, frozen=True):
    """Collect what is due for the booking; `locale` (ar, en) is for Stripe's page."""

    booking: str
    locale: str = "en"

    @property
    def hints(self) -> tuple[str, ...]:
        """The booking and its first payment; that of a change becomes known with it."""
        return (self.booking, ids.payment_stream(self.booking, FIRST_PAYMENT))


def start_checkout(command: StartCheckout, reading: Reading) -> Decision:
    """Rejects BookingNotFound, BookingHasExpired, NothingDue, AlreadyPaid, SeatsUnavailable.

    The answer names the live attempt; a live one is used again rather than a second opened.
    """
    booking = reading.load(streams.BOOKING, command.booking)
    if booking is None:
        raise booking_rejections.BookingNotFound()
    guards.require_checkout(booking, now=reading.now)
    retried = _retry(command.booking, booking, reading)
    stream = ids.payment_stream(command.booking, booking.payment_number())
    payment = reading.load(streams.PAYMENT, stream)
    requested = decisions.request(payment, booking=command.booking, due=booking.amount_due())
    for event in requested:
        payment = evolve(payment, event)
    assert payment is not None
    live = payment.live_attempt()
    if live is not None:
        return Decision(answer_stream=stream, events=_changed(retried), ids={"attempt": live.id})
    attempt = ids.attempt_id(stream, len(payment.attempts) + 1)
    started = decisions.start_attempt(
        payment,
        attempt=attempt,
        idempotency_key=f"checkout:{attempt}",
        locale=command.locale,
        now=reading.now,
    )
    return Decision(
        answer_stream=stream,
        events=((stream, (*requested, *started)), *_changed(retried)),
        ids={"attempt": attempt},
    )


def _retry(
    stream: str, booking: Booking, reading: Reading
) -> list[tuple[str, Sequence[DomainEvent]]]:
    """Who holds no seats may pay only while there are some: rejects SeatsUnavailable.

    After a failed payment the booking goes back to waiting, at the end of the queue if its turn
    came and went meanwhile.
    """
    if booking.status not in guards.WAITING:
        return []
    queued: list[tuple[str, Sequence[DomainEvent]]] = []
    for segment in booking.segments:
        flight = reading.load(streams.FLIGHT, segment.flight)
        assert flight is not None
        joined = waitlist.join(
            flight,
            booking=stream,
            cabin=segment.cabin,
            fare_class=segment.fare_class,
            seat_count=booking.seat_count,
            now=reading.now,
        )
        queued.append((segment.flight, joined))
        require_seats(stream, booking, segment, flight, now=reading.now)
    assert booking.hold_until is not None
    retried = booking_decisions.retry_payment(booking, waits_until=booking.hold_until)
    return [(stream, retried), *queued]


def require_seats(
    stream: str, booking: Booking, segment: Segment, flight: Flight, *, now: dt.datetime
) -> None:
    """The seats could be held now; rejects SeatsUnavailable and SalesClosed."""
    flight_decisions.hold(
        flight,
        booking=stream,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        seat_count=booking.seat_count,
        until=flight_rules.hold_until(now=now),
        now=now,
    )


def _changed(
    changes: Sequence[tuple[str, Sequence[DomainEvent]]],
) -> tuple[tuple[str, Sequence[DomainEvent]], ...]:
    return tuple((stream, events) for stream, events in changes if events)
