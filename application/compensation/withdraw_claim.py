"""Staff withdraw a claim that has not been accepted, and say why."""

from typing import Literal

from application.booking import journey
from application.booking.ports import BookingPorts
from application.booking.staff_notes import Notes, sealed_note
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.compensation.read_claims import ClaimDetails, claim_of, read_claim
from domain.compensation import claims
from domain.compensation.rejections import ClaimNotFound
from domain.kernel import ids
from domain.ledger import compensation as posting_rules

Reason = Literal["extraordinary_circumstances", "agreed_otherwise", "assessed_in_error"]


async def withdraw_claim(
    ports: BookingPorts, caller: Caller, claim_id: str, *, reason: Reason, note: str
) -> tuple[ClaimDetails, bool]:
    """Withdraw the claim for good; the caller's role was checked. Returns as `accept_claim` does.

    Rejects ClaimNotFound and what the command does.
    """
    booking_id = ids.booking_of_claim(claim_id)
    booking = None
    if booking_id is not None:
        booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    if booking is None:
        raise ClaimNotFound()
    notes = await sealed_note(ports.vault, booking, note)
    outcome = await ports.bus.submit(caller.envelope(WithdrawClaim(claim_id, reason, notes)))
    return await read_claim(ports, claim_id), outcome.replayed


class WithdrawClaim(Command, frozen=True):
    """`reason` is one of the codes of staff; `notes` are what they wrote, sealed."""

    claim_id: str
    reason: Reason
    notes: Notes

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ClaimNotFound and ClaimNotOpen; what staff have withdrawn stays so."""
        claim = claim_of(context.load(stream_kinds.CLAIM, self.claim_id))
        booking = journey.load(context, claim.booking)
        posted = journey.posted(claim.booking, booking, context.now)
        withdrawn = claims.withdraw(
            claim,
            reason=self.reason,
            entry=posting_rules.assessed_entry(posted, before=claims.owed(claim), after=None),
            notes=self.notes,
        )
        context.record(self.claim_id, withdrawn)
        return Reply(self.claim_id)
