"""Finance records the bank transfer that paid an accepted claim."""

import datetime as dt

from application.booking import journey
from application.booking.access import others_booking
from application.booking.ports import BookingPorts
from application.booking.record_bank_transfer import BankTransfer
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.compensation.read_claims import ClaimDetails, claim_of, read_claim
from application.payment.record_transfer import record_transfer
from domain.compensation import claims
from domain.compensation.rejections import ClaimNotFound
from domain.kernel import entries, ids
from domain.ledger import compensation as posting_rules


async def pay_claim(
    ports: BookingPorts, caller: Caller, claim_id: str, transfer: BankTransfer
) -> tuple[ClaimDetails, bool]:
    """Record the transfer; the caller's role was checked. Returns as `accept_claim` does.

    Rejects BookingNotFound, NotAllowed for a booking of their own, ClaimNotFound, and what the
    command does.
    """
    booking_id = ids.booking_of_claim(claim_id)
    if booking_id is None:
        raise ClaimNotFound()
    await others_booking(ports, caller.principal, booking_id)
    command = PayClaim(claim_id, transfer.reference, transfer.paid_on)
    outcome = await ports.bus.submit(caller.envelope(command))
    return await read_claim(ports, claim_id), outcome.replayed


class PayClaim(Command, frozen=True):
    """The bank's id of the transfer and its value date."""

    claim_id: str
    bank_reference: str
    paid_on: dt.date

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ClaimNotFound, ClaimNotOpen, InvalidPayment and TransferUsed; repeated, records
        nothing.
        """
        claim = claim_of(context.load(stream_kinds.CLAIM, self.claim_id))
        booking = journey.load(context, claim.booking)
        posted = journey.posted(claim.booking, booking, context.now)
        paid = claims.pay(
            claim,
            bank_reference=self.bank_reference,
            paid_on=self.paid_on,
            today=entries.accounting_day(context.now),
            entry=posting_rules.paid_entry(posted, amount=claim.amount),
        )
        if paid:
            record_transfer(context, bank_reference=self.bank_reference, pays=self.claim_id)
        context.record(self.claim_id, paid)
        return Reply(self.claim_id)
