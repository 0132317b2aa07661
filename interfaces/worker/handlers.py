"""The handlers of all background tasks: those of the timers and those listed here."""

import contextlib
from typing import Any

from application import ports
from application.booking import ask_for_rest as asking
from application.booking import letter_batches, letters, live_session, texts
from application.booking import send_payment_link as linking
from application.booking.letter_batches import SendLetters
from application.credit import gift_card_letters
from application.credit.gift_card_letters import GiftCardLetter
from application.identity.account_letters import AccountLinkLetter, AccountNoticeLetter
from application.payment.process_event import ProcessStripeEvents
from application.payment.record_attempt import PaymentDelayed
from application.payment.record_capture import EndSession, RestDue
from application.payment.refund_payment import SendRefund
from application.payment.urgency import Urgency
from application.processes.follow_flight_when_changed import FollowFlight
from domain.payment.rejections import AttemptPending
from domain.payment.state import RefundStatus
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler, TasksLeft, cause_of
from interfaces.worker.timers.registry import TIMERS


async def process_stripe_events(core: Core, task: ProcessStripeEvents) -> None:
    """Process stored webhooks."""
    await core.stripe_events.process(task)


async def send_refund(core: Core, task: SendRefund) -> None:
    """Ask Stripe for the refund, or for its state once Stripe has it.

    A refund waits for a dispute that nobody knows while the question about it is lost: it is asked
    again here.
    """
    cause = cause_of(task.payment_id, task.refund, actor="system")
    refund = await core.refunder.send(task.payment_id, task.refund, cause=cause)
    if refund.status is not RefundStatus.WAITING:
        return
    payment = await core.collector.payment(task.payment_id)
    if payment.open_dispute(refund.intent) is None:
        await core.disputes.learn_disputes_of(refund.intent, cause=cause)


async def is_refund_answered(core: Core, task: SendRefund) -> bool:
    """Return whether Stripe's answer is recorded, by a timer or a webhook."""
    return await core.refunder.is_answered(task.payment_id, task.refund)


async def follow_flight(core: Core, task: FollowFlight) -> None:
    """Follow up a flight's change for every booking on it."""
    await core.follower.follow(task.flight_id, task.version)


async def send_letter(core: Core, task: letters.BookingLetter) -> None:
    """Write to the passengers."""
    await core.letters.send(task)


async def send_text(core: Core, task: texts.BookingText) -> None:
    """Send a text message, where the booking has a number."""
    await core.texts.send(task)


async def send_gift_card_letter(core: Core, task: GiftCardLetter) -> None:
    """Write about a gift card."""
    await core.gift_card_letters.send(task)


async def send_account_letter(core: Core, task: AccountLinkLetter) -> None:
    """Write the letter of a link."""
    await core.account_letters.send(task)


async def send_account_notice(core: Core, task: AccountNoticeLetter) -> None:
    """Write what happened to an account."""
    await core.account_letters.send_notice(task)


async def ask_for_rest(core: Core, task: RestDue) -> None:
    """Write that a part of the amount due has come, and that the rest is due."""
    await asking.ask_for_rest(core.bus, core.letters, task)


async def send_payment_link(core: Core, task: PaymentDelayed) -> None:
    """Write that the payment page is open now."""
    await linking.send_payment_link(core.bus, core.letters, task)


async def end_session(core: Core, task: EndSession) -> None:
    """Expire a session that could pay once more for what is paid.

    One about which a bank decides cannot be: what it brings is returned.
    """
    cause = cause_of(task.payment_id, task.attempt, actor="system")
    with contextlib.suppress(AttemptPending):
        await live_session.expire_attempt(
            core.bus, core.collector, task.payment_id, task.attempt, cause=cause
        )


async def send_letters(core: Core, task: SendLetters) -> None:
    """Write to the passengers of many bookings; raises TasksLeft where some letters failed.

    Where all failed the mail system is away, and they stay together: raises Unavailable.
    """
    readable, left = letter_batches.read(task.letters)
    failed = await core.letters.send_all(readable)
    left += [each.task for each in failed]
    if len(left) == len(task.letters) > 1:
        raise ports.Unavailable("letters")
    if left:
        raise TasksLeft(left)


HANDLERS: tuple[TaskHandler[Any], ...] = (
    TaskHandler(ProcessStripeEvents, process_stripe_events, Urgency.EFFECT),
    TaskHandler(SendRefund, send_refund, is_over=is_refund_answered),
    TaskHandler(FollowFlight, follow_flight, Urgency.EFFECT),
    TaskHandler(SendLetters, send_letters),
    TaskHandler(AccountLinkLetter, send_account_letter),
    TaskHandler(AccountNoticeLetter, send_account_notice),
    TaskHandler(RestDue, ask_for_rest),
    TaskHandler(PaymentDelayed, send_payment_link),
    TaskHandler(EndSession, end_session, Urgency.EFFECT),
    *(TaskHandler(letter, send_letter) for letter in letters.LETTERS),
    *(TaskHandler(text, send_text) for text in texts.TEXTS),
    *(TaskHandler(letter, send_gift_card_letter) for letter in gift_card_letters.LETTERS),
    *(timer.handler for timer in TIMERS if timer.handler is not None),
)
