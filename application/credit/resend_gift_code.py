"""Send the letter with the code of a gift card again, to the address that it was sent to before."""

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.gift_card_letters import GiftCardCodeLetter
from application.credit.ports import CreditPorts
from application.credit.read_credits import credit_of, read_credit
from application.credit.read_gift_cards import ShownGiftCard, read_own_card, shown_card
from domain.credit import gift_cards
from domain.credit.rejections import CreditNotFound
from domain.identity import roles


async def resend_gift_code(
    ports: CreditPorts, caller: Caller, credit_id: str
) -> tuple[ShownGiftCard, bool]:
    """Send the code of a card of the caller again, or of any by support; True for a replay.

    Rejects CreditNotFound and what the command does.
    """
    found = await read_own_card(ports, caller.principal, credit_id)
    by_staff = roles.may(caller.principal.role, "change_any_booking")
    if gift_cards.card_of(found.credit).buyer != caller.principal.user and not by_staff:
        raise CreditNotFound()
    outcome = await ports.booking.bus.submit(caller.envelope(ResendGiftCode(credit_id)))
    after = await read_credit(ports, credit_id)
    return await shown_card(ports, caller.principal, after), outcome.replayed


class ResendGiftCode(Command, frozen=True):
    """Each command sends one more letter."""

    credit_id: str

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound and GiftCodeNotResent."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        context.record(self.credit_id, gift_cards.resend_code(credit, now=context.now))
        number = gift_cards.card_of(credit).resent + 1
        context.enqueue(GiftCardCodeLetter(credit_id=self.credit_id, number=number))
        return Reply(self.credit_id)
