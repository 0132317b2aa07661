"""Refunds of captured charges: made at once, or pending until the control path ends them.

`amount_refunded` of a charge counts every refund that has not failed or been canceled. Stripe
keeps its fee. `succeeded` is not final: the bank may still return the money. A refund that waits
for the balance has no balance transaction yet.
"""

import copy
from collections.abc import Iterable
from typing import Literal

import msgspec

from infrastructure.stripe_simulator import balance, changes, currencies, fraud_warnings
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

PLANS_LIMIT = 100
SUCCEED, FAIL = "succeed_refund", "fail_refund"
# Test cards by their last digits: how a refund to them begins, and what follows.
# Source: https://docs.stripe.com/testing#refunds
CARDS = {"7726": ("pending", SUCCEED), "5126": ("succeeded", FAIL)}

Ending = Literal["succeeded", "failed", "canceled"]

# The states from which a refund may end in each way.
BEFORE: dict[str, frozenset[str]] = {
    "succeeded": frozenset({"pending", "requires_action"}),
    "failed": frozenset({"pending", "requires_action", "succeeded"}),
    "canceled": frozenset({"pending", "requires_action"}),
}


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    """The next `times` refunds begin in this state instead of `succeeded`."""

    status: Literal["pending", "requires_action", "failed"] = "pending"
    times: int = 1


class RefundPlans:
    """Plans of the control path, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Plan] = []

    def add(self, plan: Plan) -> None:
        if len(self.waiting) >= PLANS_LIMIT:
            raise ValueError(f"at most {PLANS_LIMIT} plans can wait")
        if plan.times < 1:
            raise ValueError("times must be 1 or more")
        self.waiting.append(plan)

    def take(self) -> str:
        """Return the state in which the next refund begins, and count the plan down."""
        if not self.waiting:
            return "succeeded"
        plan = self.waiting[0]
        plan.times -= 1
        if plan.times == 0:
            del self.waiting[0]
        return plan.status


def create(account: Account, params: Json, *, plans: RefundPlans, cause: Cause) -> Json:
    """POST /v1/refunds: part of a captured charge, or all that is left of it."""
    for name in ("customer", "origin", "refund_application_fee", "reverse_transfer"):
        if name in params:
            raise invalid("This simulator refunds only plain card payments.", param=name)
    charge = _charge(account, params)
    _refuse_disputed(account, charge)
    amount = _amount(params, charge)
    balance.settle_charge(account, charge["id"])
    refund = account.refunds.put(_refund(account, params, charge, amount))
    before = copy.deepcopy(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]
    state = _first_state(account, charge, refund, plans)
    _begin(account, charge, refund, state)
    account.record("refund.created", refund, cause)
    account.record("charge.refunded", charge, cause, previous=changes.since(before, charge))
    fraud_warnings.close_for(account, charge)
    if state == "failed":
        end(account, refund["id"], "failed", reason="unknown")
    return refund


def _first_state(account: Account, charge: Json, refund: Json, plans: RefundPlans) -> str:
    """Return the state of the next plan, or the one that the card asks for."""
    card = charge["payment_method_details"].get("card", {})
    if plans.waiting or card.get("last4") not in CARDS:
        return plans.take()
    state, then = CARDS[card["last4"]]
    lag = account.settings.settlement_lag_seconds
    account.schedule(account.clock.now() + lag, then, refund["id"])
    return state


def succeed(account: Account, identifier: str) -> None:
    """Let a refund that is still pending succeed, unless it waits for the balance."""
    refund = account.refunds.objects.get(identifier)
    if refund is not None and refund.get("pending_reason") == "processing":
        end(account, identifier, "succeeded", reason=None)


def fail(account: Account, identifier: str) -> None:
    """Let a refund fail although it succeeded."""
    refund = account.refunds.objects.get(identifier)
    if refund is not None and refund["status"] in BEFORE["failed"]:
        end(account, identifier, "failed", reason="unknown")


def _begin(account: Account, charge: Json, refund: Json, state: str) -> None:
    """Give a new refund its first state and, unless it waits for the balance, its transaction."""
    if account.settings.refunds_wait_for_balance and not _covered(account, charge, refund):
        refund["pending_reason"] = "insufficient_funds"
        account.money.waiting_refunds.append(refund["id"])
        return
    refund["balance_transaction"] = balance.refund(account, charge, refund)
    if state != "failed":
        refund["status"] = state
    if state == "pending":
        refund["pending_reason"] = "processing"


def _covered(account: Account, charge: Json, refund: Json) -> bool:
    """Return whether the available balance is enough for the refund."""
    exchanged = balance.exchanged_like(account, charge, refund["amount"])
    available = account.money.funds.available.get(exchanged.currency, 0)
    return exchanged.amount <= available


def send_waiting(account: Account) -> None:
    """Send the refunds that wait for the balance, oldest first, as far as it is enough."""
    for identifier in tuple(account.money.waiting_refunds):
        refund = account.refunds.objects.get(identifier, {"charge": "", "status": ""})
        charge = account.charges.objects.get(refund["charge"])
        if charge is not None and refund["status"] == "pending":
            waits = account.settings.refunds_wait_for_balance
            if waits and not _covered(account, charge, refund):
                return
            end(account, identifier, "succeeded", reason=None)
        account.money.waiting_refunds.remove(identifier)


def _refuse_disputed(account: Account, charge: Json) -> None:
    """Refuse while a dispute has taken the money; an inquiry has not."""
    for dispute in account.disputes.newest_first():
        if dispute["charge"] == charge["id"] and not dispute["is_charge_refundable"]:
            raise invalid(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                code="charge_disputed",
            )


def _charge(account: Account, params: Json) -> Json:
    """Return the charge to refund; refuses one that was never captured."""
    named = [name for name in ("charge", "payment_intent") if name in params]
    if not named:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.",
            code="parameter_missing",
        )
    if len(named) > 1:
        raise invalid("You may only specify one of these parameters: charge, payment_intent.")
    if named == ["charge"]:
        charge = account.charges.get(params["charge"], param="charge")
    else:
        intent = account.intents.get(params["payment_intent"], param="payment_intent")
        charge = account.charges.objects.get(intent["latest_charge"] or "", {"captured": False})
        if not charge["captured"]:
            raise invalid(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            )
    if not charge["captured"]:
        raise invalid("This simulator refunds only captured charges; cancel the PaymentIntent.")
    return charge


def _amount(params: Json, charge: Json) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        raise invalid(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount: int = params.get("amount", left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    if amount > left:
        wanted, most = (currencies.display(each, charge["currency"]) for each in (amount, left))
        raise invalid(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({most})",
            param="amount",
        )
    currencies.check_step(amount, charge["currency"], param="amount")
    return amount


def _refund(account: Account, params: Json, charge: Json, amount: int) -> Json:
    return {
        "id": new_id("re", 24),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.clock.now(),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": dict(params.get("metadata", {})),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }


def end(
    account: Account,
    identifier: str,
    ending: Ending,
    *,
    reason: str | None,
    cause: Cause = NO_REQUEST,
) -> Json:
    """End a refund as the bank does, even after `succeeded`; ValueError if impossible."""
    refund = account.refunds.get(identifier, param="refund")
    if refund["status"] not in BEFORE[ending]:
        raise ValueError(f"the refund is {refund['status']}")
    before = copy.deepcopy(refund)
    charge = account.charges.get(refund["charge"])
    refund["status"] = ending
    refund.pop("pending_reason", None)
    if ending != "succeeded":
        _return(account, charge, refund)
    elif refund["balance_transaction"] is None:
        refund["balance_transaction"] = balance.refund(account, charge, refund)
    if ending == "failed":
        refund["failure_reason"] = reason or "unknown"
    previous = changes.since(before, refund)
    account.record("refund.updated", refund, cause, previous=previous)
    if ending == "failed":
        account.record("refund.failed", refund, cause)
    return refund


def _return(account: Account, charge: Json, refund: Json) -> None:
    """Return the amount to the balance, if it was taken from there, and to the charge."""
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    if refund["balance_transaction"] is None:
        return
    back = balance.reverse(
        account, refund["balance_transaction"], kind="refund_failure", category="refund_failure"
    )
    if back is not None:
        refund["failure_balance_transaction"] = back["id"]


def fail_pending(account: Account, charge: Json) -> None:
    """Fail the refunds of a charge that were pending when its dispute took the money."""
    for refund in tuple(account.refunds.newest_first()):
        if refund["charge"] == charge["id"] and refund["status"] == "pending":
            reason = "charge_for_pending_refund_disputed"
            end(account, refund["id"], "failed", reason=reason)


def cancel(account: Account, identifier: str, cause: Cause) -> Json:
    """POST /v1/refunds/{id}/cancel: only while the customer has to act."""
    refund = account.refunds.get(identifier, param="refund")
    if refund["status"] != "requires_action":
        raise invalid(
            f"Refund {identifier} cannot be canceled: it has a status of {refund['status']}."
        )
    return end(account, identifier, "canceled", reason=None, cause=cause)


def update(account: Account, identifier: str, params: Json, cause: Cause) -> Json:
    """POST /v1/refunds/{id}: only its metadata."""
    refund = account.refunds.get(identifier, param="refund")
    before = copy.deepcopy(refund)
    changes.merge_metadata(refund, params)
    previous = changes.since(before, refund)
    if previous:
        account.record("refund.updated", refund, cause, previous=previous)
    return refund


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the refunds for the list filters created, charge and payment_intent, newest first."""
    for refund in account.refunds.created_within(params.get("created")):
        if all(params.get(name) in (None, refund[name]) for name in ("charge", "payment_intent")):
            yield refund
