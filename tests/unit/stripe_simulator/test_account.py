"""An account in memory: its bounds, its fees and its settlement currency."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from infrastructure.stripe_simulator import balance, intents
from infrastructure.stripe_simulator.account import NO_REQUEST, Account
from infrastructure.stripe_simulator.configuration import Configuration
from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.faults import Fault, FaultBook
from infrastructure.stripe_simulator.idempotency import LIFE_SECONDS, KeyStore


def pay(account: Account, amount: int, currency: str) -> dict[str, Any]:
    """Return a succeeded payment's balance transaction."""
    params: dict[str, Any] = {"amount": amount, "currency": currency, "confirm": True}
    params["capture_method"] = "automatic"
    intent = intents.create(account, {**params, "payment_method": "pm_card_visa"}, NO_REQUEST)
    charge = account.charges.get(intent["latest_charge"])
    return account.balance_transactions.get(charge["balance_transaction"])


def test_the_oldest_objects_are_dropped_when_the_account_is_full() -> None:
    account = Account(Configuration(objects_limit=10))
    made = [pay(account, 1_000, "sar")["id"] for _ in range(30)]
    assert list(account.balance_transactions.objects) == made[-10:]
    assert all(len(shelf.objects) <= 40 for shelf in account.shelves().values())


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(50_000, "sar", 1_550), (10_000, "kwd", 1_290), (5_000, "jpy", 146), (188, "sar", 105)],
)
def test_the_fee_is_a_share_and_one_whole_unit(amount: int, currency: str, fee: int) -> None:
    transaction = pay(Account(Configuration()), amount, currency)
    assert (transaction["fee"], transaction["net"]) == (fee, amount - fee)
    assert transaction["exchange_rate"] is None


def test_another_settlement_currency_is_reached_by_its_rate() -> None:
    rates = {"kwd": Decimal("12.2")}
    account = Account(Configuration(settlement_currency="sar", exchange_rates=rates))
    transaction = pay(account, 10_000, "kwd")
    assert (transaction["currency"], transaction["amount"]) == ("sar", 12_200)
    assert transaction["exchange_rate"] == 12.2
    assert transaction["net"] == 12_200 - transaction["fee"]
    assert balance.balance(account)["pending"][0]["amount"] == transaction["net"]


def test_a_failed_attempt_charges_nothing() -> None:
    account = Account(Configuration())
    declined = {"amount": 1_000, "currency": "sar", "payment_method": "pm_card_chargeDeclined"}
    with pytest.raises(ApiError) as caught:
        intents.create(account, {**declined, "confirm": True}, NO_REQUEST)
    assert caught.value.status == 402
    assert account.balance_transactions.objects == {}
    kinds = [event["type"] for event in account.events.newest_first()]
    assert kinds == ["payment_intent.payment_failed", "charge.failed", "payment_intent.created"]


def test_an_event_keeps_the_object_as_it_was() -> None:
    account = Account(Configuration())
    pay(account, 1_000, "sar")
    first = list(account.events.newest_first())[-1]
    assert msgspec.json.decode(first["data"]["object"])["status"] == "requires_payment_method"


def test_a_key_runs_once_replays_a_day_and_then_runs_again() -> None:
    keys = KeyStore(10)
    claim: dict[str, Any] = {"fingerprint": "a", "request_id": "req_1"}
    assert keys.begin("k", now=0, **claim) is None
    with pytest.raises(ApiError) as caught:
        keys.begin("k", now=0, **claim)
    assert caught.value.body["code"] == "idempotency_key_in_use"
    keys.finish("k", status=200, body="{}")
    replayed = keys.begin("k", now=LIFE_SECONDS - 1, **claim)
    assert replayed is not None
    assert (replayed.status, replayed.body) == (200, "{}")
    with pytest.raises(ApiError) as caught:
        keys.begin("k", fingerprint="b", request_id="req_2", now=1)
    assert caught.value.body["type"] == "idempotency_error"
    assert keys.begin("k", now=LIFE_SECONDS, **claim) is None


def answered(keys: KeyStore, number: int, now: int) -> None:
    claim: dict[str, Any] = {"fingerprint": "a", "request_id": f"req_{number}"}
    assert keys.begin(f"k{number}", now=now, **claim) is None
    keys.finish(f"k{number}", status=200, body="{}")


def test_the_answers_of_a_day_are_kept_up_to_a_limit_and_older_ones_are_forgotten() -> None:
    keys = KeyStore(10)
    for number in range(30):
        answered(keys, number, now=number)
    assert list(keys.records) == [f"k{number}" for number in range(20, 30)]
    for number in range(30, 36):
        answered(keys, number, now=number + LIFE_SECONDS)
    assert list(keys.records) == [f"k{number}" for number in range(30, 36)]


def test_a_key_whose_request_still_runs_is_not_forgotten() -> None:
    keys = KeyStore(10)
    claim: dict[str, Any] = {"fingerprint": "a", "request_id": "req_r"}
    assert keys.begin("running", now=0, **claim) is None
    for number in range(30):
        answered(keys, number, now=number)
    keys.finish("running", status=200, body="{}")
    replayed = keys.begin("running", now=31, **claim)
    assert replayed is not None and replayed.status == 200


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_1_to_255_characters(key: str) -> None:
    with pytest.raises(ApiError):
        KeyStore(10).begin(key, fingerprint="a", request_id="r", now=0)


def test_a_fault_affects_its_path_the_given_number_of_times() -> None:
    book = FaultBook()
    book.arm(Fault("lost", path="/v1/checkout/*", method="POST", times=2))
    assert book.take("GET", "/v1/checkout/sessions") is None
    assert book.take("POST", "/v1/payment_intents") is None
    assert [book.take("POST", "/v1/checkout/sessions") is None for _ in range(3)] == [
        False,
        False,
        True,
    ]
