"""Charges: what an intent tried to take by a test method, and what was captured."""

from typing import Any

from infrastructure.stripe_simulator import balance
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.cards import Card
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.ids import new_id

# What follows the payment, by its card: see `card_consequences`.
FOLLOW_CARD = "follow_card"


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
        "source": None,
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
    if card.blocked:
        return _blocked(card)
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": (card.decline_code or card.code) if failed else None,
        "risk_level": card.risk,
        "seller_message": "The bank declined it." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def _blocked(card: Card) -> Json:
    """Return the outcome of a payment that Stripe blocked: no bank was asked."""
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "not_sent_to_network",
        "reason": "highest_risk_level",
        "risk_level": card.risk,
        "seller_message": "Stripe blocked this payment as too risky.",
        "type": "blocked",
    }


# What Stripe shows of a card beside its number and bank: here always the same.
_UNUSED_CARD_FIELDS: dict[str, Any] = {
    "amount_authorized": None,
    "authorization_code": None,
    "checks": {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "pass",
    },
    "extended_authorization": {"status": "disabled"},
    "fingerprint": "simulated",
    "incremental_authorization": {"status": "unavailable"},
    "installments": None,
    "mandate": None,
    "multicapture": {"status": "unavailable"},
    "network_token": {"used": False},
    "network_transaction_id": None,
    "overcapture": {"maximum_amount_capturable": None, "status": "unavailable"},
    "regulated_status": None,
    "transaction_link_id": None,
}


def _shown(card: Card) -> dict[str, Any]:
    return {
        "brand": card.brand,
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "funding": card.funding,
        "last4": card.last4,
        "network": card.brand,
        "three_d_secure": None,
        "wallet": None,
        **_UNUSED_CARD_FIELDS,
    }


def capture(account: Account, charge: Json, amount: int) -> None:
    """Take the amount of an authorised charge; the rest of the authorisation lapses."""
    charge["captured"] = True
    charge["amount_captured"] = amount
    balance.settle_captured(account, charge)
    account.schedule(account.clock.now(), FOLLOW_CARD, charge["id"])


def last_digits(charge: Json) -> str | None:
    """Return the last four digits of the card that paid; None for another method."""
    digits: str | None = charge["payment_method_details"].get("card", {}).get("last4")
    return digits


def named(account: Account, identifier: str) -> Json:
    """Return the captured charge with this id, or the latest one of this PaymentIntent.

    Raises ValueError if nothing was captured.
    """
    if identifier.startswith("pi_"):
        identifier = account.intents.get(identifier)["latest_charge"] or ""
    charge = account.charges.get(identifier)
    if not charge["captured"]:
        raise ValueError("the charge is not captured")
    return charge
