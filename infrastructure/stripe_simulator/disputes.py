"""Disputes: a bank takes a payment back, or asks about it first, and decides on the evidence.

An inquiry (`warning_…`) moves no money. A dispute takes its amount and a fee from the balance at
once; a won one returns the amount, and the fee only where the bank's decision says so.
Source: https://docs.stripe.com/disputes/how-disputes-work
"""

import contextlib
import copy
from collections.abc import Iterable
from typing import Literal

import msgspec

from infrastructure.stripe_simulator import balance, changes, charges, fraud_warnings, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account, Cause
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

DAY_SECONDS = 24 * 3600
MISS_DEADLINE = "miss_deadline"
DECIDE = "decide_dispute"

# Evidence text by which the bank of the test mode decides.
# Source: https://docs.stripe.com/testing#evidence
WINNING, LOSING = "winning_evidence", "losing_evidence"
ESCALATING = "escalate_inquiry_evidence"

Reason = Literal[
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
]
Decision = Literal["won", "lost", "warning_closed"]

# The states that wait for evidence, and what each becomes with it.
SUBMITTED = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
INQUIRY = frozenset({"warning_needs_response", "warning_under_review"})
OPEN = INQUIRY | {"needs_response", "under_review"}
# Won after lost is possible: an appeal.
BEFORE: dict[str, frozenset[str]] = {
    "won": frozenset({"needs_response", "under_review", "lost"}),
    "lost": frozenset({"needs_response", "under_review"}),
    "warning_closed": INQUIRY,
}

EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """A bank's complaint about a charge, named by its id or its PaymentIntent's.

    Without an `amount`, in minor units of the charge, all that is not refunded. An `inquiry` asks
    first. Evidence is due after the account's `evidence_days` unless `due_seconds` differs.
    """

    charge: str
    amount: int | None = None
    reason: Reason = "fraudulent"
    inquiry: bool = False
    due_seconds: int | None = None


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """The bank's decision; with `fee_returned` a won dispute returns its fee too."""

    dispute: str
    status: Decision
    fee_returned: bool = False


def open_dispute(account: Account, opening: Opening) -> Json:
    """Open a dispute or an inquiry; ValueError if the charge has an open one."""
    charge = charges.named(account, opening.charge)
    if any(
        each["charge"] == charge["id"] and each["status"] in OPEN
        for each in account.disputes.newest_first()
    ):
        raise ValueError("the charge has an open dispute")
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    amount = (left or charge["amount_captured"]) if opening.amount is None else opening.amount
    if amount < 1:
        raise ValueError("the amount is at least 1")
    dispute = account.disputes.put(_dispute(account, charge, opening, amount))
    charge["disputed"] = True
    if not opening.inquiry:
        _withdraw(account, charge, dispute)
    account.record("charge.dispute.created", dispute, NO_REQUEST)
    if not opening.inquiry:
        account.record("charge.dispute.funds_withdrawn", dispute, NO_REQUEST)
        refunds.fail_pending(account, charge)
    fraud_warnings.close_for(account, charge)
    return dispute


def _dispute(account: Account, charge: Json, opening: Opening, amount: int) -> Json:
    now, days = account.clock.now(), account.settings.evidence_days
    due_by = now + (days * DAY_SECONDS if opening.due_seconds is None else opening.due_seconds)
    identifier = new_id("dp", 24)
    account.schedule(due_by + 1, MISS_DEADLINE, identifier)
    card = charge["payment_method_details"].get("card") or {}
    brand = card.get("brand", "visa")
    return {
        "id": identifier,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": opening.inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": brand,
                "case_type": "inquiry" if opening.inquiry else "chargeback",
                "network": brand,
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": opening.reason,
        "status": "warning_needs_response" if opening.inquiry else "needs_response",
    }


def _withdraw(account: Account, charge: Json, dispute: Json) -> None:
    exchanged = balance.exchanged_like(account, charge, -dispute["amount"])
    movement = balance.Movement(
        exchanged=exchanged,
        type="adjustment",
        category="dispute",
        source=dispute["id"],
        description=f"Chargeback withdrawal for {charge['id']}",
        fee=balance.fixed_fee(account.settings.dispute_fee, exchanged.currency),
        fee_description="Dispute fee",
    )
    dispute["balance_transactions"].append(balance.move(account, movement))


def escalate(account: Account, identifier: str) -> Json:
    """Turn an inquiry into a dispute, which takes what is not refunded.

    ValueError for any other dispute, and when nothing is left to take.
    """
    dispute = account.disputes.get(identifier)
    if dispute["status"] not in INQUIRY:
        raise ValueError(f"the dispute is {dispute['status']}")
    charge = account.charges.get(dispute["charge"])
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        raise ValueError("the charge is refunded")
    before = copy.deepcopy(dispute)
    dispute["amount"] = min(dispute["amount"], left)
    due_by = account.clock.now() + account.settings.evidence_days * DAY_SECONDS
    dispute["status"] = "needs_response"
    dispute["is_charge_refundable"] = False
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence_details"]["due_by"] = due_by
    account.schedule(due_by + 1, MISS_DEADLINE, identifier)
    _withdraw(account, charge, dispute)
    previous = changes.since(before, dispute)
    account.record("charge.dispute.updated", dispute, NO_REQUEST, previous=previous)
    account.record("charge.dispute.funds_withdrawn", dispute, NO_REQUEST)
    refunds.fail_pending(account, charge)
    return dispute


def update(account: Account, identifier: str, params: Json, cause: Cause) -> Json:
    """POST /v1/disputes/{id}: stages evidence or submits it to the bank, once.

    Evidence is submitted unless `submit` is false.
    """
    dispute = account.disputes.get(identifier, param="dispute")
    before = copy.deepcopy(dispute)
    evidence = params.get("evidence") or {}
    submits = params.get("submit", bool(evidence))
    if (evidence or submits) and not _takes_evidence(account, dispute):
        raise invalid(f"This dispute takes no evidence: it has a status of {dispute['status']}.")
    dispute["evidence"].update(evidence)
    details = dispute["evidence_details"]
    details["has_evidence"] = any(dispute["evidence"].values())
    if submits:
        details["submission_count"] += 1
        dispute["status"] = SUBMITTED[dispute["status"]]
        lag = account.settings.settlement_lag_seconds
        account.schedule(account.clock.now() + lag, DECIDE, identifier)
    changes.merge_metadata(dispute, params)
    previous = changes.since(before, dispute)
    if previous:
        account.record("charge.dispute.updated", dispute, cause, previous=previous)
    return dispute


def decide(account: Account, identifier: str) -> None:
    """Decide as the evidence text of the test mode asks; any other text decides nothing."""
    dispute = account.disputes.objects.get(identifier)
    if dispute is None or dispute["status"] not in SUBMITTED.values():
        return
    text = dispute["evidence"]["uncategorized_text"]
    inquiry = dispute["status"] in INQUIRY
    if inquiry and text == ESCALATING:
        # A charge that is refunded by now has nothing to escalate.
        with contextlib.suppress(ValueError):
            escalate(account, identifier)
    elif inquiry and text in (WINNING, LOSING):
        _end(account, dispute, "warning_closed", NO_REQUEST)
    elif text == WINNING:
        _end(account, dispute, "won", NO_REQUEST, fee_returned=True)
    elif text == LOSING:
        _end(account, dispute, "lost", NO_REQUEST)


def _takes_evidence(account: Account, dispute: Json) -> bool:
    in_time = account.clock.now() <= dispute["evidence_details"]["due_by"]
    return in_time and dispute["status"] in SUBMITTED


def close(account: Account, identifier: str, cause: Cause) -> Json:
    """POST /v1/disputes/{id}/close: accepts a dispute that waits for evidence, as lost."""
    dispute = account.disputes.get(identifier, param="dispute")
    if dispute["status"] not in SUBMITTED:
        raise invalid(f"This dispute cannot be closed: it has a status of {dispute['status']}.")
    inquiry = dispute["status"] in INQUIRY
    return _end(account, dispute, "warning_closed" if inquiry else "lost", cause)


def end(account: Account, ending: Ending) -> Json:
    """End a dispute as the bank decides; ValueError if it cannot end so."""
    dispute = account.disputes.get(ending.dispute)
    if dispute["status"] not in BEFORE[ending.status]:
        raise ValueError(f"the dispute is {dispute['status']}")
    return _end(account, dispute, ending.status, NO_REQUEST, fee_returned=ending.fee_returned)


def miss_deadline(account: Account, identifier: str) -> None:
    """Decide what nobody answered in time: a dispute is lost, an inquiry ends."""
    dispute = account.disputes.objects.get(identifier)
    if dispute is None or dispute["status"] not in SUBMITTED:
        return
    if account.clock.now() <= dispute["evidence_details"]["due_by"]:
        return
    dispute["evidence_details"]["past_due"] = True
    inquiry = dispute["status"] in INQUIRY
    _end(account, dispute, "warning_closed" if inquiry else "lost", NO_REQUEST)


def _end(
    account: Account,
    dispute: Json,
    status: Decision,
    cause: Cause,
    *,
    fee_returned: bool = False,
) -> Json:
    before = copy.deepcopy(dispute)
    dispute["status"] = status
    dispute["is_charge_refundable"] = status != "lost"
    previous = changes.since(before, dispute)
    account.record("charge.dispute.closed", dispute, cause, previous=previous)
    if status == "won":
        _reinstate(account, dispute, fee_returned=fee_returned)
    return dispute


def _reinstate(account: Account, dispute: Json, *, fee_returned: bool) -> None:
    before = copy.deepcopy(dispute)
    taken = dispute["balance_transactions"][0]
    back = balance.reverse(
        account,
        taken["id"],
        kind="adjustment",
        category="dispute_reversal",
        fee=-taken["fee"] if fee_returned else 0,
    )
    if back is None:
        return
    dispute["balance_transactions"].append(back)
    previous = changes.since(before, dispute)
    account.record("charge.dispute.funds_reinstated", dispute, NO_REQUEST, previous=previous)


def matching(account: Account, params: Json) -> Iterable[Json]:
    """Return the disputes for the list filters charge, created, payment_intent, newest first."""
    for dispute in account.disputes.created_within(params.get("created")):
        if all(params.get(name) in (None, dispute[name]) for name in ("charge", "payment_intent")):
            yield dispute
