"""Ask Stripe about the open session of a booking when its traveller returns from the checkout.

`booking_id` is the gift card where it pays for one.

The webhook usually comes first; where it was lost, the traveller need not wait for the hold to end.
"""

from application.booking.ports import BookingPorts
from application.commands import follow_up, stream_kinds
from application.payment import collect
from application.payment.urgency import Urgency, calls_are
from domain.kernel import ids
from domain.payment.state import Payment


async def ask_about_payment(ports: BookingPorts, booking_id: str) -> None:
    """Record the state of the sessions that are open by our records; without one: nothing.

    Anybody may cause this. Raises GatewayFailure and Unavailable.
    """
    payment_id = await _payment_due(ports, booking_id)
    if payment_id is None:
        return
    payment: Payment | None = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    for attempt in () if payment is None else payment.live_attempts():
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(payment_id, 1), f"return:{attempt.id}"),
            actor="return_page",
            correlation_id=booking_id,
        )
        with calls_are(Urgency.EFFECT):
            await ports.collector.learn_attempt(payment_id, attempt.id, cause=cause)


async def _payment_due(ports: BookingPorts, booking_id: str) -> str | None:
    if ids.is_credit_id(booking_id):
        return ids.payment_stream(booking_id, ids.FIRST_PAYMENT)
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    return None if booking is None else collect.payment_of(booking_id, booking)
