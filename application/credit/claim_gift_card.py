"""Claim a gift card with its code: its amount becomes travel credit of the caller."""

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.ports import CreditPorts
from application.credit.read_credits import CreditDetails, credit_of, read_credit
from domain.credit import gift_cards
from domain.credit.rejections import InvalidGiftCode
from domain.kernel import ids


async def claim_gift_card(
    ports: CreditPorts, caller: Caller, code: str
) -> tuple[CreditDetails, bool]:
    """Give the caller the credit of the card with this code; True for a replay.

    Rejects InvalidGiftCode for what is no code, and for one that no card has; GiftCardNotClaimable.
    """
    read = ids.read_gift_code(code)
    if read is None:
        raise InvalidGiftCode(field="code", reason="sixteen letters and digits are expected")
    credit_id = await ports.card_with_code(ports.digest_of_code(read))
    if credit_id is None:
        raise InvalidGiftCode(field="code", reason="unknown_code")
    command = ClaimGiftCard(credit_id=credit_id, owner=caller.principal.user)
    outcome = await ports.booking.bus.submit(caller.envelope(command))
    return await read_credit(ports, outcome.answer.stream), outcome.replayed


class ClaimGiftCard(Command, frozen=True):
    """`owner` is the user, who had the code."""

    credit_id: str
    owner: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound and GiftCardNotClaimable; the same owner again records nothing."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        context.record(self.credit_id, gift_cards.claim(credit, owner=self.owner, now=context.now))
        return Reply(self.credit_id)
