"""Gift cards for tests: ordered, paid by a card of a bank, claimed."""

from typing import Any

from application.commands.command import Command
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.order_gift_card import OrderGiftCard
from domain.kernel import money
from domain.kernel.sealed import Sealed
from tests.support.airline import capture, payment_of

BUYER = "user_buyer"
DIGEST = "0" * 64


def order(amount: money.Money, *, buyer: str = BUYER, digest: str = DIGEST) -> OrderGiftCard:
    """The command that orders a card of this amount."""
    return OrderGiftCard(
        buyer=buyer,
        amount=amount,
        details=Sealed("sub_buyer", b"sealed"),
        code_digest=digest,
        keys=(),
    )


def payment(card: str, amount: money.Money, *, intent: str = "pi_gift", **more: Any) -> Command:
    """The capture of what Stripe took for the card's first attempt."""
    return capture(card, amount, intent=intent, **more)


def bought(airline: Any, amount: money.Money, *, intent: str = "pi_gift", **more: Any) -> str:
    """A card that is paid; its id."""
    card: str = airline.submit(order(amount, **more)).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, amount, intent=intent))
    return card


def claimed(airline: Any, amount: money.Money, *, owner: str = "user_1", **more: Any) -> str:
    """A card that is paid and claimed; its id."""
    card = bought(airline, amount, **more)
    airline.submit(ClaimGiftCard(card, owner))
    return card


def stripe_payment(card: str) -> str:
    """The payment of a card."""
    return payment_of(card)
