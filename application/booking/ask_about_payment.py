"""Ask Stripe about the open session of a booking when its traveller returns from the checkout.

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
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    if booking is None:
        return
    payment_id = collect.payment_of(booking_id, booking)
    payment: Payment | None = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    for attempt in () if payment is None else payment.live_attempts():
        cause = follow_up.Cause(
            id=ids.step_command_id(ids.event_id(payment_id, 1), f"return:{attempt.id}"),
            actor="return_page",
            correlation_id=booking_id,
        )
        with calls_are(Urgency.EFFECT):
            await ports.collector.learn_attempt(payment_id, attempt.id, cause=cause)
