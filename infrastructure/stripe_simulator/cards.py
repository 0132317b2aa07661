"""Stripe's test payment methods, by their ids: what they show and what their bank answers.

Source: https://docs.stripe.com/testing (cards by brand, declined payments, fraud prevention,
3D Secure) and https://docs.stripe.com/payments/ach-direct-debit (test account numbers). The older
names of the declining cards, without `visa`, are known too. A payment by a card that Stripe
disputes or whose refund fails succeeds: what follows is caused over the control path.
"""

from typing import Literal

import msgspec

CARD = "card"
DELAYED = "us_bank_account"

DECLINED = "Your card was declined."


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A test payment method: its visible fields and the answer of its bank.

    `code` and `decline_code` are those of a decline, which follows 3-D Secure where the method
    `needs_authentication`. `blocked` is refused by Stripe itself, before any bank. A delayed
    method is answered days later: `answer` is pays or fails, or none for ever.
    """

    id: str
    brand: str = "visa"
    last4: str = "4242"
    funding: str = "credit"
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    needs_authentication: bool = False
    blocked: bool = False
    risk: Literal["normal", "elevated", "highest"] = "normal"
    is_delayed: bool = False
    answer: Literal["pays", "fails"] | None = None

    @property
    def method_type(self) -> str:
        """Return Stripe's type of the method."""
        return DELAYED if self.is_delayed else CARD


def _accepted() -> list[Card]:
    brands = {
        "visa": ("visa", "4242", "credit"),
        "visa_debit": ("visa", "5556", "debit"),
        "mastercard": ("mastercard", "4444", "credit"),
        "mastercard_debit": ("mastercard", "8210", "debit"),
        "mastercard_prepaid": ("mastercard", "5100", "prepaid"),
        "amex": ("amex", "0005", "credit"),
        "discover": ("discover", "1117", "credit"),
        "diners": ("diners", "0004", "credit"),
        "jcb": ("jcb", "0505", "credit"),
        "unionpay": ("unionpay", "0005", "credit"),
        "cvcCheckFail": ("visa", "0101", "credit"),
        "avsFail": ("visa", "0010", "credit"),
        "avsZipFail": ("visa", "0036", "credit"),
        "threeDSecureOptional": ("visa", "3055", "credit"),
        "threeDSecureOptionalProcessingError": ("visa", "3097", "credit"),
        "amex_threeDSecureNotSupported": ("amex", "0005", "credit"),
        "createDispute": ("visa", "0259", "credit"),
        "createDisputeProductNotReceived": ("visa", "2685", "credit"),
        "createDisputeInquiry": ("visa", "1976", "credit"),
        "createIssuerFraudRecord": ("visa", "5423", "credit"),
        "pendingRefund": ("visa", "7726", "credit"),
        "refundFail": ("visa", "5126", "credit"),
    }
    return [
        Card(id=f"pm_card_{name}", brand=brand, last4=last4, funding=funding)
        for name, (brand, last4, funding) in brands.items()
    ]


def _authenticated() -> list[Card]:
    """Return the methods that want 3-D Secure, then pay or decline."""
    paying = {
        "threeDSecure2Required": "3220",
        "threeDSecureRequired": "3063",
        "authenticationRequired": "3184",
        "authenticationRequiredOnSetup": "3155",
        "authenticationRequiredSetupForOffSession": "0446",
    }
    declined = {
        "threeDSecureRequiredChargeDeclined": ("1629", "generic_decline", DECLINED),
        "authenticationRequiredChargeDeclinedInsufficientFunds": (
            "3178", "insufficient_funds", "Your card has insufficient funds.",
        ),
    }  # fmt: skip
    return [
        Card(id=f"pm_card_{name}", last4=last4, needs_authentication=True)
        for name, last4 in paying.items()
    ] + [
        Card(
            id=f"pm_card_{name}",
            last4=last4,
            needs_authentication=True,
            code="card_declined",
            decline_code=decline,
            message=message,
        )
        for name, (last4, decline, message) in declined.items()
    ]


def _declined() -> list[Card]:
    """Return the methods that decline at once, each under its newer and older name."""
    rows: list[tuple[str, str, str, str | None, str]] = [
        ("", "0002", "card_declined", "generic_decline", DECLINED),
        (
            "InsufficientFunds", "9995", "card_declined", "insufficient_funds",
            "Your card has insufficient funds.",
        ),
        ("LostCard", "9987", "card_declined", "lost_card", DECLINED),
        ("StolenCard", "9979", "card_declined", "stolen_card", DECLINED),
        (
            "VelocityLimitExceeded", "6975", "card_declined", "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its "
            "amount limit.",
        ),
        ("ExpiredCard", "0069", "expired_card", None, "Your card has expired."),
        (
            "IncorrectCvc", "0127", "incorrect_cvc", None,
            "Your card's security code is incorrect.",
        ),
        (
            "ProcessingError", "0119", "processing_error", None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ]  # fmt: skip
    found = [
        Card(
            id=f"pm_card_{prefix}chargeDeclined{name}",
            last4=last4,
            code=code,
            decline_code=decline,
            message=message,
        )
        for name, last4, code, decline, message in rows
        for prefix in ("", "visa_")
    ]
    for name, last4 in {
        "chargeCustomerFail": "0341",
        "threeDSecureRequiredProcessingError": "1280",
    }.items():
        found.append(
            Card(
                id=f"pm_card_{name}",
                last4=last4,
                code="card_declined",
                decline_code="generic_decline",
                message=DECLINED,
            )
        )
    return found


def _suspected() -> list[Card]:
    """Return the methods that Stripe suspects; its own rules block those of the highest risk."""
    blocked = [
        Card(
            id=f"pm_card_{name}",
            last4=last4,
            code="card_declined",
            decline_code="fraudulent",
            message=DECLINED,
            blocked=True,
            risk="highest",
        )
        for name, last4 in {"radarBlock": "0019", "riskLevelHighest": "4954"}.items()
    ]
    return [*blocked, Card(id="pm_card_riskLevelElevated", last4="9235", risk="elevated")]


def _delayed() -> list[Card]:
    paying = Card(id="pm_usBankAccount_success", last4="6789", is_delayed=True, answer="pays")
    silent = Card(id="pm_usBankAccount_processing", last4="0009", is_delayed=True)
    failures = {
        "insufficientFunds": ("2227", "insufficient_funds"),
        "accountClosed": ("1113", "account_closed"),
        "noAccount": ("1116", "no_account"),
        "debitNotAuthorized": ("3335", "debit_not_authorized"),
    }
    failing = [
        Card(
            id=f"pm_usBankAccount_{name}",
            last4=last4,
            code=code,
            message="The bank did not carry out the debit.",
            is_delayed=True,
            answer="fails",
        )
        for name, (last4, code) in failures.items()
    ]
    return [paying, silent, *failing]


CARDS: dict[str, Card] = {
    card.id: card
    for card in (*_accepted(), *_authenticated(), *_declined(), *_suspected(), *_delayed())
}
# The answer of a bank that refuses a debit for which no other refusal is known.
REFUSED_DEBIT = CARDS["pm_usBankAccount_insufficientFunds"]
