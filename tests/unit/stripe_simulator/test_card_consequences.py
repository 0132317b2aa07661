"""Stripe's test cards and test evidence: what follows from them without the control path."""

from typing import Any

import pytest

from infrastructure.stripe_simulator import agenda, disputes, fraud_warnings, refunds
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, MoneySettings
from tests.unit.stripe_simulator.money import DAY, funds, kinds, moved, paid, paid_by_card, total


@pytest.fixture
def account() -> Account:
    return Account(Configuration())


def refunded(account: Account, charge: dict[str, Any], *plans: str) -> dict[str, Any]:
    planned = refunds.RefundPlans()
    for status in plans:
        planned.add(refunds.Plan(status=status))  # type: ignore[arg-type]  # a plain string here
    return refunds.create(account, {"charge": charge["id"]}, plans=planned, cause=NO_REQUEST)


def submit(account: Account, dispute: dict[str, Any], text: str) -> None:
    evidence = {"evidence": {"uncategorized_text": text}}
    disputes.update(account, dispute["id"], evidence, NO_REQUEST)
    agenda.run_due(account)


@pytest.mark.parametrize(
    ("last4", "reason", "status"),
    [
        ("0259", "fraudulent", "needs_response"),
        ("2685", "product_not_received", "needs_response"),
        ("1976", "fraudulent", "warning_needs_response"),
    ],
)
def test_a_payment_by_a_disputed_card_is_disputed(
    account: Account, last4: str, reason: str, status: str
) -> None:
    charge = paid_by_card(account, last4)
    (dispute,) = account.disputes.objects.values()
    assert (dispute["charge"], dispute["reason"], dispute["status"]) == (
        charge["id"],
        reason,
        status,
    )
    assert charge["balance_transaction"] is not None
    agenda.run_due(account)
    assert len(account.disputes.objects) == 1


def test_a_payment_by_a_suspected_card_has_a_warning(account: Account) -> None:
    charge = paid_by_card(account, "5423")
    (warning,) = account.fraud_warnings.objects.values()
    assert (warning["charge"], list(account.disputes.objects)) == (charge["id"], [])


def test_other_cards_are_neither_disputed_nor_suspected(account: Account) -> None:
    paid(account)
    assert [*account.disputes.objects, *account.fraud_warnings.objects] == []


def test_a_warning_that_exists_is_not_repeated_by_the_card(account: Account) -> None:
    charge = paid(account)
    fraud_warnings.warn(account, fraud_warnings.Suspicion(charge["id"]))
    charge["payment_method_details"]["card"]["last4"] = "5423"
    account.schedule(account.clock.now(), "follow_card", charge["id"])
    agenda.run_due(account)
    assert len(account.fraud_warnings.objects) == 1


def test_a_refund_begins_pending_or_fails_later_as_the_card_asks(account: Account) -> None:
    charges = [paid_by_card(account, digits) for digits in ("7726", "5126", "7726")]
    slow, failing = (refunded(account, each) for each in charges[:2])
    planned = refunded(account, charges[2], "requires_action")
    assert [each["status"] for each in (slow, failing, planned)] == [
        "pending",
        "succeeded",
        "requires_action",
    ]
    agenda.run_due(account)
    assert (slow["status"], failing["status"]) == ("succeeded", "failed")
    assert planned["status"] == "requires_action"
    assert kinds(account).count("refund.failed") == 1
    assert funds(account) == total(account)


def test_a_refund_of_a_slow_card_is_pending_until_the_lag_is_over(account: Account) -> None:
    account.settings = MoneySettings(settlement_lag_seconds=DAY)
    made = refunded(account, paid_by_card(account, "7726"))
    assert (made["status"], made["pending_reason"]) == ("pending", "processing")
    agenda.advance(account, DAY - 60)
    assert made["status"] == "pending"
    agenda.advance(account, 60)
    assert made["status"] == "succeeded"


def test_the_funds_of_one_card_are_available_at_once(account: Account) -> None:
    charge = paid_by_card(account, "0077")
    transaction = moved(account, charge["balance_transaction"])
    assert (transaction["status"], account.money.funds.available["sar"]) == ("available", 48_450)


@pytest.mark.parametrize(
    ("text", "status", "net"),
    [
        ("winning_evidence", "won", 0),
        ("losing_evidence", "lost", -51_500),
        ("the passenger has flown", "under_review", -51_500),
    ],
)
def test_the_bank_of_the_test_mode_decides_by_the_evidence_text(
    account: Account, text: str, status: str, net: int
) -> None:
    charge = paid(account)
    before = funds(account)["sar"]
    dispute = disputes.open_dispute(account, disputes.Opening(charge["id"]))
    submit(account, dispute, text)
    assert (dispute["status"], funds(account)["sar"] - before) == (status, net)


def test_an_inquiry_ends_or_becomes_a_dispute_by_its_evidence_text(account: Account) -> None:
    inquiries = [
        disputes.open_dispute(account, disputes.Opening(paid(account)["id"], inquiry=True))
        for _ in range(3)
    ]
    refunded(account, account.charges.get(inquiries[2]["charge"]))
    texts = ("winning_evidence", "escalate_inquiry_evidence", "escalate_inquiry_evidence")
    for inquiry, text in zip(inquiries, texts, strict=True):
        submit(account, inquiry, text)
    assert [each["status"] for each in inquiries] == [
        "warning_closed",
        "needs_response",
        "warning_under_review",
    ]
    submit(account, inquiries[1], "winning_evidence")
    assert inquiries[1]["status"] == "won"
    assert funds(account) == total(account)
