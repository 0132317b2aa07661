"""Record a refund that was made at Stripe's dashboard by hand, and what became of it.

Money of ours that it displaces stays with finance. Of parked money it is clear what it was for:
that is lowered at once, so that it is not returned twice.
"""

import datetime as dt
from typing import Literal

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.kernel import ids, money
from domain.ledger import accounts
from domain.ledger import external_refunds as posting
from domain.payment import external_refunds, rejections
from domain.payment.external_refund_events import Purpose
from domain.payment.external_refund_state import ExternalRefund
from domain.payment.state import Payment

ACCOUNTS = {
    Purpose.REFUND: accounts.REFUNDS_PAYABLE,
    Purpose.GOODWILL: accounts.COMPENSATION,
    Purpose.PARKED_FUNDS: accounts.UNAPPLIED_FUNDS,
}


class RecordExternalRefund(Command, frozen=True):
    """Record that Stripe refunds money of the capture `intent`, or that it was returned to us.

    `code` is Stripe's reason where it has `failed`, `made_at` Stripe's instant.
    """

    payment_id: str
    intent: str
    provider_refund: str
    amount: money.Money
    state: Literal["accepted", "settled", "failed"]
    code: str = ""
    made_at: dt.datetime | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects PaymentNotFound; the same report again, or an older one, records nothing."""
        payment = context.load(stream_kinds.PAYMENT, self.payment_id)
        if payment is None or payment.capture(self.intent) is None:
            raise rejections.PaymentNotFound()
        _record(self, payment, context)
        if self.state == "failed":
            _fail(self, context)
        elif self.state == "settled":
            settled = external_refunds.settle(
                _payment(self.payment_id, context), provider_refund=self.provider_refund
            )
            context.record(self.payment_id, settled)
        return Reply(self.payment_id)


def _record(command: RecordExternalRefund, payment: Payment, context: DecisionContext) -> None:
    recorded = external_refunds.record(
        payment,
        provider_refund=command.provider_refund,
        intent=command.intent,
        amount=command.amount,
        entry=posting.recorded_entry(
            booking=payment.booking,
            amount=command.amount,
            references=(command.provider_refund, command.intent),
            now=context.now,
        ),
        made_at=command.made_at,
    )
    # One that has failed meanwhile displaces nothing.
    context.record(command.payment_id, recorded if command.state != "failed" else recorded[:1])
    if recorded:
        _return_parked(command, context)


def _return_parked(command: RecordExternalRefund, context: DecisionContext) -> None:
    """Let it lower the parked money that it was drawn from, unless that is owed already."""
    payment = _payment(command.payment_id, context)
    captured = payment.capture(command.intent)
    assert captured is not None
    left = captured.unapplied()
    if captured.owed_by is not None:
        return
    amount = command.amount if command.amount.amount <= left.amount else left
    if amount.amount <= 0:
        return
    allocated = external_refunds.allocate(
        payment,
        provider_refund=command.provider_refund,
        amount=amount,
        purpose=Purpose.PARKED_FUNDS,
        booking=payment.booking,
        refund=None,
        entry=posting.allocated_entry(
            booking=payment.booking,
            against=(ACCOUNTS[Purpose.PARKED_FUNDS], payment.booking, amount),
            references=(command.provider_refund, command.intent),
            now=context.now,
        ),
    )
    context.record(command.payment_id, allocated)


def _fail(command: RecordExternalRefund, context: DecisionContext) -> None:
    payment = _payment(command.payment_id, context)
    external = payment.external_refund(command.provider_refund)
    assert external is not None
    if external.failed:
        return
    failed = external_refunds.fail(
        payment,
        provider_refund=external.id,
        code=command.code,
        entry=posting.failed_entry(
            booking=payment.booking,
            unallocated=external.unallocated,
            allocated=[
                (ACCOUNTS[each.purpose], each.booking, each.amount) for each in external.allocations
            ],
            references=(external.id, external.intent),
            now=context.now,
        ),
    )
    context.record(command.payment_id, failed)
    _owe_again(external, context)


def _owe_again(external: ExternalRefund, context: DecisionContext) -> None:
    """What it had paid of our refunds is owed again, and finance decides how it is paid."""
    for allocation in external.allocations:
        if allocation.refund is None:
            continue
        stream = ids.payment_of_refund(allocation.refund)
        payment = _payment(stream, context)
        paid = payment.refund(allocation.refund)
        assert paid is not None, "only a known refund is paid"
        withdrawn = external_refunds.uncover(
            payment,
            paid=paid,
            fresh=ids.refund_id(stream, len(payment.refunds) + 1),
            provider_refund=external.id,
            now=context.now,
        )
        context.record(stream, withdrawn)


def _payment(stream: str, context: DecisionContext) -> Payment:
    payment = context.load(stream_kinds.PAYMENT, stream)
    assert payment is not None
    return payment
