"""Record the outcome of a refund; the event holds the entry of its money.

What Stripe reports may skip steps: a refund that has failed was accepted before, and both are
recorded, each with its entry.
"""

from typing import assert_never

import msgspec

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.ledger import rules as ledger_rules
from domain.payment import refunds, rejections
from domain.payment.state import ARRIVED, Payment, Refund


class Unresolved(msgspec.Struct, frozen=True):
    """Stripe did not answer in time."""


class Refused(msgspec.Struct, frozen=True):
    """Stripe refused; `code` is its error code."""

    code: str


class Accepted(msgspec.Struct, frozen=True):
    """Stripe has accepted the refund."""

    provider_refund: str


class Settled(msgspec.Struct, frozen=True):
    """Stripe passed the money on."""

    provider_refund: str


class Failed(msgspec.Struct, frozen=True):
    """The money was returned to our balance; `code` is Stripe's reason."""

    provider_refund: str
    code: str


Result = Unresolved | Refused | Accepted | Settled | Failed


class RecordRefund(Command, frozen=True):
    """Record the outcome of a refund of a payment."""

    payment_id: str
    refund: str
    result: Result

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same result again records nothing."""
        match self.result:
            case Unresolved():
                payment, refund = _load(context, self)
                unresolved = refunds.mark_refund_unresolved(payment, refund=refund.id)
                context.record(self.payment_id, unresolved)
            case Refused(code=code):
                payment, refund = _load(context, self)
                refused = refunds.refuse_refund(payment, refund=refund.id, code=code)
                context.record(self.payment_id, refused)
            case Accepted(provider_refund=provider):
                _accept(context, self, provider)
            case Settled(provider_refund=provider):
                _accept(context, self, provider)
                _settle(context, self, provider)
            case Failed(provider_refund=provider, code=code):
                _accept(context, self, provider)
                _fail(context, self, provider, code)
            case _:
                assert_never(self.result)
        return Reply(self.payment_id)


def _load(context: DecisionContext, command: RecordRefund) -> tuple[Payment, Refund]:
    payment = context.load(stream_kinds.PAYMENT, command.payment_id)
    refund = None if payment is None else payment.refund(command.refund)
    if payment is None or refund is None:
        raise rejections.PaymentNotFound()
    return payment, refund


def _accept(context: DecisionContext, command: RecordRefund, provider: str) -> None:
    payment, refund = _load(context, command)
    accepted = refunds.accept_refund(
        payment,
        refund=refund.id,
        provider_refund=provider,
        entry=ledger_rules.refund_accepted_entry(
            booking=payment.owed_by(refund),
            amount=refund.amount,
            references=(provider, refund.intent),
            now=context.now,
        ),
    )
    context.record(command.payment_id, accepted)


def _settle(context: DecisionContext, command: RecordRefund, provider: str) -> None:
    """Settle the refund; the booking becomes refunded with the last one."""
    payment, refund = _load(context, command)
    recorded = refunds.settle_refund(payment, refund=refund.id, provider_refund=provider)
    if not recorded:
        return
    context.record(command.payment_id, recorded)
    close_booking(payment.owed_by(refund), context)


def close_booking(booking_id: str, context: DecisionContext) -> None:
    """Record that the booking is refunded, once all that it owed has arrived."""
    if ids.prefix_of(booking_id) != ids.StreamPrefix.BOOKING:
        return  # money that matched no booking
    booking = context.load(stream_kinds.BOOKING, booking_id)
    assert booking is not None
    refunded = cancellation.settle(booking, settled=settled(booking, context))
    context.record(booking_id, refunded)


def _fail(context: DecisionContext, command: RecordRefund, provider: str, code: str) -> None:
    payment, refund = _load(context, command)
    failed = refunds.fail_refund(
        payment,
        refund=refund.id,
        provider_refund=provider,
        code=code,
        entry=ledger_rules.refund_failed_entry(
            booking=payment.owed_by(refund),
            amount=refund.amount,
            references=(provider, refund.intent),
            now=context.now,
        ),
    )
    context.record(command.payment_id, failed)


def settled(booking: Booking, context: DecisionContext) -> money.Money:
    """Return the sum of the refunds of the booking that have arrived."""
    owed = {obligation.id for obligation in booking.obligations}
    total = money.Money(0, booking.currency)
    for payment_id in booking.payments:
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        assert payment is not None
        for refund in payment.refunds:
            if refund.obligation in owed and refund.status in ARRIVED:
                total += refund.amount
    return total
