"""Refund a gift card that nobody has claimed: the payer gets the money back."""

from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.gift_card_letters import GiftCardRefundLetter
from application.credit.ports import CreditPorts
from application.credit.read_credits import credit_of, read_credit
from application.credit.read_gift_cards import ShownGiftCard, read_own_card, shown_card
from application.payment.refund_payment import RefundPayment
from domain.credit import gift_cards
from domain.credit.rejections import CreditNotFound
from domain.identity import roles
from domain.kernel import ids
from domain.ledger import credits as posting

OBLIGATION = 1


async def refund_gift_card(
    ports: CreditPorts, caller: Caller, credit_id: str
) -> tuple[ShownGiftCard, bool]:
    """Refund a card of the caller, or any by staff; True for a replay.

    Rejects CreditNotFound and what the command does.
    """
    found = await read_own_card(ports, caller.principal, credit_id)
    is_own = gift_cards.card_of(found.credit).buyer == caller.principal.user
    by_staff = roles.may(caller.principal.role, "override_refund") and not is_own
    if not is_own and not by_staff:
        raise CreditNotFound()
    command = RefundGiftCard(credit_id=credit_id, by_staff=by_staff)
    outcome = await ports.booking.bus.submit(caller.envelope(command))
    after = await read_credit(ports, credit_id)
    return await shown_card(ports, caller.principal, after), outcome.replayed


class RefundGiftCard(Command, frozen=True):
    """`by_staff` may refund a card also after the time in which its buyer can."""

    credit_id: str
    by_staff: bool = False

    @property
    def streams(self) -> tuple[str, ...]:
        """The card and its payment."""
        return (self.credit_id, ids.payment_stream(self.credit_id, ids.FIRST_PAYMENT))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound, GiftCardNotRefundable and RefundExceedsCaptured; once."""
        credit = credit_of(context.load(stream_kinds.CREDIT, self.credit_id))
        obligation = ids.obligation_id(self.credit_id, OBLIGATION)
        refunded = gift_cards.refund(
            credit,
            obligation=obligation,
            now=context.now,
            by_staff=self.by_staff,
            entry=posting.card_refunded_entry(
                credit=self.credit_id, amount=credit.balance, now=context.now
            ),
        )
        if not refunded:
            return Reply(self.credit_id)
        context.record(self.credit_id, refunded)
        card = gift_cards.card_of(credit)
        assert card.payment is not None, "a card that is refunded was paid"
        RefundPayment(
            booking_id=self.credit_id,
            obligation=obligation,
            amount=credit.balance,
            payment_ids=(card.payment,),
            intent=card.intent,
        ).decide(context)
        context.enqueue(GiftCardRefundLetter(credit_id=self.credit_id))
        return Reply(self.credit_id)
