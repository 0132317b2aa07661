"""Balance transactions of the simulated account: when they appear, and at which rate."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from infrastructure.stripe_simulator import agenda, balance, intents, refunds, snapshot
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration, Exchange, MoneySettings
from tests.unit.stripe_simulator.money import DAY, funds, kinds, moved, newest, paid, total


@pytest.fixture
def account() -> Account:
    return Account(Configuration())


def settling(**rates: str) -> MoneySettings:
    """Return settings by which each of these currencies settles in dollars at its rate."""
    exchanges = {name: Exchange("usd", Decimal(rate)) for name, rate in rates.items()}
    return MoneySettings(exchanges=exchanges)


def captured(account: Account, **changes: Any) -> dict[str, Any]:
    """Return a charge as it is in the answer that captures it."""
    params = {"amount": 50_000, "currency": "sar", "payment_method": "pm_card_visa"}
    intent = intents.create(account, {**params, "confirm": True, **changes}, NO_REQUEST)
    return account.charges.get(intent["latest_charge"])


def test_the_balance_transaction_comes_a_moment_after_the_capture(account: Account) -> None:
    charge = captured(account)
    assert (charge["captured"], charge["balance_transaction"]) == (True, None)
    agenda.run_due(account)
    transaction = moved(account, charge["balance_transaction"])
    assert (transaction["source"], transaction["type"]) == (charge["id"], "charge")
    updated, previous = newest(account, "charge.updated")
    assert updated["balance_transaction"] == transaction["id"]
    assert previous == {"balance_transaction": None}
    agenda.run_due(account)
    assert kinds(account).count("charge.updated") == 1


def test_a_lag_keeps_the_balance_transaction_away_until_it_is_over(account: Account) -> None:
    account.settings = MoneySettings(settlement_lag_seconds=DAY)
    charge = captured(account)
    agenda.advance(account, DAY - 60)
    assert charge["balance_transaction"] is None
    assert balance.balance(account)["pending"] == []
    agenda.advance(account, 60)
    assert charge["balance_transaction"] is not None


@pytest.mark.parametrize("method", ["automatic", "manual"])
def test_a_synchronous_capture_has_its_balance_transaction_at_once(
    account: Account, method: str
) -> None:
    charge = captured(account, capture_method=method)
    if method == "manual":
        intents.capture(account, charge["payment_intent"], {}, NO_REQUEST)
    assert charge["balance_transaction"] is not None
    agenda.run_due(account)
    assert "charge.updated" not in kinds(account)


def test_a_refund_settles_its_charge_first(account: Account) -> None:
    account.settings = MoneySettings(settlement_lag_seconds=DAY)
    charge = captured(account)
    refunds.create(account, {"charge": charge["id"]}, plans=refunds.RefundPlans(), cause=NO_REQUEST)
    assert [each["type"] for each in account.balance_transactions.objects.values()] == [
        "charge",
        "refund",
    ]
    agenda.advance(account, 2 * DAY)
    assert kinds(account).count("charge.updated") == 1


def test_money_of_another_method_has_types_of_its_own(account: Account) -> None:
    charge = captured(account)
    charge["payment_method_details"] = {"type": "us_bank_account", "us_bank_account": {}}
    refunds.create(account, {"charge": charge["id"]}, plans=refunds.RefundPlans(), cause=NO_REQUEST)
    found = account.balance_transactions.objects.values()
    assert [(each["type"], each["reporting_category"]) for each in found] == [
        ("payment", "charge"),
        ("payment_refund", "refund"),
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "rate", "settled"),
    [
        (50_000, "sar", "0.266667", 13_333),
        (10_000, "kwd", "3.2573", 3_257),
        (5_000, "jpy", "0.006571", 3_286),
    ],
)
def test_another_currency_settles_at_the_rate_of_the_moment(
    account: Account, amount: int, currency: str, rate: str, settled: int
) -> None:
    account.settings = settling(**{currency: rate})
    transaction = moved(account, paid(account, amount, currency)["balance_transaction"])
    assert (transaction["amount"], transaction["currency"]) == (settled, "usd")
    assert transaction["net"] == settled - transaction["fee"]
    assert f'"exchange_rate":{rate}' in msgspec.json.encode(transaction).decode()


@pytest.mark.parametrize(
    ("target", "rate", "settled"), [("kwd", "0.0821", 41_050), ("jpy", "40.58", 20_290)]
)
def test_money_settles_in_the_decimals_of_its_settlement_currency(
    account: Account, target: str, rate: str, settled: int
) -> None:
    account.settings = MoneySettings(exchanges={"sar": Exchange(target, Decimal(rate))})
    transaction = moved(account, paid(account)["balance_transaction"])
    assert (transaction["amount"], transaction["currency"]) == (settled, target)


def test_a_refund_at_another_rate_costs_or_brings_the_difference(account: Account) -> None:
    account.settings = settling(sar="0.26")
    charge = paid(account)
    account.settings = settling(sar="0.27")
    made = refunds.create(
        account, {"charge": charge["id"]}, plans=refunds.RefundPlans(), cause=NO_REQUEST
    )
    taken = moved(account, made["balance_transaction"])
    assert (taken["amount"], taken["exchange_rate"]) == (-13_500, 0.27)
    account.settings = settling(sar="0.28")
    refunds.end(account, made["id"], "failed", reason=None)
    returned = moved(account, made["failure_balance_transaction"])
    assert (returned["amount"], returned["exchange_rate"]) == (13_500, 0.27)
    assert funds(account) == total(account)


def test_a_refund_settles_where_its_charge_did(account: Account) -> None:
    account.settings = settling(sar="0.26")
    charge = paid(account)
    account.settings = MoneySettings(exchanges={"sar": Exchange("aed", Decimal("0.98"))})
    made = refunds.create(
        account, {"charge": charge["id"]}, plans=refunds.RefundPlans(), cause=NO_REQUEST
    )
    taken = moved(account, made["balance_transaction"])
    assert (taken["amount"], taken["currency"]) == (-13_000, "usd")


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "0.1234567890123456"])
def test_a_rate_that_stripe_could_not_show_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        Exchange("usd", Decimal(rate))


def test_the_balance_is_right_after_old_transactions_are_dropped() -> None:
    account = Account(Configuration(objects_limit=5))
    for _ in range(20):
        paid(account, 10_000)
    assert balance.balance(account)["pending"][0]["amount"] == 20 * 9_610
    agenda.advance(account, 8 * DAY)
    found = balance.balance(account)
    assert (found["available"][0]["amount"], found["pending"][0]["amount"]) == (20 * 9_610, 0)


def test_time_stops_at_each_midnight_and_goes_no_further_than_ten_years(account: Account) -> None:
    for seconds in (-1, 3661 * DAY):
        with pytest.raises(ValueError, match="ten years"):
            agenda.advance(account, seconds)
    before = account.clock.now()
    agenda.advance(account, 3 * DAY)
    assert 0 <= account.clock.now() - before - 3 * DAY < 3600


def test_a_restart_keeps_settings_funds_and_what_is_due(account: Account, tmp_path: Any) -> None:
    account.settings = MoneySettings(settlement_lag_seconds=DAY)
    settled, waiting = paid(account), captured(account)
    balance.settle_charge(account, settled["id"])
    snapshot.save(snapshot.encoded(account), tmp_path / "state")
    again = Account(Configuration())
    snapshot.load(again, tmp_path / "state")
    assert (again.settings, funds(again)) == (account.settings, funds(account))
    agenda.advance(again, DAY)
    assert again.charges.get(waiting["id"])["balance_transaction"] is not None
    assert funds(again) == total(again)


def test_a_file_without_money_counts_its_transactions(account: Account, tmp_path: Any) -> None:
    paid(account)
    older = msgspec.json.decode(snapshot.encoded(account))
    del older["money"], older["settings"]
    snapshot.save(msgspec.json.encode(older), tmp_path / "state")
    again = Account(Configuration())
    snapshot.load(again, tmp_path / "state")
    assert funds(again) == funds(account)


@pytest.mark.parametrize("days", [0, 8])
def test_a_corrected_transaction_changes_the_balance_by_the_difference(
    account: Account, days: int
) -> None:
    charge = paid(account)
    agenda.advance(account, days * DAY)
    before = total(account)["sar"]
    corrected = balance.correct(account, charge["balance_transaction"], 49_995)
    assert (corrected["amount"], corrected["net"]) == (49_995, 49_995 - corrected["fee"])
    assert moved(account, corrected["id"]) == corrected
    assert total(account) == funds(account) == {"sar": before - 5}
    agenda.advance(account, 8 * DAY)
    assert account.money.funds.available == {"sar": before - 5}
