"""Open a checkout for a gift card: Stripe's page collects its amount."""

from application.booking.open_checkout import Checkout, open_session_for
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.ports import CreditPorts
from application.credit.read_gift_cards import read_own_card
from application.policies import operating_rules
from domain.credit import gift_cards
from domain.credit.rejections import CreditNotFound
from domain.kernel import ids
from domain.payment import attempts


async def open_gift_card_checkout(ports: CreditPorts, caller: Caller, credit_id: str) -> Checkout:
    """Open a session for a card that the caller has ordered, or return the open one.

    Rejects what the command does, CreditNotFound for the card of another buyer, AlreadyPaid,
    AttemptPending and SessionEnded; raises GatewayFailure.
    """
    await read_own_card(ports, caller.principal, credit_id)
    due = ids.payment_stream(credit_id, ids.FIRST_PAYMENT)
    command = StartGiftCardCheckout(credit_id=credit_id, locale=caller.language)
    return await open_session_for(ports.booking, caller, due, command)


class StartGiftCardCheckout(Command, frozen=True):
    """Collect the amount of the card; `locale` (ar, en) is for Stripe's page."""

    credit_id: str
    locale: str = "en"

    @property
    def streams(self) -> tuple[str, ...]:
        """The card and its payment."""
        return (self.credit_id, ids.payment_stream(self.credit_id, ids.FIRST_PAYMENT))

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects CreditNotFound, GiftCardNotPayable, AlreadyPaid and AttemptPending.

        The answer names the live attempt; a live one is used again rather than a second opened.
        """
        credit = context.load(stream_kinds.CREDIT, self.credit_id)
        if credit is None:
            raise CreditNotFound()
        gift_cards.require_payable(credit, now=context.now)
        payment_id = ids.payment_stream(self.credit_id, ids.FIRST_PAYMENT)
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        requested = attempts.request(payment, booking=self.credit_id, due=credit.issued)
        context.record(payment_id, requested)
        payment = context.load(stream_kinds.PAYMENT, payment_id)
        assert payment is not None
        live = payment.live_attempt()
        if live is not None:
            attempts.require_payable(live)
            return Reply(payment_id, {"attempt": live.id})
        attempt = ids.attempt_id(payment_id, len(payment.attempts) + 1)
        started = attempts.start_attempt(
            payment,
            attempt=attempt,
            idempotency_key=f"checkout:{attempt}",
            locale=self.locale,
            lasts=operating_rules.hold_times(context).session,
            now=context.now,
        )
        context.record(payment_id, started)
        return Reply(payment_id, {"attempt": attempt})
