"""Every interaction with Stripe: what precedes it, what is tried, and what must have come of it.

`prepare` runs without stops. `act` is what a client, a customer or Stripe does; whoever got no
answer does it again, as clients with the same key do.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from application.booking import answer_dispute
from application.booking.ask_about_payment import ask_about_payment
from application.booking.cancel_booking import CancelBooking
from application.booking.open_checkout import open_checkout
from application.booking.resend_refund import ResendRefund
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel.rejections import Rejection
from domain.payment import dispute_events, events
from tests.simulation.airline_process import AirlineProcess
from tests.support.airline import payment_of

# Ids of the requests of clients: a repeat has the same.
CHECKOUT, SECOND_CHECKOUT, CANCELLATION, RESENDING, RETURN, EVIDENCE = range(1, 7)
HOLD_SECONDS = 24 * 3600
DAY = 24 * 3600


class Sale(msgspec.Struct):
    """What an interaction is about; `quote` and `session` as the customer knows them."""

    currency: str
    fare: int
    booking: str = ""
    session: str = ""
    quote: Any = None
    name: str = ""


Act = Callable[[AirlineProcess, Sale], Awaitable[None]]


class Interaction(msgspec.Struct, frozen=True):
    """`charges` and `refunds` are those that stand at Stripe in the end, `recorded` is an event
    that the log must have exactly once then. One that `settles` reads
    Stripe's list of transactions.
    """

    name: str
    prepare: Act
    act: Act
    charges: int
    refunds: int
    recorded: type | None = None
    settles: bool = False


async def booked(airline: AirlineProcess, sale: Sale) -> None:
    """A booking that holds a seat."""
    flight = await airline.schedule(
        "SV1", in_days=200, fare=sale.fare, currency=sale.currency, domestic=False
    )
    sale.booking = await airline.book(flight)


async def _checkout(airline: AirlineProcess, sale: Sale, number: int = CHECKOUT) -> str:
    checkout = await open_checkout(airline.ports, airline.caller(number), sale.booking)
    return checkout.session_id


async def with_session(airline: AirlineProcess, sale: Sale) -> None:
    """A booking whose customer has Stripe's page open."""
    await booked(airline, sale)
    sale.session = await _checkout(airline, sale)


async def paid(airline: AirlineProcess, sale: Sale) -> None:
    """A paid booking with its tickets."""
    await with_session(airline, sale)
    await airline.world.stripe.press(sale.session, "pay")
    await airline.rest()


async def paid_unheard(airline: AirlineProcess, sale: Sale) -> None:
    """Paid, and no webhook arrives."""
    await with_session(airline, sale)
    await _drop(airline)
    await airline.world.stripe.press(sale.session, "pay")


async def paid_late(airline: AirlineProcess, sale: Sale) -> None:
    """Paid after the booking has expired: the money is parked, or settled by rule."""
    await with_session(airline, sale)
    await airline.world.stripe.control("attempts", session=sale.session, under_way=True)
    airline.world.stripe.move(2 * HOLD_SECONDS)
    await airline.rest()
    await airline.world.stripe.control("attempts", session=sale.session, finishes=True)
    await airline.rest()


async def refund_failed(airline: AirlineProcess, sale: Sale) -> None:
    """Cancelled, and the refund has failed."""
    await paid(airline, sale)
    await airline.world.stripe.control("refund_plans", status="failed")
    await cancel(airline, sale)
    await airline.rest()


async def disputed(airline: AirlineProcess, sale: Sale) -> None:
    """The payer disputes the charge."""
    await paid(airline, sale)
    await dispute(airline, sale)
    await airline.rest()


async def available(airline: AirlineProcess, sale: Sale) -> None:
    """Paid, and the funds are available."""
    await paid(airline, sale)
    airline.world.stripe.move(8 * DAY)
    await airline.rest()


async def check_out_and_pay(airline: AirlineProcess, sale: Sale) -> None:
    """Open a checkout, and pay on its page."""
    sale.session = await _checkout(airline, sale)
    await airline.world.stripe.press(sale.session, "pay")


async def check_out_again(airline: AirlineProcess, sale: Sale) -> None:
    """The first session has ended unpaid; another is opened and paid."""
    session = await _checkout(airline, sale, SECOND_CHECKOUT)
    await airline.world.stripe.press(session, "pay")


async def session_ended(airline: AirlineProcess, sale: Sale) -> None:
    """Stripe has expired the session, and no webhook says so."""
    await with_session(airline, sale)
    await _drop(airline)
    airline.world.stripe.account.sessions.get(sale.session)
    await airline.payments.expire_session(sale.session)


async def pay(airline: AirlineProcess, sale: Sale) -> None:
    """Pay on the page that is open."""
    await airline.world.stripe.press(sale.session, "pay")


async def pay_unsigned(airline: AirlineProcess, sale: Sale) -> None:
    """Pay, and every event has another version than ours: it is only a hint."""
    fields = {"api_version": "2020-08-27"}
    await airline.world.stripe.control("rules", action="rewrite", times=99, fields=fields)
    await airline.world.stripe.press(sale.session, "pay")


async def pay_delayed(airline: AirlineProcess, sale: Sale) -> None:
    """Pay by a method whose bank answers days later, and let it answer."""
    stripe = airline.world.stripe
    await stripe.press(sale.session, "pay", "pm_usBankAccount_success")
    stripe.move(5 * DAY)


async def come_back(airline: AirlineProcess, sale: Sale) -> None:
    """The customer returns to our page."""
    await ask_about_payment(airline.ports, sale.booking)


async def lapse(airline: AirlineProcess, sale: Sale) -> None:
    """The hold lapses."""
    airline.world.stripe.move(HOLD_SECONDS)


async def cancel(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel the booking at its terms."""
    if sale.quote is None:
        sale.quote = await airline.quote_cancellation(sale.booking)
    await airline.submit(CancelBooking(quote=sale.quote, reason="requested"), CANCELLATION)


async def cancel_unheard(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel, and no webhook about the refund arrives."""
    await _drop(airline)
    await cancel(airline, sale)


async def cancel_pending(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel; the refund is pending, then succeeds."""
    await _plan(airline, sale, "pending")
    await cancel(airline, sale)
    await _answered(airline)
    await _end_refunds(airline, "succeeded")


async def cancel_failing_later(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel; the refund succeeds at once and fails afterwards."""
    await cancel(airline, sale)
    await _answered(airline)
    await _end_refunds(airline, "failed")


async def cancel_failing(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel; the refund fails at once."""
    await _plan(airline, sale, "failed")
    await cancel(airline, sale)


async def cancel_refused(airline: AirlineProcess, sale: Sale) -> None:
    """Cancel while the charge is disputed and nobody told us: Stripe refuses the refund."""
    if not sale.name:
        sale.name = "disputed"
        await _drop(airline)
        await dispute(airline, sale)
    await cancel(airline, sale)


async def resend(airline: AirlineProcess, sale: Sale) -> None:
    """Finance sends the failed refund again."""
    (failed,) = airline.world.events(events.RefundRequested)[:1]
    refund = failed.event.refund  # type: ignore[attr-defined]
    await airline.submit(ResendRefund(sale.booking, refund), RESENDING)


async def return_money(airline: AirlineProcess, sale: Sale) -> None:
    """Finance returns the parked money."""
    payment = payment_of(sale.booking)
    (intent,) = airline.world.stripe.account.intents.objects
    await airline.submit(ReturnParkedFunds(payment_id=payment, intent=intent), RETURN)


async def dispute(airline: AirlineProcess, sale: Sale) -> None:
    """The payer's bank opens a dispute."""
    account = airline.world.stripe.account
    if not account.disputes.objects:
        (charge,) = account.charges.objects
        await airline.world.stripe.control("disputes", charge=charge)


async def submit_evidence(airline: AirlineProcess, sale: Sale) -> None:
    """Finance submits the evidence; a repeat may find that the bank has it."""
    (name,) = airline.world.stripe.account.disputes.objects
    caller = airline.caller(EVIDENCE, "finance")
    try:
        await answer_dispute.submit_evidence(airline.dispute_ports(), caller, name)
    except Rejection:
        account = airline.world.stripe.account
        assert account.disputes.get(name)["evidence_details"]["submission_count"] == 1


async def lose(airline: AirlineProcess, sale: Sale) -> None:
    """The bank decides for the payer."""
    account = airline.world.stripe.account
    (name,) = account.disputes.objects
    if account.disputes.get(name)["status"] not in ("won", "lost"):
        await airline.world.stripe.control("dispute_ends", dispute=name, status="lost")


async def win(airline: AirlineProcess, sale: Sale) -> None:
    """The bank decides for us."""
    account = airline.world.stripe.account
    (name,) = account.disputes.objects
    if account.disputes.get(name)["status"] not in ("won", "lost"):
        await airline.world.stripe.control("dispute_ends", dispute=name, status="won")


async def pay_out(airline: AirlineProcess, sale: Sale) -> None:
    """Stripe pays out what is available; the payout arrives."""
    stripe = airline.world.stripe
    if not stripe.account.payouts.objects:
        await stripe.control("payouts")
    await airline.rest()
    stripe.move(3 * DAY)


async def nothing(airline: AirlineProcess, sale: Sale) -> None:
    """Only the timers work."""


async def _drop(airline: AirlineProcess) -> None:
    await airline.world.stripe.control("rules", action="drop", times=99)


async def _plan(airline: AirlineProcess, sale: Sale, status: str) -> None:
    if not sale.name:
        sale.name = status
        await airline.world.stripe.control("refund_plans", status=status)


async def _answered(airline: AirlineProcess) -> None:
    """Stripe has the refund, also where the timer had to send it."""
    await airline.rest()
    airline.world.stripe.move(60)
    await airline.rest()


async def _end_refunds(airline: AirlineProcess, status: str) -> None:
    for refund in list(airline.world.stripe.account.refunds.objects.values()):
        if refund["status"] in ("pending", "succeeded") and refund["status"] != status:
            await airline.world.stripe.control("refund_ends", refund=refund["id"], status=status)


INTERACTIONS = (
    Interaction("open a checkout", booked, check_out_and_pay, 1, 0, events.PaymentCaptured),
    Interaction("open another checkout", session_ended, check_out_again, 1, 0),
    Interaction("expire a session", with_session, lapse, 0, 0),
    Interaction("expire a paid session", paid_unheard, lapse, 1, 0, events.PaymentCaptured),
    Interaction("read a session", paid_unheard, come_back, 1, 0, events.PaymentCaptured),
    Interaction("take a signed webhook", with_session, pay, 1, 0, events.PaymentCaptured),
    Interaction("take an unsigned webhook", with_session, pay_unsigned, 1, 0),
    Interaction("take a delayed payment", with_session, pay_delayed, 1, 0),
    Interaction("refund", paid, cancel, 1, 1, events.RefundSettled),
    Interaction("a refund without webhooks", paid, cancel_unheard, 1, 1, events.RefundSettled),
    Interaction("a pending refund", paid, cancel_pending, 1, 1, events.RefundSettled),
    Interaction("a failing refund", paid, cancel_failing, 1, 0, events.RefundFailed),
    Interaction("a refund that fails later", paid, cancel_failing_later, 1, 0),
    Interaction("a refund of a disputed charge", paid, cancel_refused, 1, 0),
    Interaction("send a refund again", refund_failed, resend, 1, 1),
    Interaction("return parked money", paid_late, return_money, 1, 1),
    Interaction("take a dispute", paid, dispute, 1, 0, dispute_events.DisputeOpened),
    Interaction("submit evidence", disputed, submit_evidence, 1, 0),
    Interaction("lose a dispute", disputed, lose, 1, 0, dispute_events.DisputeLost),
    Interaction("win a dispute", disputed, win, 1, 0, dispute_events.DisputeWon),
    Interaction("read balance transactions", paid_unheard, nothing, 1, 0, settles=True),
    Interaction("take a payout", available, pay_out, 1, 0, settles=True),
)
