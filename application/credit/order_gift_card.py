"""Order a gift card: it is worth nothing before it is paid."""

import msgspec

from application.booking.people import Contact, Locale
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.ports import CreditPorts
from application.credit.read_credits import CreditDetails, read_credit
from application.policies.rules_now import load_rule, read_rule
from application.ports import WrappedKey
from domain.credit import card_texts, gift_cards
from domain.kernel import ids, sealed
from domain.kernel.money import Money
from domain.policies.money_values import GiftCards


class Recipient(msgspec.Struct, frozen=True):
    """Whom the card is for, in whose language, and the buyer's name and words to them."""

    name: str
    email: str
    locale: Locale
    sender: str
    message: str = ""


class GiftCardDetails(msgspec.Struct, frozen=True):
    """What is sealed of a card; without a recipient the buyer hands the code over."""

    code: str
    contact: Contact
    recipient: Recipient | None = None


async def order_gift_card(
    ports: CreditPorts,
    caller: Caller,
    *,
    amount: Money,
    email: str,
    recipient: Recipient | None,
) -> tuple[CreditDetails, bool]:
    """Order a card of the amount; True for a replay.

    Rejects GiftCardAmountRefused and GiftCardTextRefused.
    """
    bus = ports.booking.bus
    rules = await read_rule(bus, GiftCards, clock=ports.booking.clock)
    gift_cards.require_sold(amount, rules.sold)
    if recipient is not None:
        card_texts.require_plain(recipient.name, field="recipient.name")
        card_texts.require_plain(recipient.sender, field="recipient.senderName")
        card_texts.require_plain(recipient.message, field="recipient.message", may_be_blank=True)
    code = ports.new_code()
    subject, key = ports.booking.vault.new_subject()
    details = GiftCardDetails(code, Contact(email, None, caller.language), recipient)
    command = OrderGiftCard(
        buyer=caller.principal.user,
        amount=amount,
        details=ports.booking.vault.seal(subject, msgspec.json.encode(details)),
        code_digest=ports.digest_of_code(code),
        keys=(key,),
    )
    outcome = await bus.submit(caller.envelope(command))
    return await read_credit(ports, outcome.answer.stream), outcome.replayed


class OrderGiftCard(Command, frozen=True):
    """`details` are sealed GiftCardDetails, with the keys to store."""

    buyer: str
    amount: Money
    details: sealed.Sealed
    code_digest: str
    keys: tuple[WrappedKey, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """None: its card is new."""
        return ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects GiftCardAmountRefused. The answer is the new card."""
        credit_id = ids.credit_stream(context.random_bytes(ids.CREDIT_RANDOM_BYTES))
        begun = context.begin(stream_kinds.CREDIT, credit_id)
        assert begun, "eighty random bits are fresh"
        context.store_keys(self.keys)
        rules = load_rule(context, GiftCards)
        ordered = gift_cards.order(
            buyer=self.buyer,
            amount=self.amount,
            sold=rules.sold,
            details=self.details,
            code_digest=self.code_digest,
            payable_until=context.now + rules.payable,
        )
        context.record(credit_id, ordered)
        return Reply(credit_id)
