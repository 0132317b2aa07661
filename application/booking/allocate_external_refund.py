"""Say what a refund was for that was made at Stripe's dashboard by hand: a debt, or goodwill.

A refund of ours that it pays is not sent; the booking is refunded with the last of what it owed.
"""

from collections.abc import Sequence

import msgspec

from application.booking import journey
from application.booking.charge_back import bookings_of
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment.record_external_refund import ACCOUNTS
from application.payment.record_refund import close_booking
from application.payment.refund_payment import SendRefund
from application.queries import FindExternalRefund
from domain.kernel import ids, money
from domain.ledger import external_refunds as posting
from domain.payment import external_refunds, rejections
from domain.payment.external_refund_events import Purpose
from domain.payment.refunds import UNANSWERED
from domain.payment.state import Payment, Refund


class Part(msgspec.Struct, frozen=True):
    """A part of an external refund in minor units: for this refund of ours, else goodwill."""

    amount: int
    refund: str | None = None


class AllocatedRefund(msgspec.Struct, frozen=True):
    """What is left to allocate; `replayed` when the command was carried out before."""

    payment_id: str
    unallocated: money.Money
    replayed: bool


async def allocate_external_refund(
    ports: BookingPorts,
    caller: Caller,
    provider_refund: str,
    parts: Sequence[Part],
    *,
    find: FindExternalRefund,
) -> AllocatedRefund:
    """Allocate the parts; the caller's role was checked.

    Rejects ExternalRefundNotFound and what the command does.
    """
    listed = await find(provider_refund)
    if listed is None:
        raise rejections.ExternalRefundNotFound()
    command = AllocateExternalRefund(listed.payment, provider_refund, tuple(parts))
    outcome = await ports.bus.submit(caller.envelope(command))
    payment = (await ports.bus.current(stream_kinds.PAYMENT, listed.payment))[0]
    external = None if payment is None else payment.external_refund(provider_refund)
    assert external is not None, "it was allocated just now"
    return AllocatedRefund(listed.payment, external.unallocated, outcome.replayed)


class AllocateExternalRefund(Command, frozen=True):
    """Allocate parts of an external refund of this payment."""

    payment_id: str
    provider_refund: str
    parts: tuple[Part, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """The payments of the refunds, and that of the external one."""
        named = {ids.payment_of_refund(each.refund) for each in self.parts if each.refund}
        return (self.payment_id, *sorted(named - {self.payment_id}))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ExternalRefundNotFound, AllocationExceedsRefund, RefundNotPayable, and
        PaymentNotFound for a refund that another customer's booking owes.
        """
        assert self.parts
        for part in self.parts:
            if part.refund is None:
                payment = _payment(self.payment_id, context)
                _allocate(self, part, Purpose.GOODWILL, payment.booking, context)
            else:
                _pay(self, part, part.refund, context)
        return Reply(self.payment_id)


def _allocate(
    command: AllocateExternalRefund,
    part: Part,
    purpose: Purpose,
    booking: str,
    context: DecisionContext,
) -> None:
    payment = _payment(command.payment_id, context)
    external = payment.external_refund(command.provider_refund)
    if external is None:
        raise rejections.ExternalRefundNotFound()
    amount = money.Money(part.amount, external.amount.currency)
    allocated = external_refunds.allocate(
        payment,
        provider_refund=external.id,
        amount=amount,
        purpose=purpose,
        booking=booking,
        refund=part.refund,
        entry=posting.allocated_entry(
            booking=payment.booking,
            against=(ACCOUNTS[purpose], booking, amount),
            references=(external.id, external.intent),
            now=context.now,
        ),
    )
    context.record(command.payment_id, allocated)


def _pay(
    command: AllocateExternalRefund, part: Part, refund_id: str, context: DecisionContext
) -> None:
    """Let the part pay our refund, and request what is left of that where it was to be sent."""
    stream = ids.payment_of_refund(refund_id)
    owner, refund = _payable(command, stream, refund_id, context)
    sent_again = _is_sent_again(stream, refund, owner, context)
    amount = money.Money(part.amount, refund.amount.currency)
    external_refunds.require_payable(refund, sent_again=sent_again, amount=amount)
    _allocate(command, part, Purpose.REFUND, owner, context)
    payment = _payment(stream, context)
    fresh = ids.refund_id(stream, len(payment.refunds) + 1)
    paid = external_refunds.cover(
        payment,
        refund=refund,
        fresh=fresh,
        provider_refund=command.provider_refund,
        amount=amount,
        now=context.now,
    )
    context.record(stream, paid)
    rest = _payment(stream, context).refund(fresh)
    if rest is not None and rest.status in UNANSWERED:
        context.enqueue(SendRefund(payment_id=stream, refund=fresh))
    close_booking(owner, context)


def _payable(
    command: AllocateExternalRefund, stream: str, refund_id: str, context: DecisionContext
) -> tuple[str, Refund]:
    """Return the booking that owes the refund, and the refund.

    It is of the external refund's own payment, or of another one of that booking's family.
    """
    external_payment = _payment(command.payment_id, context)
    payment = context.load(stream_kinds.PAYMENT, stream)
    refund = None if payment is None else payment.refund(refund_id)
    if payment is None or refund is None:
        raise rejections.PaymentNotFound()
    owner = payment.owed_by(refund)
    if stream != command.payment_id and owner not in bookings_of(context, external_payment):
        raise rejections.PaymentNotFound()
    return owner, refund


def _is_sent_again(stream: str, refund: Refund, owner: str, context: DecisionContext) -> bool:
    """Whether another refund replaces this one, maybe one of another payment of the booking."""
    names = {stream}
    if not ids.is_without_booking(owner):
        names.update(journey.load(context, owner).payments)
    payments = (_payment(each, context) for each in sorted(names))
    return any(each.replaces == refund.id for payment in payments for each in payment.refunds)


def _payment(stream: str, context: DecisionContext) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, stream)
    if payment is None:
        raise rejections.ExternalRefundNotFound()
    return payment
