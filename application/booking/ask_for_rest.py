"""Write to a traveller who has paid a part of the amount due: the rest is due by the deadline."""

from application.booking import letters
from application.booking.send_letter import LetterSender
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.payment.record_capture import RestDue


async def ask_for_rest(bus: CommandBus, sender: LetterSender, task: RestDue) -> None:
    """Send the letter unless the booking has been paid or has ended meanwhile."""
    booking = (await bus.current(stream_kinds.BOOKING, task.booking_id))[0]
    if booking is None or not booking.amount_due().amount or booking.was_cancelled:
        return
    await sender.send(
        letters.RestLetter(
            booking_id=task.booking_id,
            about=task.intent,
            received=task.received,
            rest=task.rest,
            currency=task.currency,
        )
    )
