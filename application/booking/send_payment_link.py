"""Write to a traveller whose payment was delayed: the payment page is open now."""

from application.booking import letters
from application.booking.send_letter import LetterSender
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.payment import collect
from application.payment.record_attempt import PaymentDelayed
from domain.booking import states
from domain.payment.state import AttemptStatus


async def send_payment_link(bus: CommandBus, sender: LetterSender, task: PaymentDelayed) -> None:
    """Send the letter unless the session has been paid or has ended meanwhile."""
    booking = (await bus.current(stream_kinds.BOOKING, task.booking_id))[0]
    if booking is None:
        return
    awaits_change = booking.awaits_change and not booking.modification_paid
    if booking.status not in states.UNPAID and not awaits_change:
        return
    payment_id = collect.payment_of(task.booking_id, booking)
    payment = (await bus.current(stream_kinds.PAYMENT, payment_id))[0]
    attempt = None if payment is None else payment.attempt(task.attempt)
    if payment is None or attempt is None or attempt.status is not AttemptStatus.OPEN:
        return
    due = attempt.amount or payment.due
    letter = letters.PaymentLinkLetter(
        booking_id=task.booking_id,
        about=task.attempt,
        url=task.url,
        amount=due.amount,
        currency=due.currency,
    )
    await sender.send(letter)
