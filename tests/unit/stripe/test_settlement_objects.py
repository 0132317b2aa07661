"""Balance transactions, payouts and the balance as Stripe sends them become the port's types."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from application.settlement.gateway import ListedTransaction
from domain.kernel.money import Money
from infrastructure.stripe import settlement_objects as objects

CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 8_250,
    "amount_captured": 8_000,
    "currency": "sar",
    "payment_intent": "pi_1",
    "metadata": {"booking": "booking-ABC234", "payment": "payment-ABC234-1"},
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 5_000,
    "currency": "kwd",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "metadata": {},
}
PAYOUT = {
    "id": "po_1",
    "object": "payout",
    "amount": 9_000,
    "currency": "usd",
    "status": "in_transit",
    "automatic": True,
    "arrival_date": 1_796_169_600,
    "created": 1_796_083_200,
    "failure_code": None,
    "reconciliation_status": "completed",
}


def listed(source: Any, *, amount: int = 2_133, **fields: Any) -> ListedTransaction:
    """A transaction with this source."""
    sent = {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "charge",
        "reporting_category": "charge",
        "amount": amount,
        "fee": 92,
        "net": amount - 92,
        "currency": "usd",
        "available_on": 1_796_169_600,
        "created": 1_796_083_200,
        "exchange_rate": None,
        "source": source,
        **fields,
    }
    read = msgspec.json.decode(msgspec.json.encode(sent), type=objects.BalanceTransaction)
    return objects.listed_transaction(read)


def test_a_charge_names_its_captured_amount_its_intent_and_our_ids() -> None:
    found = listed(CHARGE).transaction
    assert (found.gross, found.fee, found.net) == (
        Money(2_133, "USD"),
        Money(92, "USD"),
        Money(2_041, "USD"),
    )
    assert found.charged == Money(8_000, "SAR")
    assert (found.source, found.charge, found.intent) == ("ch_1", "ch_1", "pi_1")
    assert (found.booking, found.payment) == ("booking-ABC234", "payment-ABC234-1")
    assert found.created_at == dt.datetime(2026, 12, 1, 0, 0, tzinfo=dt.UTC)
    assert found.available_on == dt.date(2026, 12, 2)


def test_a_refund_names_its_charge_and_its_amount_is_negative() -> None:
    found = listed(REFUND, amount=-1_625, reporting_category="refund").transaction
    assert (found.charged, found.source, found.charge) == (Money(-5_000, "KWD"), "re_1", "ch_1")
    assert (found.booking, found.payment) == (None, None)


def test_the_exchange_rate_keeps_every_digit() -> None:
    sent = msgspec.json.encode(
        {"id": "txn_1", "type": "charge", "reporting_category": "charge", "amount": 1, "fee": 0,
         "currency": "usd", "available_on": 0, "created": 0, "source": None}
    )[:-1] + b',"exchange_rate":0.000000012345678901}'  # fmt: skip
    read = msgspec.json.decode(sent, type=objects.BalanceTransaction)
    found = objects.listed_transaction(read).transaction
    assert found.exchange_rate == "0.000000012345678901"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (None, None),
        ("tu_1", "tu_1"),
        ({"id": "ch_2", "object": "charge", "amount": "many"}, "ch_2"),
        ({"object": "tax"}, None),
    ],
)
def test_a_source_that_cannot_be_read_holds_up_no_transaction(
    source: Any, name: str | None
) -> None:
    found = listed(source).transaction
    assert (found.source, found.charged) == (name, None)


def test_money_of_a_gift_card_is_found_by_the_card() -> None:
    card = f"credit-{'A' * 16}"
    metadata = {"booking": card, "payment": f"payment-{card}-1"}
    found = listed({**CHARGE, "metadata": metadata}).transaction
    assert (found.booking, found.payment) == (card, f"payment-{card}-1")


@pytest.mark.parametrize(
    "metadata", [{"booking": "x", "payment": "payment-x"}, {"booking": "booking-AB", "payment": ""}]
)
def test_ids_that_are_not_ours_are_left_out(metadata: dict[str, str]) -> None:
    found = listed({**CHARGE, "metadata": metadata}).transaction
    assert (found.booking, found.payment) == (None, None)


def test_a_payout_comes_with_its_transaction_as_it_is_now() -> None:
    found = listed(PAYOUT, amount=-9_000, reporting_category="payout")
    assert found.payout is not None
    assert (found.payout.status, found.payout.amount) == ("in_transit", Money(9_000, "USD"))
    assert (found.payout.automatic, found.payout.reconciled) == (True, True)
    assert found.payout.arrives_on == dt.date(2026, 12, 2)


@pytest.mark.parametrize(
    ("sent", "trace"),
    [
        ({"trace_id": {"status": "supported", "value": "TRX0042"}}, "TRX0042"),
        ({"trace_id": {"status": "pending", "value": None}}, None),
        ({"trace_id": {"status": "unsupported", "value": ""}}, None),
        ({"trace_id": None}, None),
        ({}, None),
    ],
)
def test_a_payout_names_the_trace_id_that_the_bank_may_print_once_it_has_one(
    sent: dict[str, Any], trace: str | None
) -> None:
    found = listed({**PAYOUT, **sent}, amount=-9_000, reporting_category="payout")
    assert found.payout is not None
    assert found.payout.trace == trace


def test_a_payout_in_a_state_that_is_not_known_holds_up_no_transaction() -> None:
    found = listed({**PAYOUT, "status": "resting"}, amount=-9_000, reporting_category="payout")
    assert (found.payout, found.transaction.source) == (None, "po_1")


def test_the_balance_is_what_is_available_and_pending_together() -> None:
    read = objects.Balance(
        available=[objects.BalanceAmount(500, "usd"), objects.BalanceAmount(-20, "sar")],
        pending=[objects.BalanceAmount(70, "usd"), objects.BalanceAmount(9, "jpy")],
    )
    assert objects.balances(read) == [Money(9, "JPY"), Money(-20, "SAR"), Money(570, "USD")]
