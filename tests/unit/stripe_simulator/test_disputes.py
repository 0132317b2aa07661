"""Disputes of the simulated account: what they take, what they return, and when."""

from decimal import Decimal
from typing import Any

import pytest

from infrastructure.stripe_simulator import agenda, disputes, fraud_warnings, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, Exchange, MoneySettings
from infrastructure.stripe_simulator.disputes import Ending, Opening
from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.fraud_warnings import Suspicion
from tests.unit.stripe_simulator.money import DAY, funds, kinds, newest, paid, total


@pytest.fixture
def account() -> Account:
    return Account(Configuration())


def opened(account: Account, charge: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return disputes.open_dispute(account, Opening(charge["id"], **fields))


def refund(account: Account, charge: dict[str, Any], **plan: Any) -> dict[str, Any]:
    plans = refunds.RefundPlans()
    if plan:
        plans.add(refunds.Plan(**plan))
    return refunds.create(account, {"charge": charge["id"]}, plans=plans, cause=NO_REQUEST)


def end(account: Account, dispute: dict[str, Any], status: Any, **fields: Any) -> None:
    disputes.end(account, Ending(dispute["id"], status, **fields))


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(50_000, "sar", 1_500), (50_000, "kwd", 15_000), (50_000, "jpy", 15)],
)
def test_a_dispute_takes_its_amount_and_a_fee_at_once(
    account: Account, amount: int, currency: str, fee: int
) -> None:
    charge = paid(account, amount, currency)
    before = funds(account)[currency]
    dispute = opened(account, charge)
    taken = dispute["balance_transactions"][0]
    assert (taken["amount"], taken["fee"], taken["net"]) == (-amount, fee, -amount - fee)
    assert (taken["type"], taken["reporting_category"]) == ("adjustment", "dispute")
    assert (taken["source"], taken["status"]) == (dispute["id"], "available")
    assert taken["fee_details"][0]["description"] == "Dispute fee"
    assert funds(account)[currency] == before - amount - fee
    assert (dispute["status"], charge["disputed"]) == ("needs_response", True)
    assert dispute["evidence_details"]["due_by"] == dispute["created"] + 7 * DAY
    assert kinds(account)[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_an_inquiry_takes_no_money_until_it_becomes_a_dispute(account: Account) -> None:
    charge = paid(account)
    before = funds(account)
    dispute = opened(account, charge, inquiry=True)
    assert (dispute["status"], dispute["balance_transactions"]) == ("warning_needs_response", [])
    assert dispute["is_charge_refundable"]
    assert funds(account) == before
    disputes.escalate(account, dispute["id"])
    assert (dispute["status"], dispute["is_charge_refundable"]) == ("needs_response", False)
    assert funds(account)["sar"] == before["sar"] - 51_500
    assert kinds(account)[-1] == "charge.dispute.funds_withdrawn"
    with pytest.raises(ValueError, match="needs_response"):
        disputes.escalate(account, dispute["id"])


def test_a_won_dispute_returns_its_amount_and_a_fee_only_if_the_bank_does(
    account: Account,
) -> None:
    charge, other = paid(account), paid(account)
    before = funds(account)["sar"]
    end(account, opened(account, charge), "won")
    assert funds(account)["sar"] == before - 1_500
    dispute = opened(account, other)
    end(account, dispute, "won", fee_returned=True)
    assert funds(account)["sar"] == before - 1_500
    returned = dispute["balance_transactions"][1]
    assert (returned["amount"], returned["fee"], returned["net"]) == (50_000, -1_500, 51_500)
    assert returned["reporting_category"] == "dispute_reversal"
    assert kinds(account)[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert newest(account, "charge.dispute.closed")[1] == {
        "status": "needs_response",
        "is_charge_refundable": False,
    }


def test_a_lost_dispute_keeps_the_money_and_may_be_won_on_appeal(account: Account) -> None:
    dispute = opened(account, paid(account))
    before = funds(account)
    end(account, dispute, "lost")
    assert (dispute["status"], funds(account)) == ("lost", before)
    assert kinds(account)[-1] == "charge.dispute.closed"
    with pytest.raises(ValueError, match="lost"):
        end(account, dispute, "lost")
    end(account, dispute, "won")
    assert funds(account)["sar"] == before["sar"] + 50_000


def test_money_that_a_dispute_returns_is_what_it_took(account: Account) -> None:
    def rate(text: str) -> None:
        exchanges = {"sar": Exchange("usd", Decimal(text))}
        account.settings = MoneySettings(exchanges=exchanges)

    rate("0.26")
    charge = paid(account)
    rate("0.27")
    dispute = opened(account, charge)
    rate("0.28")
    end(account, dispute, "won", fee_returned=True)
    took, returned = dispute["balance_transactions"]
    assert (took["amount"], took["currency"], took["fee"]) == (-13_500, "usd", 1_500)
    assert took["net"] + returned["net"] == 0
    assert funds(account) == total(account)


@pytest.mark.parametrize("status", ["needs_response", "under_review", "lost"])
def test_a_charge_whose_money_a_dispute_holds_is_not_refunded(
    account: Account, status: str
) -> None:
    charge = paid(account)
    dispute = opened(account, charge)
    if status == "under_review":
        evidence = {"evidence": {"uncategorized_text": "flown"}}
        disputes.update(account, dispute["id"], evidence, NO_REQUEST)
    if status == "lost":
        end(account, dispute, "lost")
    assert dispute["status"] == status
    with pytest.raises(ApiError) as caught:
        refund(account, charge)
    assert (caught.value.status, caught.value.body["code"]) == (400, "charge_disputed")
    assert charge["amount_refunded"] == 0


def test_a_charge_is_refunded_in_an_inquiry_and_after_a_won_dispute(account: Account) -> None:
    charge, other = paid(account), paid(account)
    inquiry = opened(account, charge, inquiry=True)
    assert refund(account, charge)["status"] == "succeeded"
    with pytest.raises(ValueError, match="refunded"):
        disputes.escalate(account, inquiry["id"])
    end(account, opened(account, other), "won")
    assert refund(account, other)["status"] == "succeeded"


def test_a_pending_refund_fails_when_its_charge_is_disputed(account: Account) -> None:
    charge = paid(account)
    before = funds(account)["sar"]
    made = refund(account, charge, status="pending")
    dispute = opened(account, charge, amount=50_000)
    assert (made["status"], made["failure_reason"]) == (
        "failed",
        "charge_for_pending_refund_disputed",
    )
    assert charge["amount_refunded"] == 0
    assert funds(account)["sar"] == before - 51_500
    assert dispute["status"] == "needs_response"
    assert kinds(account)[-2:] == ["refund.updated", "refund.failed"]


def test_a_dispute_is_for_all_that_is_not_refunded_or_for_the_amount_of_the_bank(
    account: Account,
) -> None:
    charge = paid(account)
    refunds.create(
        account,
        {"charge": charge["id"], "amount": 20_000},
        plans=refunds.RefundPlans(),
        cause=NO_REQUEST,
    )
    assert opened(account, charge)["amount"] == 30_000
    assert opened(account, paid(account), amount=777)["amount"] == 777
    for charge_id, amount in ((charge["id"], None), (paid(account)["id"], 0)):
        with pytest.raises(ValueError, match=r"open dispute|at least 1"):
            disputes.open_dispute(account, Opening(charge_id, amount=amount))


def test_evidence_is_staged_and_then_submitted_once(account: Account) -> None:
    dispute = opened(account, paid(account))
    staged = {"evidence": {"customer_name": "A"}, "submit": False}
    disputes.update(account, dispute["id"], staged, NO_REQUEST)
    details = dispute["evidence_details"]
    assert (dispute["status"], details["has_evidence"]) == ("needs_response", True)
    assert newest(account, "charge.dispute.updated")[1] == {
        "evidence": {"customer_name": None},
        "evidence_details": {"has_evidence": False},
    }
    disputes.update(account, dispute["id"], {"submit": True}, NO_REQUEST)
    assert (dispute["status"], details["submission_count"]) == ("under_review", 1)
    with pytest.raises(ApiError, match="takes no evidence"):
        disputes.update(account, dispute["id"], staged, NO_REQUEST)
    disputes.update(account, dispute["id"], {"metadata": {"case": "1"}}, NO_REQUEST)
    assert dispute["metadata"] == {"case": "1"}
    end(account, dispute, "won")


def test_a_dispute_that_nobody_answers_is_lost_and_an_inquiry_ends(account: Account) -> None:
    dispute = opened(account, paid(account))
    inquiry = opened(account, paid(account), inquiry=True)
    answered = opened(account, paid(account))
    evidence = {"evidence": {"receipt": "file_1"}}
    disputes.update(account, answered["id"], evidence, NO_REQUEST)
    agenda.advance(account, 7 * DAY - 60)
    assert dispute["status"] == "needs_response"
    agenda.advance(account, 120)
    assert (dispute["status"], dispute["evidence_details"]["past_due"]) == ("lost", True)
    assert (inquiry["status"], answered["status"]) == ("warning_closed", "under_review")


def test_a_closed_dispute_is_lost_and_a_closed_inquiry_ends(account: Account) -> None:
    dispute = opened(account, paid(account))
    inquiry = opened(account, paid(account), inquiry=True)
    assert disputes.close(account, dispute["id"], NO_REQUEST)["status"] == "lost"
    assert disputes.close(account, inquiry["id"], NO_REQUEST)["status"] == "warning_closed"
    with pytest.raises(ApiError, match="cannot be closed"):
        disputes.close(account, dispute["id"], NO_REQUEST)


@pytest.mark.parametrize("end_of_suspicion", ["refund", "dispute"])
def test_a_warning_is_actionable_until_its_charge_is_refunded_or_disputed(
    account: Account, end_of_suspicion: str
) -> None:
    charge = paid(account)
    before = funds(account)
    warning = fraud_warnings.warn(account, Suspicion(charge["payment_intent"]))
    assert (warning["charge"], warning["actionable"]) == (charge["id"], True)
    assert (kinds(account)[-1], funds(account)) == ("radar.early_fraud_warning.created", before)
    with pytest.raises(ValueError, match="warning"):
        fraud_warnings.warn(account, Suspicion(charge["id"]))
    if end_of_suspicion == "refund":
        refund(account, charge)
    else:
        opened(account, charge)
    assert newest(account, "radar.early_fraud_warning.updated") == (warning, {"actionable": True})
    assert not warning["actionable"]
