"""The handlers of all background tasks: those of the timers and those listed here."""

from typing import Any

from application.booking import letters
from application.payment.process_event import ProcessStripeEvents
from application.payment.refund_payment import SendRefund
from application.payment.urgency import Urgency
from application.processes.follow_flight_when_changed import FollowFlight
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, cause_of
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


HANDLERS: tuple[TaskHandler[Any], ...] = (
    TaskHandler(ProcessStripeEvents, process_stripe_events, Urgency.EFFECT),
    TaskHandler(SendRefund, send_refund),
    TaskHandler(FollowFlight, follow_flight, Urgency.EFFECT),
    *(TaskHandler(letter, send_letter) for letter in letters.LETTERS),
    *(timer.handler for timer in TIMERS if timer.handler is not None),
)
