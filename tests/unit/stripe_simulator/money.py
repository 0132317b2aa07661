"""What the tests of the simulated money share: a payment, and its events."""

from typing import Any

import msgspec

from infrastructure.stripe_simulator import agenda, intents
from infrastructure.stripe_simulator.account import NO_REQUEST, Account

DAY = 24 * 3600


def paid(account: Account, amount: int = 50_000, currency: str = "sar") -> dict[str, Any]:
    """Return a captured charge whose funds are on the balance."""
    params: dict[str, Any] = {"amount": amount, "currency": currency, "confirm": True}
    intent = intents.create(account, {**params, "payment_method": "pm_card_visa"}, NO_REQUEST)
    agenda.run_due(account)
    return account.charges.get(intent["latest_charge"])


def paid_by_card(account: Account, last4: str) -> dict[str, Any]:
    """Return a captured charge of the card with these digits, after what follows from it."""
    params: dict[str, Any] = {"amount": 50_000, "currency": "sar", "confirm": True}
    intent = intents.create(account, {**params, "payment_method": "pm_card_visa"}, NO_REQUEST)
    charge = account.charges.get(intent["latest_charge"])
    charge["payment_method_details"]["card"]["last4"] = last4
    agenda.run_due(account)
    return charge


def moved(account: Account, transaction: str) -> dict[str, Any]:
    """Return the balance transaction with this id."""
    return account.balance_transactions.get(transaction)


def kinds(account: Account) -> list[str]:
    """Return the types of all events, the oldest first."""
    return [event["type"] for event in account.events.objects.values()]


def newest(account: Account, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the object in the newest event of this type, and its earlier values."""
    for event in account.events.newest_first():
        if event["type"] == kind:
            content = event["data"]
            return msgspec.json.decode(content["object"]), content.get("previous_attributes", {})
    raise AssertionError(f"there is no {kind}")


def total(account: Account) -> dict[str, int]:
    """Return the net of all balance transactions by currency, without the zeros."""
    sums: dict[str, int] = {}
    for each in account.balance_transactions.objects.values():
        sums[each["currency"]] = sums.get(each["currency"], 0) + each["net"]
    return {currency: amount for currency, amount in sums.items() if amount}


def funds(account: Account) -> dict[str, int]:
    """Return available and pending funds together by currency, without the zeros."""
    money = account.money.funds
    sums = {name: money.available[name] + money.pending[name] for name in money.available}
    return {currency: amount for currency, amount in sums.items() if amount}
