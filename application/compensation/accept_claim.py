"""Passengers accept compensation that they are offered: on a bank account, or as travel credit.

Nobody is paid in credit without having chosen it (EU261, article 7(3)).
"""

import msgspec

from application.booking import journey
from application.booking.access import visible_booking
from application.booking.people import sealed_beside
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.compensation.read_claims import ClaimDetails, claim_of, read_claim
from application.credit.new_credit import issue_to_owner
from domain.booking.rejections import PersonErased
from domain.compensation import claims
from domain.compensation.rejections import ClaimNotFound
from domain.identity.rejections import NotAllowed
from domain.kernel import entries, ids, sealed


class BankAccount(msgspec.Struct, frozen=True):
    """Where compensation is paid to; stored sealed."""

    iban: str
    holder: str


async def accept_claim(
    ports: BookingPorts,
    caller: Caller,
    id_or_reference: str,
    claim_id: str,
    account: BankAccount | None,
) -> tuple[ClaimDetails, bool]:
    """Accept the offer; returns the claim and whether the command was carried out before.

    Without an account it becomes travel credit at once.

    Only the owner of the booking may. Rejects BookingNotFound, NotAllowed, ClaimNotFound,
    InvalidAccount, PersonErased, and what the command does.
    """
    booking_id, booking = await visible_booking(ports, caller.principal, id_or_reference)
    # Staff could have it paid to an account of their own.
    if booking.owner != caller.principal.user:
        raise NotAllowed()
    if ids.booking_of_claim(claim_id) != booking_id:
        raise ClaimNotFound()
    command: Command = TakeClaimAsCredit(claim_id=claim_id)
    if account is not None:
        account = BankAccount(claims.require_iban(account.iban), account.holder)
        box = await sealed_beside(ports.vault, booking.contact, msgspec.json.encode(account))
        if box is None:
            raise PersonErased(passenger=0)
        command = AcceptClaim(claim_id=claim_id, account=box)
    outcome = await ports.bus.submit(caller.envelope(command))
    return await read_claim(ports, claim_id), outcome.replayed


class AcceptClaim(Command, frozen=True):
    """`account` is a sealed BankAccount."""

    claim_id: str
    account: sealed.Sealed

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ClaimNotFound and ClaimNotOpen; once accepted, records nothing."""
        claim = claim_of(context.load(stream_kinds.CLAIM, self.claim_id))
        today = entries.accounting_day(context.now)
        context.record(self.claim_id, claims.accept(claim, account=self.account, today=today))
        return Reply(self.claim_id)


class TakeClaimAsCredit(Command, frozen=True):
    """The booking's owner gets the amount as travel credit."""

    claim_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects ClaimNotFound and ClaimNotOpen; once it was taken as credit, records nothing."""
        claim = claim_of(context.load(stream_kinds.CLAIM, self.claim_id))
        if claim.credit is None:
            booking = journey.load(context, claim.booking)
            credit = issue_to_owner(
                context, claim.booking, booking, amount=claim.amount, origin="compensation"
            )
            context.record(self.claim_id, claims.take_as_credit(claim, credit=credit))
        return Reply(self.claim_id)
