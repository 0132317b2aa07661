"""Charges and their balance transactions: the captured amount, the fee, the remainder.

`amount` of a balance transaction is in the settlement currency and net = amount - fee.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from infrastructure.stripe_simulator import currencies
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Configuration, Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

SETTLEMENT_SECONDS = 7 * 24 * 3600


class Card(msgspec.Struct, frozen=True):
    """A test payment method: its visible fields and the answer of its bank."""

    id: str
    brand: str = "visa"
    last4: str = "4242"
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    needs_authentication: bool = False
    is_delayed: bool = False

    @property
    def method_type(self) -> str:
        """Return Stripe's type of the method."""
        return "us_bank_account" if self.is_delayed else "card"


def _declining(identifier: str, last4: str, code: str, decline: str | None, text: str) -> Card:
    return Card(identifier, "visa", last4, code, decline, text)


DECLINED = "Your card was declined."
CARDS: dict[str, Card] = {
    card.id: card
    for card in (
        Card("pm_card_visa"),
        Card("pm_card_mastercard", "mastercard", "4444"),
        Card("pm_card_threeDSecure2Required", last4="3220", needs_authentication=True),
        Card("pm_card_authenticationRequired", last4="3184", needs_authentication=True),
        Card("pm_usBankAccount_processing", last4="6789", is_delayed=True),
        _declining(
            "pm_card_chargeDeclined", "0002", "card_declined", "generic_decline", DECLINED
        ),
        _declining(
            "pm_card_visa_chargeDeclined", "0002", "card_declined", "generic_decline", DECLINED
        ),
        _declining(
            "pm_card_chargeDeclinedInsufficientFunds", "9995", "card_declined",
            "insufficient_funds", "Your card has insufficient funds.",
        ),
        _declining(
            "pm_card_chargeDeclinedLostCard", "9987", "card_declined", "lost_card", DECLINED
        ),
        _declining(
            "pm_card_chargeDeclinedStolenCard", "9979", "card_declined", "stolen_card", DECLINED
        ),
        _declining(
            "pm_card_chargeDeclinedExpiredCard", "0069", "expired_card", None,
            "Your card has expired.",
        ),
        _declining(
            "pm_card_chargeDeclinedIncorrectCvc", "0127", "incorrect_cvc", None,
            "Your card's security code is incorrect.",
        ),
        _declining(
            "pm_card_chargeDeclinedProcessingError", "0119", "processing_error", None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    )
}  # fmt: skip


def new_charge(account: Account, intent: Json, card: Card, payment_method: str) -> Json:
    """Make a charge for the intent's amount: failed, or authorised and not yet captured."""
    failed = card.code is not None
    charge: Json = {
        "id": new_id("ch", 24),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": intent["receipt_email"],
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "SIMULATOR",
        "captured": False,
        "created": account.clock.now(),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": card.code,
        "failure_message": card.message if failed else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(card),
        "paid": not failed,
        "payment_intent": intent["id"],
        "payment_method": payment_method,
        "payment_method_details": {"card": _shown(card), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if failed else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    return account.charges.put(charge)


def _outcome(card: Card) -> Json:
    failed = card.code is not None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": (card.decline_code or card.code) if failed else None,
        "risk_level": "normal",
        "seller_message": "The bank declined it." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def _shown(card: Card) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "funding": "credit",
        "last4": card.last4,
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
    }


def capture(account: Account, charge: Json, amount: int) -> None:
    """Take the amount of an authorised charge; the rest of the authorisation lapses."""
    charge["captured"] = True
    charge["amount_captured"] = amount
    charge["balance_transaction"] = _settle(account, charge, amount)["id"]


def _settle(account: Account, charge: Json, amount: int) -> Json:
    """Make the balance transaction of a captured charge, pending until its funds are available."""
    transaction = _transaction(account, charge, amount, kind="charge")
    configuration, currency = account.configuration, transaction["currency"]
    fixed = Decimal(configuration.fee_fixed).scaleb(currencies.decimals(currency) - 2)
    share = Decimal(transaction["amount"]) * configuration.fee_basis_points / 10_000
    fee = min(transaction["amount"], _whole(share + fixed))
    transaction["fee"] = fee
    transaction["net"] -= fee
    transaction["source"] = charge["id"]
    transaction["fee_details"] = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return account.balance_transactions.put(transaction)


def settle_refund(account: Account, charge: Json, refund: Json, *, amount: int, kind: str) -> Json:
    """Make the balance transaction of a refund or its failure; fees are not charged or returned.

    It becomes available together with the charge's own funds.
    """
    transaction = _transaction(account, charge, amount, kind=kind)
    taken = account.balance_transactions.objects.get(charge["balance_transaction"])
    if taken is not None:
        transaction["available_on"] = max(taken["available_on"], transaction["created"])
    transaction["source"] = refund["id"]
    return account.balance_transactions.put(transaction)


def _transaction(account: Account, charge: Json, amount: int, *, kind: str) -> Json:
    """Make a balance transaction without a fee, not yet on its shelf."""
    currency, settled, rate = _settled(account.configuration, charge["currency"], amount)
    now = account.clock.now()
    return {
        "id": new_id("txn", 24),
        "object": "balance_transaction",
        "amount": settled,
        "available_on": now + SETTLEMENT_SECONDS,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": charge["description"],
        "exchange_rate": None if rate is None else float(rate),
        "fee": 0,
        "fee_details": [],
        "net": settled,
        "reporting_category": kind,
        "source": None,
        "status": "pending",
        "type": kind,
    }


def _settled(
    configuration: Configuration, currency: str, amount: int
) -> tuple[str, int, Decimal | None]:
    """Return settlement currency, amount in it and rate; no rate without an exchange."""
    target, rate = _settlement(configuration, currency)
    if rate is None:
        return target, amount, None
    shift = currencies.decimals(target) - currencies.decimals(currency)
    return target, _whole(Decimal(amount).scaleb(shift) * rate), rate


def _settlement(configuration: Configuration, currency: str) -> tuple[str, Decimal | None]:
    """Return settlement currency and rate; the rate is None without an exchange."""
    target = configuration.settlement_currency
    if target is None or target == currency:
        return currency, None
    rate = configuration.exchange_rates.get(currency)
    if rate is None:
        raise invalid(f"This account cannot settle {currency}.", param="currency")
    return target, rate


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def make_available(account: Account) -> None:
    """Make the funds available whose day has come."""
    now = account.clock.now()
    for transaction in account.balance_transactions.objects.values():
        if transaction["status"] == "pending" and transaction["available_on"] <= now:
            transaction["status"] = "available"


def balance(account: Account) -> Json:
    """Return the sums of the net amounts by settlement currency and state."""
    make_available(account)
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for transaction in account.balance_transactions.objects.values():
        for state, by_currency in sums.items():
            net = transaction["net"] if transaction["status"] == state else 0
            by_currency[transaction["currency"]] = by_currency.get(transaction["currency"], 0) + net
    return {
        "object": "balance",
        "livemode": False,
        **{
            state: [
                {"amount": amount, "currency": currency, "source_types": {"card": amount}}
                for currency, amount in sorted(by_currency.items())
            ]
            for state, by_currency in sums.items()
        },
    }
