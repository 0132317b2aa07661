"""Refunds of the simulated account: the remainder, the balance, the events."""

from decimal import Decimal
from typing import Any

import pytest

from infrastructure.stripe_simulator import agenda, balance, intents, refunds, snapshot
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, MoneySettings
from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.refunds import Plan, RefundPlans

DAY = 24 * 3600


def paid(account: Account, amount: int = 50_000, currency: str = "sar") -> dict[str, Any]:
    """Return a captured charge."""
    params = {"amount": amount, "currency": currency, "confirm": True}
    params |= {"payment_method": "pm_card_visa", "capture_method": "automatic"}
    intent = intents.create(account, params, NO_REQUEST)
    return account.charges.get(intent["latest_charge"])


def refund(
    account: Account, charge: dict[str, Any], *, plans: RefundPlans | None = None, **params: Any
) -> dict[str, Any]:
    asked = {"payment_intent": charge["payment_intent"], **params}
    return refunds.create(account, asked, plans=plans or RefundPlans(), cause=NO_REQUEST)


def planned(status: Any) -> RefundPlans:
    plans = RefundPlans()
    plans.add(Plan(status=status))
    return plans


def previous(account: Account) -> dict[str, Any]:
    """Return the earlier values in the newest event."""
    found: dict[str, Any] = next(account.events.newest_first())["data"]["previous_attributes"]
    return found


def kinds(account: Account) -> list[str]:
    return [event["type"] for event in account.events.objects.values()]


def refused(account: Account, charge: dict[str, Any], **params: Any) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        refund(account, charge, **params)
    assert caught.value.status == 400
    return caught.value.body


@pytest.fixture
def account() -> Account:
    return Account(Configuration())


def test_without_an_amount_the_remainder_is_refunded(account: Account) -> None:
    charge = paid(account)
    assert refund(account, charge, amount=20_000)["amount"] == 20_000
    assert (charge["amount_refunded"], charge["refunded"]) == (20_000, False)
    assert refund(account, charge)["amount"] == 30_000
    assert (charge["amount_refunded"], charge["refunded"]) == (50_000, True)
    assert refused(account, charge)["code"] == "charge_already_refunded"


def test_more_than_is_left_is_refused_in_stripes_words(account: Account) -> None:
    charge = paid(account)
    refund(account, charge, amount=20_000)
    error = refused(account, charge, amount=30_001)
    assert error["message"] == (
        "Refund amount (300.01 SAR) is greater than unrefunded amount on charge (300.00 SAR)"
    )
    assert (error["param"], "code" in error) == ("amount", False)
    assert charge["amount_refunded"] == 20_000


def test_a_refund_is_of_one_existing_captured_charge(account: Account) -> None:
    charge = paid(account)
    assert refused(account, charge, amount=0)["code"] == "parameter_invalid_integer"
    nothing: dict[str, Any] = {}
    open_intent = intents.create(account, {"amount": 500, "currency": "sar"}, NO_REQUEST)
    both = {"charge": charge["id"], "payment_intent": charge["payment_intent"]}
    for params in (nothing, both, {"payment_intent": open_intent["id"]}, {"charge": "ch_none"}):
        with pytest.raises(ApiError):
            refunds.create(account, params, plans=RefundPlans(), cause=NO_REQUEST)
    by_charge = {"charge": charge["id"]}
    assert refunds.create(account, by_charge, plans=RefundPlans(), cause=NO_REQUEST)["charge"]


def test_an_authorisation_is_not_refunded_but_cancelled(account: Account) -> None:
    params = {"amount": 500, "currency": "sar", "confirm": True, "capture_method": "manual"}
    intent = intents.create(account, {**params, "payment_method": "pm_card_visa"}, NO_REQUEST)
    charge = account.charges.get(intent["latest_charge"])
    assert "does not have a successful charge" in refused(account, charge)["message"]
    intents.capture(account, intent["id"], {"amount_to_capture": 300}, NO_REQUEST)
    assert refund(account, charge)["amount"] == 300


def test_three_decimal_money_is_refunded_in_tens(account: Account) -> None:
    charge = paid(account, 51_240, "kwd")
    assert refused(account, charge, amount=51_234)["code"] == "invalid_charge_amount"
    assert refund(account, charge, amount=51_230)["amount"] == 51_230


def test_the_fee_is_kept_and_the_balance_falls_by_the_whole_refund(account: Account) -> None:
    charge = paid(account)
    fee = account.balance_transactions.get(charge["balance_transaction"])["fee"]
    made = refund(account, charge)
    movement = account.balance_transactions.get(made["balance_transaction"])
    assert (movement["type"], movement["source"]) == ("refund", made["id"])
    assert (movement["amount"], movement["fee"], movement["net"]) == (-50_000, 0, -50_000)
    assert balance.balance(account)["pending"][0]["amount"] == -fee


def test_a_refund_settles_at_the_rate_of_the_account() -> None:
    rates = {"kwd": Decimal("12.2")}
    account = Account(Configuration(settlement_currency="sar", exchange_rates=rates))
    made = refund(account, paid(account, 10_000, "kwd"))
    movement = account.balance_transactions.get(made["balance_transaction"])
    assert (movement["amount"], movement["currency"]) == (-12_200, "sar")


def test_a_refund_made_at_once_records_two_events(account: Account) -> None:
    made = refund(account, paid(account), metadata={"refund": "r-1"}, reason="duplicate")
    assert (made["status"], made["metadata"], made["reason"]) == (
        "succeeded",
        {"refund": "r-1"},
        "duplicate",
    )
    assert kinds(account)[-2:] == ["refund.created", "charge.refunded"]


def test_a_planned_refund_waits_until_it_is_ended(account: Account) -> None:
    plans = planned("pending")
    made = refund(account, paid(account), plans=plans)
    assert (made["status"], made["pending_reason"]) == ("pending", "processing")
    assert refund(account, paid(account), plans=plans)["status"] == "succeeded"
    refunds.end(account, made["id"], "succeeded", reason=None)
    assert made["status"] == "succeeded"
    assert "pending_reason" not in made
    assert kinds(account)[-1] == "refund.updated"
    with pytest.raises(ValueError, match="succeeded"):
        refunds.end(account, made["id"], "canceled", reason=None)


@pytest.mark.parametrize("earlier", ["pending", "requires_action", "succeeded"])
def test_a_failed_refund_returns_to_the_balance_and_may_be_made_again(
    account: Account, earlier: str
) -> None:
    charge = paid(account)
    before = balance.balance(account)["pending"][0]["amount"]
    plans = None if earlier == "succeeded" else planned(earlier)
    made = refund(account, charge, plans=plans)
    assert made["status"] == earlier
    refunds.end(account, made["id"], "failed", reason="lost_or_stolen_card")
    assert made["failure_reason"] == "lost_or_stolen_card"
    back = account.balance_transactions.get(made["failure_balance_transaction"])
    assert (back["type"], back["net"]) == ("refund_failure", 50_000)
    assert balance.balance(account)["pending"][0]["amount"] == before
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert kinds(account)[-2:] == ["refund.updated", "refund.failed"]
    with pytest.raises(ValueError, match="failed"):
        refunds.end(account, made["id"], "succeeded", reason=None)
    assert refund(account, charge)["amount"] == 50_000


def test_a_refund_may_fail_as_it_is_made(account: Account) -> None:
    charge = paid(account)
    made = refund(account, charge, plans=planned("failed"))
    assert (made["status"], charge["amount_refunded"]) == ("failed", 0)
    assert kinds(account)[-4:] == [
        "refund.created", "charge.refunded", "refund.updated", "refund.failed",
    ]  # fmt: skip


def test_a_canceled_refund_records_no_failure(account: Account) -> None:
    made = refund(account, paid(account), plans=planned("requires_action"))
    refunds.end(account, made["id"], "canceled", reason=None)
    assert kinds(account)[-1] == "refund.updated"
    assert "failure_reason" not in made


def test_plans_are_bounded_and_count_down() -> None:
    plans = RefundPlans()
    plans.add(Plan(status="pending", times=2))
    assert [plans.take() for _ in range(3)] == ["pending", "pending", "succeeded"]
    with pytest.raises(ValueError, match="times"):
        plans.add(Plan(times=0))
    for _ in range(refunds.PLANS_LIMIT):
        plans.add(Plan())
    with pytest.raises(ValueError, match="at most"):
        plans.add(Plan())


def test_refunds_survive_a_restart(account: Account, tmp_path: Any) -> None:
    made = refund(account, paid(account))
    file = tmp_path / "state.json"
    snapshot.save(snapshot.encoded(account), file)
    again = Account(Configuration())
    snapshot.load(again, file)
    assert again.refunds.get(made["id"]) == made


def test_a_refund_beyond_the_available_balance_waits_for_it(account: Account) -> None:
    account.settings = MoneySettings(refunds_wait_for_balance=True)
    charge = paid(account)
    made = refund(account, charge, amount=40_000)
    assert (made["status"], made["pending_reason"]) == ("pending", "insufficient_funds")
    assert made["balance_transaction"] is None
    assert (charge["amount_refunded"], kinds(account)[-2:]) == (
        40_000,
        ["refund.created", "charge.refunded"],
    )
    agenda.advance(account, 6 * DAY)
    assert made["status"] == "pending"
    agenda.advance(account, DAY)
    assert made["status"] == "succeeded"
    assert account.balance_transactions.get(made["balance_transaction"])["net"] == -40_000
    assert kinds(account)[-1] == "refund.updated"
    assert account.money.waiting_refunds == []


def test_a_refund_that_waits_for_the_balance_returns_no_money_when_it_fails(
    account: Account,
) -> None:
    account.settings = MoneySettings(refunds_wait_for_balance=True)
    charge = paid(account)
    before = balance.balance(account)
    made = refund(account, charge)
    refunds.end(account, made["id"], "failed", reason="insufficient_funds")
    assert (charge["amount_refunded"], balance.balance(account)) == (0, before)
    agenda.advance(account, 8 * DAY)
    assert made["status"] == "failed"
    assert "failure_balance_transaction" not in made


def test_refunds_wait_in_order(account: Account) -> None:
    account.settings = MoneySettings(refunds_wait_for_balance=True)
    large, small = paid(account, 900_000), paid(account, 20_000)
    first = refund(account, large, amount=895_000)
    second = refund(account, small, amount=10_000)
    agenda.advance(account, 7 * DAY)
    # 890,700 are available after the fees: too little for the first, so the second waits too.
    assert (first["status"], second["status"]) == ("pending", "pending")
    account.settings = MoneySettings()
    agenda.run_due(account)
    assert (first["status"], second["status"]) == ("succeeded", "succeeded")


def test_only_a_refund_that_waits_for_the_customer_is_cancelled(account: Account) -> None:
    made = refund(account, paid(account), plans=planned("requires_action"))
    assert refunds.cancel(account, made["id"], NO_REQUEST)["status"] == "canceled"
    done = refund(account, paid(account))
    with pytest.raises(ApiError, match="cannot be canceled"):
        refunds.cancel(account, done["id"], NO_REQUEST)


def test_the_metadata_of_a_refund_can_change(account: Account) -> None:
    made = refund(account, paid(account), metadata={"refund": "r-1"})
    refunds.update(account, made["id"], {"metadata": {"booking": "b-1"}}, NO_REQUEST)
    assert made["metadata"] == {"refund": "r-1", "booking": "b-1"}
    assert previous(account) == {"metadata": {"booking": None}}
    refunds.update(account, made["id"], {"metadata": ""}, NO_REQUEST)
    assert made["metadata"] == {}


def test_events_of_an_update_show_what_it_was_before(account: Account) -> None:
    charge = paid(account)
    refund(account, charge, amount=20_000)
    refund(account, charge)
    assert previous(account) == {"amount_refunded": 20_000, "refunded": False}
    made = refund(account, paid(account), plans=planned("pending"))
    refunds.end(account, made["id"], "succeeded", reason=None)
    assert previous(account) == {"status": "pending", "pending_reason": "processing"}
