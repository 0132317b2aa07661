"""Record that finance paid by a bank transfer what a refused or failed refund did not.

The obligation ends with it: the money is no longer owed, and a booking that owed nothing else is
refunded. No coupon is touched.
"""

import datetime as dt

import msgspec

from application.booking.access import others_booking
from application.booking.ports import BookingPorts
from application.booking.resend_refund import (
    booking_of_refund,
    failed_refund,
    payments_of_refund,
)
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.payment.record_refund import close_booking
from application.payment.record_transfer import record_transfer
from domain.credit import gift_cards
from domain.identity.rejections import NotAllowed
from domain.kernel import ids
from domain.ledger import rules as ledger_rules
from domain.payment import refunds


class BankTransfer(msgspec.Struct, frozen=True):
    """The evidence: the bank's id of the transfer, and its value date."""

    reference: str
    paid_on: dt.date


async def record_bank_transfer(
    ports: BookingPorts, caller: Caller, id_or_reference: str, refund: str, transfer: BankTransfer
) -> bool:
    """Record the transfer; the caller's role was checked. Return whether it was recorded before.

    Money that matched no booking is found by its intent in place of a booking. Rejects NotAllowed
    for a booking or a gift card of their own, and what the command does.
    """
    booking_id = await booking_of_refund(ports, caller, id_or_reference, refund)
    await _require_not_own(ports, caller, booking_id)
    command = RecordBankTransfer(booking_id=booking_id, refund=refund, transfer=transfer)
    return (await ports.bus.submit(caller.envelope(command))).replayed


async def _require_not_own(ports: BookingPorts, caller: Caller, paid_for: str) -> None:
    """Nobody decides about money of their own (NotAllowed); that of an intent is nobody's yet."""
    if ids.is_credit_id(paid_for):
        credit = (await ports.bus.current(stream_kinds.CREDIT, paid_for))[0]
        if gift_cards.card_of(credit).buyer == caller.principal.user:
            raise NotAllowed()
    elif not ids.is_intent(paid_for):
        await others_booking(ports, caller.principal, paid_for)


class RecordBankTransfer(Command, frozen=True):
    """`refund` is the failed one."""

    booking_id: str
    refund: str
    transfer: BankTransfer

    @property
    def streams(self) -> tuple[str, ...]:
        """The payment of the refund; booking and other payments become known with it."""
        return (ids.payment_of_refund(self.refund),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, PaymentNotFound, RefundNotFailed, InvalidBankTransfer and
        TransferUsed. The same transfer again records nothing.
        """
        payments = payments_of_refund(self.booking_id, self.refund, context)
        failed, sent = failed_refund(self.booking_id, self.refund, payments)
        payment_id = ids.payment_of_refund(self.refund)
        payment = payments[payment_id]
        paid = refunds.transfer(
            payment,
            failed=failed,
            sent_again=sent is not None,
            bank_reference=self.transfer.reference,
            paid_on=self.transfer.paid_on,
            entry=ledger_rules.refund_transferred_entry(
                booking=payment.owed_by(failed),
                amount=failed.amount,
                references=(self.transfer.reference, failed.intent),
                now=context.now,
            ),
        )
        if paid:
            record_transfer(context, bank_reference=self.transfer.reference, pays=failed.id)
        context.record(payment_id, paid)
        if paid:
            close_booking(payment.owed_by(failed), context)
        return Reply(payment_id)
