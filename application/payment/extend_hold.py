"""Extend the hold of a booking whose checkout Stripe did not answer: nobody loses seats for that.

Only a hold whose checkout was attempted is extended, and only until its attempt has an outcome.
"""

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.policies import operating_rules
from application.policies.rules_now import read_rule
from domain.booking import hold_extension
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory import sales_window, seat_sale
from domain.kernel import ids
from domain.payment import replacement
from domain.payment.attempts import UNANSWERED
from domain.policies.operating_values import HoldTimes


class ExtendHold(Command, frozen=True):
    """Extend the hold of the booking that the unanswered attempt is to pay for, or the attempt
    that has taken its place.
    """

    payment_id: str
    attempt: str

    def decide(self, context: DecisionContext) -> Reply:
        """Records nothing where the attempt has an outcome, or the hold is not to be extended."""
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        attempt = None if payment is None else replacement.newest(payment, self.attempt)
        if payment is not None and attempt is not None and attempt.status in UNANSWERED:
            extend(context, payment.booking, attempt.id)
        return Reply(self.payment_id)


def extend(context: DecisionContext, booking_id: str, attempt: str) -> None:
    """Record the extension on the booking and on all its flights; nothing where none is due."""
    if ids.is_without_booking(booking_id):
        return
    booking = context.load(stream_kinds.BOOKING, booking_id)
    assert booking is not None, "a payment names a booking that exists"
    flights = {each: context.load(stream_kinds.FLIGHT, each) for each in booking.flights()}
    closes = [
        sales_window.sales_close_at(
            flight.departs_at, closes=operating_rules.sale_limits(context, flight).closes
        )
        for flight in flights.values()
        if flight is not None
    ]
    times = operating_rules.hold_times(context)
    extended = hold_extension.extend(
        booking,
        attempt=attempt,
        by=hold_extension.Extension(times.extension, times.longest_extension),
        sales_close_at=min(closes),
        now=context.now,
    )
    if not extended:
        return
    context.record(booking_id, extended)
    after = context.load(stream_kinds.BOOKING, booking_id)
    assert after is not None
    assert after.hold_until is not None
    for name, flight in flights.items():
        assert flight is not None
        held = seat_sale.extend_hold(flight, booking=booking_id, until=after.hold_until)
        context.record(name, held)


async def extend_hold(
    bus: CommandBus,
    payment_id: str,
    attempt: str,
    *,
    clock: ports.Clock,
    cause: follow_up.Cause,
) -> Booking | None:
    """Extend the hold unless it runs for long enough; return its booking as it is then.

    None where the payment is for no booking, or for a change of one: only the hold of a new booking
    is extended.
    """
    booking_id = ids.booking_of_payment(payment_id)
    if ids.is_without_booking(booking_id):
        return None
    booking = await _held(bus, booking_id)
    if booking is None:
        return None
    times = await read_rule(bus, HoldTimes, clock=clock)
    if hold_extension.is_enough(booking, enough=times.extended_below, now=clock()):
        return booking
    assert booking.hold_until is not None
    command = ExtendHold(payment_id=payment_id, attempt=attempt)
    # Another hold is another extension; the same one is extended once.
    step = f"{attempt}:extend:{booking.hold_until.isoformat()}"
    await bus.submit(follow_up.envelope(cause, step, command))
    return await _held(bus, booking_id)


async def _held(bus: CommandBus, booking_id: str) -> Booking | None:
    """Return the booking while it is reserved."""
    booking = (await bus.current(stream_kinds.BOOKING, booking_id))[0]
    return booking if booking is not None and booking.status is Status.RESERVED else None
