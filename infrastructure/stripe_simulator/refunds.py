"""Refunds of captured charges: made at once, or pending until the control path ends them.

`amount_refunded` of a charge counts every refund that has not failed or been canceled. Stripe
keeps its fee. `succeeded` is not final: the bank may still return the money.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from infrastructure.stripe_simulator import charges, currencies
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id
from infrastructure.stripe_simulator.shelf import created_matches

PLANS_LIMIT = 100

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
    amount = _amount(params, charge)
    refund = _refund(account, params, charge, amount)
    account.refunds.put(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]
    movement = charges.settle_refund(account, charge, refund, amount=-amount, kind="refund")
    refund["balance_transaction"] = movement["id"]
    state = plans.take()
    if state != "failed":
        refund["status"] = state
    if state == "pending":
        refund["pending_reason"] = "processing"
    account.record("refund.created", refund, cause)
    account.record("charge.refunded", charge, cause)
    if state == "failed":
        end(account, refund["id"], "failed", reason="unknown")
    return refund


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
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }


def end(account: Account, identifier: str, ending: Ending, *, reason: str | None) -> Json:
    """End a refund as the bank does, even after `succeeded`; ValueError if impossible."""
    refund = account.refunds.get(identifier)
    if refund["status"] not in BEFORE[ending]:
        raise ValueError(f"the refund is {refund['status']}")
    refund["status"] = ending
    refund.pop("pending_reason", None)
    if ending == "succeeded":
        account.record("refund.updated", refund, NO_REQUEST)
        return refund
    charge = account.charges.get(refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    movement = charges.settle_refund(
        account, charge, refund, amount=refund["amount"], kind="refund_failure"
    )
    refund["failure_balance_transaction"] = movement["id"]
    if ending == "failed":
        refund["failure_reason"] = reason or "unknown"
    account.record("refund.updated", refund, NO_REQUEST)
    if ending == "failed":
        account.record("refund.failed", refund, NO_REQUEST)
    return refund


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the refunds for the list filters created, charge and payment_intent, newest first."""
    for refund in account.refunds.newest_first():
        if created_matches(refund, params.get("created")) and all(
            params.get(name) in (None, refund[name]) for name in ("charge", "payment_intent")
        ):
            yield refund
