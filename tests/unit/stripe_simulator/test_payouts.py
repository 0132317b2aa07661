"""Payouts of the simulated account: what they pay out, and what comes back."""

from typing import Any

import pytest

from infrastructure.stripe_simulator import agenda, balance, disputes, payouts, refunds, snapshot
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, MoneySettings
from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.payouts import Ending, Request
from tests.unit.stripe_simulator.money import DAY, funds, kinds, moved, paid, total


@pytest.fixture
def account() -> Account:
    return Account(Configuration())


def available(account: Account, *payments: tuple[int, str]) -> list[dict[str, Any]]:
    """Return the charges of payments whose funds are available."""
    charges = [paid(account, amount, currency) for amount, currency in payments]
    agenda.advance(account, 7 * DAY)
    return charges


def paid_out(account: Account, payout: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the payout paid out, without its own transaction."""
    listed = balance.matching(account, {"payout": payout["id"]})
    return [each for each in listed if each["source"] != payout["id"]]


def made(account: Account) -> dict[str, Any]:
    """Return the only payout of what is available, with its list complete."""
    (payout,) = payouts.pay_out(account, Request())
    agenda.run_due(account)
    return payout


def test_a_payout_is_the_sum_of_what_it_pays_out(account: Account) -> None:
    charge, _ = available(account, (50_000, "sar"), (30_000, "sar"))
    refunds.create(account, {"charge": charge["id"]}, plans=refunds.RefundPlans(), cause=NO_REQUEST)
    paid(account, 90_000)
    payout = made(account)
    assert payout["amount"] == 48_450 + 29_030 - 50_000
    assert sum(each["net"] for each in paid_out(account, payout)) == payout["amount"]
    assert [each["type"] for each in paid_out(account, payout)] == ["refund", "charge", "charge"]
    own = moved(account, payout["balance_transaction"])
    assert (own["amount"], own["fee"], own["type"]) == (-payout["amount"], 0, "payout")
    assert balance.balance(account)["available"][0]["amount"] == 0
    assert funds(account) == total(account)


@pytest.mark.parametrize(
    ("amount", "currency", "net"),
    [(50_000, "sar", 48_450), (50_000, "kwd", 47_550), (5_000, "jpy", 4_854)],
)
def test_each_settlement_currency_is_paid_out_by_itself(
    account: Account, amount: int, currency: str, net: int
) -> None:
    available(account, (amount, currency), (1_000, "usd"))
    made_for = payouts.pay_out(account, Request(currency.upper()))
    assert [(each["amount"], each["currency"]) for each in made_for] == [(net, currency)]
    assert [each["currency"] for each in payouts.pay_out(account, Request())] == ["usd"]
    assert payouts.pay_out(account, Request()) == []


def test_a_payout_is_listed_once_its_list_is_complete_and_paid_when_it_arrives(
    account: Account,
) -> None:
    available(account, (50_000, "sar"))
    (payout,) = payouts.pay_out(account, Request())
    assert (payout["status"], payout["reconciliation_status"]) == ("in_transit", "in_progress")
    assert paid_out(account, payout) == []
    agenda.run_due(account)
    assert payout["reconciliation_status"] == "completed"
    assert len(paid_out(account, payout)) == 1
    agenda.advance(account, 2 * DAY)
    assert (payout["status"], payout["trace_id"]["status"]) == ("paid", "supported")
    assert [kind for kind in kinds(account) if kind.startswith("payout")] == [
        "payout.created",
        "payout.reconciliation_completed",
        "payout.paid",
    ]


@pytest.mark.parametrize("earlier", ["in_transit", "paid"])
def test_a_failed_payout_returns_and_is_paid_out_again(account: Account, earlier: str) -> None:
    available(account, (50_000, "sar"))
    payout = made(account)
    if earlier == "paid":
        payouts.end(account, Ending(payout["id"], "paid"))
    payouts.end(account, Ending(payout["id"], "failed", code="no_account"))
    assert (payout["status"], payout["failure_code"]) == ("failed", "no_account")
    back = moved(account, payout["failure_balance_transaction"])
    assert (back["type"], back["net"], back["status"]) == ("payout_failure", 48_450, "available")
    assert kinds(account)[-1] == "payout.failed"
    agenda.advance(account, 3 * DAY)
    assert payout["status"] == "failed"
    again = made(account)
    assert (again["amount"], [each["id"] for each in paid_out(account, again)]) == (
        48_450,
        [back["id"]],
    )
    with pytest.raises(ValueError, match="failed"):
        payouts.end(account, Ending(payout["id"], "paid"))


def test_a_negative_balance_is_taken_from_the_bank(account: Account) -> None:
    (charge,) = available(account, (50_000, "sar"))
    made(account)
    disputes.open_dispute(account, disputes.Opening(charge["id"]))
    payout = made(account)
    assert (payout["amount"], payout["status"]) == (-51_500, "in_transit")
    assert moved(account, payout["balance_transaction"])["net"] == 51_500
    assert sum(each["net"] for each in paid_out(account, payout)) == -51_500
    assert funds(account) == total(account) == {}


def test_daily_payouts_are_made_at_each_midnight_on_the_way(account: Account) -> None:
    account.settings = MoneySettings(payouts_daily=True)
    paid(account)
    agenda.advance(account, 2 * DAY)
    paid(account, 30_000)
    agenda.advance(account, 12 * DAY)
    found = list(account.payouts.objects.values())
    assert [each["amount"] for each in found] == [48_450, 29_030]
    assert all(each["created"] % DAY < 3600 for each in found)
    assert [each["status"] for each in found] == ["paid", "paid"]


def test_nothing_is_paid_out_without_being_asked(account: Account) -> None:
    available(account, (50_000, "sar"))
    assert list(account.payouts.objects) == []


def by_hand(account: Account, **changes: Any) -> dict[str, Any]:
    return payouts.create(account, {"amount": 10_000, "currency": "sar", **changes}, NO_REQUEST)


def test_a_payout_by_hand_is_not_itemised_and_reduces_the_next_automatic_one(
    account: Account,
) -> None:
    available(account, (50_000, "sar"))
    manual = by_hand(account)
    assert (manual["status"], manual["reconciliation_status"]) == ("pending", "not_applicable")
    with pytest.raises(ApiError, match="only be filtered on automatic"):
        paid_out(account, manual)
    automatic = made(account)
    assert automatic["amount"] == 38_450
    assert sum(each["net"] for each in paid_out(account, automatic)) == 38_450
    agenda.advance(account, DAY)
    assert manual["status"] == "in_transit"
    with pytest.raises(ApiError, match="in_transit"):
        payouts.cancel(account, manual["id"], NO_REQUEST)
    agenda.advance(account, DAY)
    assert manual["status"] == "paid"


def test_a_pending_payout_by_hand_can_be_cancelled(account: Account) -> None:
    available(account, (50_000, "sar"))
    before = funds(account)
    manual = by_hand(account)
    payouts.cancel(account, manual["id"], NO_REQUEST)
    assert (manual["status"], funds(account)) == ("canceled", before)
    back = moved(account, manual["failure_balance_transaction"])
    assert (back["type"], kinds(account)[-1]) == ("payout_cancel", "payout.canceled")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 48_451}, "balance_insufficient"),
        ({"amount": 0}, "parameter_invalid_integer"),
        ({"currency": "kwd", "amount": 10_001}, "invalid_charge_amount"),
        ({"currency": "kwd"}, "balance_insufficient"),
    ],
)
def test_a_payout_by_hand_that_is_impossible_is_refused(
    account: Account, changes: dict[str, Any], code: str
) -> None:
    available(account, (50_000, "sar"))
    with pytest.raises(ApiError) as caught:
        by_hand(account, **changes)
    assert caught.value.body["code"] == code
    assert list(account.payouts.objects) == []


def test_a_restart_keeps_payouts_disputes_and_their_deadlines(
    account: Account, tmp_path: Any
) -> None:
    first, second = available(account, (50_000, "sar"), (30_000, "sar"))
    payout = made(account)
    won, missed = (
        disputes.open_dispute(account, disputes.Opening(each["id"])) for each in (first, second)
    )
    snapshot.save(snapshot.encoded(account), tmp_path / "state")
    again = Account(Configuration())
    snapshot.load(again, tmp_path / "state")
    assert paid_out(again, payout) == paid_out(account, payout)
    disputes.end(again, disputes.Ending(won["id"], "won", fee_returned=True))
    agenda.advance(again, 8 * DAY)
    assert again.payouts.get(payout["id"])["status"] == "paid"
    assert again.disputes.get(missed["id"])["status"] == "lost"
    assert funds(again) == total(again) == {"sar": -31_500}
    (negative,) = payouts.pay_out(again, Request())
    assert negative["amount"] == -31_500
