"""Record the outcome of a refund; the event holds the entry of its money.

What Stripe reports may skip steps: a refund that has failed was accepted before, and both are
recorded, each with its entry.
"""

from typing import ClassVar, Literal, assert_never

import msgspec

from application import ports
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.booking import cancellation
from domain.booking.state import Booking
from domain.kernel import ids, money
from domain.ledger import rules as ledger_rules
from domain.payment import disputes, external_refunds, refunds, rejections
from domain.payment.state import Payment, Refund


class AskAboutDisputes(ports.BackgroundTask, frozen=True):
    """Ask Stripe which disputes a capture has, and record how they stand."""

    topic: ClassVar[str] = "ask_about_disputes"

    payment_id: str
    intent: str


class Unresolved(msgspec.Struct, frozen=True):
    """Stripe did not answer in time."""


class Postponed(msgspec.Struct, frozen=True):
    """The charge is disputed, and Stripe does not have the refund: it waits."""


class Refused(msgspec.Struct, frozen=True):
    """Stripe refused; `code` is its error code.

    A refusal because of a dispute postpones the refund, as long as the dispute may still end.
    """

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


class NeedsAction(msgspec.Struct, frozen=True):
    """Stripe has accepted the refund and waits for its customer to say where to send the money."""

    provider_refund: str


Result = Unresolved | Postponed | Refused | Accepted | NeedsAction | Settled | Failed

ProviderStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]


def result_of(status: ProviderStatus, *, provider_refund: str, reason: str | None) -> Result:
    """Return what a refund's status at Stripe means; `reason` is of a failed one."""
    match status:
        case "succeeded":
            return Settled(provider_refund=provider_refund)
        case "failed":
            return Failed(provider_refund=provider_refund, code=reason or status)
        case "canceled":
            return Failed(provider_refund=provider_refund, code=refunds.CANCELED)
        case "requires_action":
            return NeedsAction(provider_refund=provider_refund)
        case "pending":
            return Accepted(provider_refund=provider_refund)


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
            case Postponed():
                payment, refund = _load(context, self)
                context.record(self.payment_id, disputes.postpone_refund(payment, refund=refund.id))
            case Refused(code=code):
                _refuse(context, self, code)
            case Accepted(provider_refund=provider):
                _accept(context, self, provider)
            case NeedsAction(provider_refund=provider):
                _accept(context, self, provider)
                payment, refund = _load(context, self)
                waits = refunds.await_action(payment, refund=refund.id, provider_refund=provider)
                context.record(self.payment_id, waits)
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


def _refuse(context: DecisionContext, command: RecordRefund, code: str) -> None:
    payment, refund = _load(context, command)
    disputed = code == disputes.CHARGE_DISPUTED
    if not disputed or not disputes.waits_for_dispute(payment, refund.intent):
        refused = refunds.refuse_refund(payment, refund=refund.id, code=code)
        context.record(command.payment_id, refused)
        return
    postponed = disputes.postpone_refund(payment, refund=refund.id)
    context.record(command.payment_id, postponed)
    context.enqueue(AskAboutDisputes(payment_id=command.payment_id, intent=refund.intent))


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
    if accepted:
        # Stripe had one that is with finance by our records: another one may not fit any more.
        after, _ = _load(context, command)
        displaced = external_refunds.displaced(after, refund.intent)
        context.record(command.payment_id, displaced)


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
    """Return the sum of the refunds of the booking that have arrived, credit included."""
    owed = {obligation.id for obligation in booking.obligations}
    total = money.Money(0, booking.currency)
    for payment_id in booking.payments:
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        assert payment is not None
        for refund in payment.refunds:
            if refund.obligation in owed:
                total += refund.arrived()
        for returned in payment.credit_returns:
            if returned.obligation in owed:
                total += returned.amount
    return total
