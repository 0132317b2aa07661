"""What became of the payment of a traveller who returns from the checkout, and the next step.

Rule: the address of the return page is not a secret, so nothing here is personal: no names, no
contact, no seats, no ticket numbers. The journey is shown only while the checkout is recent.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from application.booking.ports import BookingPorts
from application.caller import Language
from application.commands import stream_kinds
from domain.booking import states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import ids, money
from domain.payment.state import LIVE, Attempt, Capture, Payment

# Counted from the last checkout. After it a guessed reference shows nothing.
SHOWN_FOR = dt.timedelta(hours=24)


class PaymentStep(StrEnum):
    """How far the payment has come."""

    # Confirmed, and no money of the last checkout is outstanding.
    CONFIRMED = "confirmed"
    # Recorded; tickets follow.
    PAID = "paid"
    # The session can still be paid, or Stripe has not reported its payment yet.
    OPEN = "open"
    # A bank decides about the payment, maybe for days: it must not be paid again.
    PROCESSING = "processing"
    # As OPEN, after a card was declined.
    DECLINED = "declined"
    # The session ended without a payment, and there is time for another one.
    FAILED = "failed"
    # A part of the amount due came, and there is time to pay the rest.
    PART = "part"
    # The deadline passed, or the booking was cancelled, without a payment.
    LAPSED = "lapsed"
    # Money came that does not fit the booking, which is not confirmed.
    UNUSED = "unused"
    # A modification was not paid; the booking stays confirmed as it was.
    UNCHANGED = "unchanged"
    # Cancelled or refunded after it was paid.
    ENDED = "ended"
    # No such booking, no recent checkout, or a journey that is over.
    NOT_SHOWN = "not_shown"


# Another try is possible until the deadline.
PAYABLE = frozenset({PaymentStep.OPEN, PaymentStep.DECLINED, PaymentStep.FAILED, PaymentStep.PART})


class UnusedMoney(StrEnum):
    """Where money is that came and does not fit the booking."""

    NONE = "none"
    RETURNED = "returned"
    RETURNING = "returning"
    KEPT = "kept"


class ShownFlight(msgspec.Struct, frozen=True):
    """A flight of the journey; both instants are local at their airport."""

    number: str
    origin: str
    destination: str
    departs_at: dt.datetime
    arrives_at: dt.datetime
    is_cancelled: bool


class PaymentOutcome(msgspec.Struct, frozen=True):
    """What the page shows; `language` is that of the checkout.

    `is_final` is false while the step will change without the traveller. `pay_until` is the
    deadline for another try, local at the airport `pay_at`. `flights` and `total` are those of a
    confirmed booking.
    """

    step: PaymentStep = PaymentStep.NOT_SHOWN
    language: Language = "en"
    is_final: bool = True
    pay_until: dt.datetime | None = None
    pay_at: str = ""
    flights: tuple[ShownFlight, ...] = ()
    total: money.Money | None = None
    unused_money: UnusedMoney = UnusedMoney.NONE


async def read_payment_outcome(ports: BookingPorts, booking_id: str) -> PaymentOutcome:
    """Return the outcome of the last checkout. Anybody may ask. Raises Unavailable."""
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    if booking is None:
        return PaymentOutcome()
    payments = await _payments(ports, booking_id, booking)
    last = _last_attempt(payments)
    now = ports.clock()
    if last is None or not is_recent(last[1], now=now):
        return PaymentOutcome()
    payment_id, attempt = last
    unused = unused_money_of(payments.values())
    is_due = payment_id == ids.payment_stream(booking_id, booking.payment_number())
    step = _step(booking, payments[payment_id], is_due=is_due, unused=unused, now=now)
    names = [each.flight for each in booking.segments]
    found = await ports.bus.current_all(stream_kinds.FLIGHT, names)
    flights = {name: flight for name, (flight, _) in found.items() if flight is not None}
    is_shown = step in {PaymentStep.CONFIRMED, PaymentStep.UNCHANGED}
    return PaymentOutcome(
        step=step,
        language="ar" if attempt.locale == "ar" else "en",
        is_final=is_final_step(step, payments[payment_id], unused),
        pay_until=_pay_until(booking, step, flights[names[0]], now=now),
        pay_at=flights[names[0]].origin,
        flights=_shown_flights(booking, flights) if is_shown else (),
        total=booking.price_now().total() if is_shown else None,
        unused_money=unused,
    )


def is_final_step(step: PaymentStep, payment: Payment, unused: UnusedMoney) -> bool:
    """Whether nothing changes without the traveller; kept money is settled within a minute."""
    is_settled = step is not PaymentStep.PAID and unused is not UnusedMoney.KEPT
    return is_settled and payment.live_attempt() is None


def is_recent(attempt: Attempt, *, now: dt.datetime) -> bool:
    """Return whether the checkout is recent, or a bank has still to decide about its payment."""
    waits = attempt.bank_decides and attempt.status in LIVE
    return waits or now < attempt.started_at + SHOWN_FOR


async def _payments(
    ports: BookingPorts, booking_id: str, booking: Booking
) -> Mapping[str, Payment]:
    """Return all payments of the booking that have attempts, by stream."""
    newest = max(booking.payment_number(), booking.modification_count + 1)
    streams = [ids.payment_stream(booking_id, number) for number in range(1, newest + 1)]
    found = await ports.bus.current_all(stream_kinds.PAYMENT, streams)
    return {
        stream: payment
        for stream, (payment, _) in found.items()
        if payment is not None and payment.attempts
    }


def _last_attempt(payments: Mapping[str, Payment]) -> tuple[str, Attempt] | None:
    """Return the attempt that was started last, with its payment; of two at once the later due."""
    attempts = [(stream, payment.attempts[-1]) for stream, payment in payments.items()]
    attempts.reverse()
    return max(attempts, key=lambda each: each[1].started_at, default=None)


def _step(
    booking: Booking, payment: Payment, *, is_due: bool, unused: UnusedMoney, now: dt.datetime
) -> PaymentStep:
    """`is_due` where the payment collects what is due now, and not what was due before."""
    if booking.status is Status.PAID:
        return PaymentStep.PAID
    if booking.status in states.TICKETED:
        return _step_of_ticketed(booking, payment, is_due=is_due, now=now)
    if booking.captured is not None:
        is_ended = booking.status in {Status.CANCELLED, Status.REFUNDED}
        return PaymentStep.ENDED if is_ended else PaymentStep.NOT_SHOWN
    if unused is not UnusedMoney.NONE:
        return PaymentStep.UNUSED
    if booking.status in states.UNPAID:
        return step_of_unpaid(payment, booking.hold_until, now=now)
    return PaymentStep.LAPSED


def _step_of_ticketed(
    booking: Booking, payment: Payment, *, is_due: bool, now: dt.datetime
) -> PaymentStep:
    if not booking.awaits_change or not is_due:
        return PaymentStep.CONFIRMED if payment.is_settled() else PaymentStep.UNCHANGED
    if booking.modification_paid:
        return PaymentStep.PAID
    step = step_of_unpaid(payment, booking.modification_until, now=now)
    return PaymentStep.UNCHANGED if step is PaymentStep.LAPSED else step


def step_of_unpaid(
    payment: Payment, deadline: dt.datetime | None, *, now: dt.datetime
) -> PaymentStep:
    """Return how far the payment has come of an amount that is due until the deadline."""
    live = payment.live_attempt()
    if live is not None and live.bank_decides:
        return PaymentStep.PROCESSING
    if live is not None and live.is_share and payment.kept():
        return PaymentStep.PART
    if live is not None:
        return PaymentStep.DECLINED if live.declined_charges else PaymentStep.OPEN
    if deadline is None or now >= deadline:
        return PaymentStep.LAPSED
    return PaymentStep.PART if payment.kept() else PaymentStep.FAILED


def _pay_until(
    booking: Booking, step: PaymentStep, first: Flight, *, now: dt.datetime
) -> dt.datetime | None:
    """Return until when another try is possible; None when it is not, or not needed."""
    if step not in PAYABLE:
        return None
    is_modified = booking.status in states.TICKETED
    deadline = booking.modification_until if is_modified else booking.hold_until
    if deadline is None or now >= deadline:
        return None
    return deadline.astimezone(ZoneInfo(first.origin_zone))


def _shown_flights(booking: Booking, flights: Mapping[str, Flight]) -> tuple[ShownFlight, ...]:
    """Return the flights that somebody still has ahead, in the order of the journey."""
    segments = sorted({coupon.segment for coupon in booking.open_coupons()})
    ahead = [flights[booking.segments[segment].flight] for segment in segments]
    return tuple(
        ShownFlight(
            number=flight.number,
            origin=flight.origin,
            destination=flight.destination,
            departs_at=flight.departs_at.astimezone(ZoneInfo(flight.origin_zone)),
            arrives_at=flight.arrives_at.astimezone(ZoneInfo(flight.destination_zone)),
            is_cancelled=flight.status is FlightStatus.CANCELLED,
        )
        for flight in ahead
    )


def unused_money_of(payments: Iterable[Payment]) -> UnusedMoney:
    """Return the state of parked money; of several amounts the one that is furthest from its payer.

    A refund of parked money may be drawn from another payment of the booking. A part of the amount
    due counts only once it goes back.
    """
    found = list(payments)
    order = list(UnusedMoney)
    reached = [
        _return_of(capture, found)
        for payment in found
        for capture in payment.captures
        if capture.is_partly_refunded() or (capture.unapplied().amount and not capture.is_kept())
    ]
    return max(reached, key=order.index, default=UnusedMoney.NONE)


def _return_of(capture: Capture, payments: Iterable[Payment]) -> UnusedMoney:
    """Return how far parked money is; what was refunded at Stripe by hand is not parked."""
    if not capture.unapplied().amount:
        return UnusedMoney.RETURNED
    if capture.owed_by is None:
        return UnusedMoney.KEPT
    arrived = sum(
        refund.arrived().amount
        for payment in payments
        for refund in payment.refunds
        if refund.obligation == capture.owed_by
    )
    is_returned = arrived >= capture.unapplied().amount
    return UnusedMoney.RETURNED if is_returned else UnusedMoney.RETURNING
