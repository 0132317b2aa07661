"""The handlers of all background tasks: those of the timers and those listed here."""

from typing import Any

from application import ports
from application.booking import letter_batches, letters
from application.booking.letter_batches import QueuedTask, SendLetters
from application.payment.process_event import ProcessStripeEvents
from application.payment.refund_payment import SendRefund
from application.payment.urgency import Urgency
from application.processes.follow_flight_when_changed import FollowFlight
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, TasksLeft, cause_of
from interfaces.worker.timers.registry import TIMERS


async def process_stripe_events(core: Core, task: ProcessStripeEvents) -> None:
    """Process stored webhooks."""
    await core.stripe_events.process(task)


async def send_refund(core: Core, task: SendRefund) -> None:
    """Ask Stripe for the refund, or for its state once Stripe has it."""
    cause = cause_of(task.payment_id, task.refund, actor="system")
    await core.refunder.send(task.payment_id, task.refund, cause=cause)


async def follow_flight(core: Core, task: FollowFlight) -> None:
    """Follow up a flight's change for every booking on it."""
    await core.follower.follow(task.flight_id, task.version)


async def send_letter(core: Core, task: letters.BookingLetter) -> None:
    """Write to the passengers."""
    await core.letters.send(task)


async def send_letters(core: Core, task: SendLetters) -> None:
    """Write to the passengers of many bookings; raises TasksLeft where some letters failed.

    Where all failed the mail system is away, and they stay together: raises Unavailable.
    """
    readable, left = letter_batches.read(task.letters)
    failed = await core.letters.send_all(readable)
    left += [QueuedTask(letter.topic, letter.body) for letter in failed]
    if len(left) == len(task.letters) > 1:
        raise ports.Unavailable("letters")
    if left:
        raise TasksLeft(left)


HANDLERS: tuple[TaskHandler[Any], ...] = (
    TaskHandler(ProcessStripeEvents, process_stripe_events, Urgency.EFFECT),
    TaskHandler(SendRefund, send_refund),
    TaskHandler(FollowFlight, follow_flight, Urgency.EFFECT),
    TaskHandler(SendLetters, send_letters),
    *(TaskHandler(letter, send_letter) for letter in letters.LETTERS),
    *(timer.handler for timer in TIMERS if timer.handler is not None),
)
