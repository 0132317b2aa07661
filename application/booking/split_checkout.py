"""Pay a booking together: a session for each share, whose link can be sent to another person.

A link is Stripe's own page: it shows the amount and the airline, and who has it may pay that share
and nothing else. Tickets are issued when all shares are paid. What is not complete when the hold
ends goes back to each payer (`settle_parked_funds.py`).
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from application.booking import live_session
from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.identity.ports import Principal
from application.payment import collect
from application.payment.start_checkout import payable_in_parts, requested_payment
from application.policies import operating_rules
from application.policies.rules_now import load_rule
from application.ports import Answer
from domain.booking import states
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.payment import rejections, shares
from domain.payment.events import AttemptStarted, PaymentEvent
from domain.payment.state import Attempt, AttemptStatus, Capture, Payment
from domain.policies.money_values import LeastCharges

# A share that is `processing` waits for a bank; one that is `returned` was paid and goes back.
ShareStatus = Literal["opening", "open", "processing", "paid", "returned", "expired"]


class Share(msgspec.Struct, frozen=True):
    """One share; its payer pays at `url`, which is None unless it is open, before `expires_at`."""

    attempt: str
    amount: money.Money
    status: ShareStatus
    url: str | None
    expires_at: dt.datetime


class Shares(msgspec.Struct, frozen=True):
    """All shares since the amount due was first divided, in that order.

    `outstanding` is what is not paid yet; `replayed` when the command was carried out before.
    """

    payment_id: str
    shares: tuple[Share, ...]
    outstanding: money.Money
    replayed: bool = False


class SplitCheckout(Command, frozen=True):
    """Collect what is outstanding for the booking in these shares."""

    booking_id: str
    shares: tuple[money.Money, ...]
    locale: str = "en"

    @property
    def streams(self) -> tuple[str, ...]:
        """The booking and its first payment; that of a change becomes known with it."""
        return (self.booking_id, ids.payment_stream(self.booking_id, ids.FIRST_PAYMENT))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, BookingHasExpired, NothingDue, TransitionRefused for a booking
        on the waitlist, and what `shares.split` does.
        """
        booking = payable_in_parts(context, self.booking_id)
        payment_id, payment = requested_payment(context, self.booking_id, booking)
        started = shares.split(
            payment,
            payment_id=payment_id,
            shares=self.shares,
            least=load_rule(context, LeastCharges).least(payment.due.currency),
            locale=self.locale,
            lasts=operating_rules.hold_times(context).session,
            now=context.now,
        )
        context.record(payment_id, started)
        return Reply(payment_id, {each: each for each in _attempts(started)})


def _attempts(started: Sequence[PaymentEvent]) -> list[str]:
    return [event.attempt for event in started if isinstance(event, AttemptStarted)]


async def split_checkout(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    amounts: tuple[money.Money, ...],
) -> Shares:
    """Open a session for each share; those that were open before are expired first.

    Shares that are paid already stay paid: the new ones add up to what is outstanding. A repeat
    returns the shares as they are now. Rejects what SplitCheckout does; raises GatewayFailure.
    """
    stored = await ports.bus.stored_answer(caller.command_id, caller.fingerprint)
    answer = stored or await _split(ports, caller, id_or_reference, amounts)
    payment_id = answer.stream
    for attempt in answer.ids:
        await ports.collector.open_session(payment_id, attempt, cause=caller.cause)
    payment = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    assert payment is not None
    booking = (await ports.bus.current(stream_kinds.BOOKING, payment.booking))[0]
    assert booking is not None, "its payment was requested"
    return _shares(payment_id, payment, booking, replayed=stored is not None)


async def _split(
    ports: BookingPorts, caller: Caller, id_or_reference: str, amounts: tuple[money.Money, ...]
) -> Answer:
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    due = collect.payment_of(booking_id, booking)
    await live_session.expire_of(ports.bus, ports.collector, due, cause=caller.cause)
    command = SplitCheckout(booking_id, amounts, caller.language)
    return (await ports.bus.submit(caller.envelope(command))).answer


async def read_shares(ports: BookingPorts, principal: Principal, id_or_reference: str) -> Shares:
    """Return the shares of what is due; rejects BookingNotFound, and PaymentNotFound for none."""
    booking_id, booking = await visible_booking(ports, principal, id_or_reference)
    payment_id = collect.payment_of(booking_id, booking)
    payment = (await ports.bus.current(stream_kinds.PAYMENT, payment_id))[0]
    if payment is None or not payment.is_shared():
        raise rejections.PaymentNotFound()
    return _shares(payment_id, payment, booking)


def _shares(
    payment_id: str, payment: Payment, booking: Booking, *, replayed: bool = False
) -> Shares:
    """Return the shares, without those that another took the place of; once nothing is due none is
    open, whatever Stripe still shows.
    """
    is_over = payment.is_settled() or booking.status not in states.UNPAID | states.TICKETED
    by_attempt = {captured.attempt: captured for captured in payment.captures}
    found = tuple(
        _share(payment, attempt, by_attempt.get(attempt.id), is_over=is_over)
        for attempt in shares.current(payment)
    )
    nothing = money.Money(0, payment.due.currency)
    outstanding = nothing if payment.is_settled() else payment.outstanding()
    return Shares(payment_id, found, outstanding, replayed)


def _share(payment: Payment, attempt: Attempt, captured: Capture | None, *, is_over: bool) -> Share:
    status = _status(attempt, captured)
    is_open = status == "open" and not is_over
    return Share(
        attempt=attempt.id,
        amount=attempt.amount or payment.due,
        status="expired" if status == "open" and is_over else status,
        url=attempt.url if is_open else None,
        expires_at=attempt.expires_at,
    )


def _status(attempt: Attempt, captured: Capture | None) -> ShareStatus:
    if captured is not None:
        return "paid" if captured.owed_by is None else "returned"
    match attempt.status:
        case AttemptStatus.OPEN:
            return "processing" if attempt.bank_decides else "open"
        case AttemptStatus.REQUESTED | AttemptStatus.UNKNOWN:
            return "opening"
        case _:
            return "expired"
