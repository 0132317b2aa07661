"""Balance transactions: what each charge, refund, dispute and payout moves on the balance.

`amount` of a balance transaction is in the settlement currency and net = amount - fee. The rate is
the one of its own moment: a refund may return less or more than its charge brought.
"""

import sys
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from infrastructure.stripe_simulator import currencies
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

SETTLEMENT_SECONDS = 7 * 24 * 3600
# Stripe's default since 2024-04-10: the balance transaction follows with `charge.updated`.
# Source: https://docs.stripe.com/payments/payment-intents/asynchronous-capture
ASYNCHRONOUS = "automatic_async"
# The test card whose funds are available at once. Source: https://docs.stripe.com/testing
AVAILABLE_AT_ONCE = "0077"
SETTLE_CHARGE = "settle_charge"


class Exchanged(msgspec.Struct, frozen=True):
    """An amount in its settlement currency; `rate` is None without an exchange."""

    amount: int
    currency: str
    rate: Decimal | None = None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """What moves on the balance, and because of which object.

    `available_on` None: at once. `fee_description` names the fee, if there is one.
    """

    exchanged: Exchanged
    type: str
    category: str
    source: str
    description: str | None
    fee: int = 0
    fee_description: str = ""
    available_on: int | None = None


def move(account: Account, movement: Movement) -> Json:
    """Make the balance transaction of a movement and count it in the funds."""
    now = account.clock.now()
    on = now if movement.available_on is None else max(now, movement.available_on)
    exchanged = movement.exchanged
    transaction: Json = {
        "id": new_id("txn", 24),
        "object": "balance_transaction",
        "amount": exchanged.amount,
        "available_on": on,
        "balance_type": "payments",
        "created": now,
        "currency": exchanged.currency,
        "description": movement.description,
        "exchange_rate": None if exchanged.rate is None else float(exchanged.rate),
        "fee": movement.fee,
        "fee_details": _fee_details(movement),
        "net": exchanged.amount - movement.fee,
        "reporting_category": movement.category,
        "source": movement.source,
        "status": "available" if on <= now else "pending",
        "type": movement.type,
    }
    account.money.funds.add(transaction)
    return account.balance_transactions.put(transaction)


def correct(account: Account, identifier: str, amount: int) -> Json:
    """Change the amount of a transaction, which Stripe itself never does."""
    transaction = account.balance_transactions.get(identifier)
    net = amount - transaction["fee"]
    account.money.funds.change(transaction, net)
    return account.balance_transactions.put({**transaction, "amount": amount, "net": net})


def _fee_details(movement: Movement) -> list[Json]:
    if movement.fee == 0:
        return []
    return [
        {
            "amount": movement.fee,
            "application": None,
            "currency": movement.exchanged.currency,
            "description": movement.fee_description,
            "type": "stripe_fee",
        }
    ]


def settle_captured(account: Account, charge: Json) -> None:
    """Settle a captured charge: at once, or a moment later if its capture is asynchronous."""
    intent = account.intents.objects.get(charge["payment_intent"], {})
    if intent.get("capture_method") == ASYNCHRONOUS:
        lag = account.settings.settlement_lag_seconds
        account.schedule(account.clock.now() + lag, SETTLE_CHARGE, charge["id"])
    else:
        _settle(account, charge)


def settle_charge(account: Account, identifier: str) -> None:
    """Settle a charge that still waits for it; any other is left as it is."""
    charge = account.charges.objects.get(identifier)
    if charge is None or not charge["captured"] or charge["balance_transaction"] is not None:
        return
    _settle(account, charge)
    account.record("charge.updated", charge, NO_REQUEST, previous={"balance_transaction": None})


def _settle(account: Account, charge: Json) -> None:
    """Make the balance transaction of a captured charge, pending until its funds are available."""
    exchanged = _exchanged(account, charge["amount_captured"], charge["currency"])
    card = charge["payment_method_details"].get("card", {})
    at_once = card.get("last4") == AVAILABLE_AT_ONCE
    movement = Movement(
        exchanged=exchanged,
        type="charge" if _is_by_card(charge) else "payment",
        category="charge",
        source=charge["id"],
        description=charge["description"],
        fee=_processing_fee(account, exchanged),
        fee_description="Stripe processing fees",
        available_on=None if at_once else account.clock.now() + SETTLEMENT_SECONDS,
    )
    charge["balance_transaction"] = move(account, movement)["id"]


def _is_by_card(charge: Json) -> bool:
    """Return whether a card paid: Stripe gives the money of other methods types of their own.

    Source: https://docs.stripe.com/reports/balance-transaction-types
    """
    by_card: bool = charge["payment_method_details"]["type"] == "card"
    return by_card


def _processing_fee(account: Account, exchanged: Exchanged) -> int:
    """Return a share of the amount and a fixed part, and never more than the amount."""
    configuration = account.configuration
    share = Decimal(exchanged.amount) * configuration.fee_basis_points / 10_000
    fixed = _fixed(configuration.fee_fixed, exchanged.currency)
    return min(exchanged.amount, _whole(share + fixed))


def _fixed(hundredths: int, currency: str) -> Decimal:
    """Return minor units of the currency, from hundredths of its major unit."""
    return Decimal(hundredths).scaleb(currencies.decimals(currency) - 2)


def exchanged_like(account: Account, charge: Json, amount: int) -> Exchanged:
    """Return an amount of the charge in the currency in which the charge settled.

    At the rate of today, or of the charge if its currency settles elsewhere by now.
    """
    settle_charge(account, charge["id"])
    today = _exchanged(account, amount, charge["currency"])
    settled = account.balance_transactions.objects.get(charge["balance_transaction"] or "")
    if settled is None or settled["currency"] == today.currency:
        return today
    if settled["exchange_rate"] is None:
        return Exchanged(amount, settled["currency"])
    rate = Decimal(str(settled["exchange_rate"]))
    return _converted(amount, charge["currency"], settled["currency"], rate)


def _exchanged(account: Account, amount: int, currency: str) -> Exchanged:
    exchange = account.settings.exchanges.get(currency)
    if exchange is None or exchange.currency == currency:
        return Exchanged(amount, currency)
    return _converted(amount, currency, exchange.currency, exchange.rate)


def _converted(amount: int, currency: str, target: str, rate: Decimal) -> Exchanged:
    shift = currencies.decimals(target) - currencies.decimals(currency)
    return Exchanged(_whole(Decimal(amount).scaleb(shift) * rate), target, rate)


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def fixed_fee(hundredths: int, currency: str) -> int:
    """Return a fee in whole minor units, from hundredths of a major unit of the currency."""
    return _whole(_fixed(hundredths, currency))


def refund(account: Account, charge: Json, made: Json) -> str:
    """Take a refund from the balance; return its transaction. Stripe keeps the fee of the charge.

    It becomes available together with the charge's own funds; where refunds wait for the balance,
    at once, so that the next one finds less.
    """
    exchanged = exchanged_like(account, charge, -made["amount"])
    at_once = account.settings.refunds_wait_for_balance
    movement = Movement(
        exchanged=exchanged,
        type="refund" if _is_by_card(charge) else "payment_refund",
        category="refund",
        source=made["id"],
        description=charge["description"],
        available_on=None if at_once else _day_of(account, charge["balance_transaction"]),
    )
    identifier: str = move(account, movement)["id"]
    return identifier


def reverse(
    account: Account, transaction: str, *, kind: str, category: str, fee: int = 0
) -> Json | None:
    """Return exactly the amount that a transaction took, on the same day as that or now.

    A negative fee is returned as well. None if the transaction is no longer on the shelf.
    """
    taken = account.balance_transactions.objects.get(transaction)
    if taken is None:
        return None
    rate = taken["exchange_rate"]
    movement = Movement(
        exchanged=Exchanged(
            -taken["amount"], taken["currency"], None if rate is None else Decimal(str(rate))
        ),
        type=kind,
        category=category,
        source=taken["source"],
        description=taken["description"],
        fee=fee,
        fee_description="Dispute fee" if fee else "",
        available_on=taken["available_on"],
    )
    return move(account, movement)


def _day_of(account: Account, transaction: str | None) -> int | None:
    taken = account.balance_transactions.objects.get(transaction or "")
    return None if taken is None else taken["available_on"]


def make_available(account: Account) -> None:
    """Make the funds available whose day has come."""
    for identifier in account.money.funds.come_due(account.clock.now()):
        transaction = account.balance_transactions.objects.get(identifier)
        if transaction is not None:
            transaction["status"] = "available"


def release(account: Account) -> Json:
    """Make all pending funds available now, whatever their day; return the balance."""
    now = account.clock.now()
    for identifier in account.money.funds.come_due(sys.maxsize):
        transaction = account.balance_transactions.objects.get(identifier)
        if transaction is not None:
            transaction.update(status="available", available_on=now)
    return balance(account)


def balance(account: Account) -> Json:
    """GET /v1/balance: the net amounts by settlement currency and state."""
    make_available(account)
    funds = account.money.funds
    return {
        "object": "balance",
        "available": _amounts(funds.available),
        "connect_reserved": [
            {"amount": 0, "currency": currency} for currency in sorted(funds.available)
        ],
        "livemode": False,
        "pending": _amounts(funds.pending),
    }


def _amounts(sums: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the transactions for the list filters, newest first.

    `payout` is refused for a payout made by hand, and has none before its list is complete.
    """
    make_available(account)
    currency = params["currency"].lower() if "currency" in params else None
    payout = params.get("payout")
    if payout is not None and not _is_listed(account, payout):
        return
    for transaction in account.balance_transactions.created_within(params.get("created")):
        if (
            currency in (None, transaction["currency"])
            and all(params.get(name) in (None, transaction[name]) for name in ("source", "type"))
            and (payout is None or account.money.paid_out.get(transaction["id"]) == payout)
        ):
            yield transaction


def _is_listed(account: Account, identifier: str) -> bool:
    """Return whether the list of an automatic payout is complete; refuses one made by hand."""
    payout = account.payouts.get(identifier, param="payout", status=400)
    if not payout["automatic"]:
        raise invalid(
            "Balance transaction history can only be filtered on automatic transfers, not manual.",
            param="payout",
        )
    completed: bool = payout["reconciliation_status"] == "completed"
    return completed
