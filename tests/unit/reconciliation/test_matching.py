"""Each class of break is found where it is seeded, and none in legs that fit."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.reconciliation.ledger_leg import FACTS
from domain.kernel.money import Money
from domain.reconciliation import matching
from domain.reconciliation.breaks import Break, age_bucket
from domain.reconciliation.records import (
    BookedFact,
    Legs,
    OpenHold,
    UnrelatedLine,
    reference_digest,
)
from tests.support import event_samples
from tests.support.legs import (
    ARRIVAL,
    MORNING,
    NOW,
    bank_line,
    breaks_of,
    capture,
    fee_of,
    listed,
    payout,
    sold,
)

PRICE = Money(70_150, "SAR")


def only(legs: Legs, now: dt.datetime = NOW) -> Break:
    """The one break of the legs."""
    (found,) = breaks_of(legs, now)
    return found


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
def test_a_sale_that_reached_the_bank_has_no_break_and_all_its_value_is_explained(
    currency: str,
) -> None:
    outcomes = matching.match(sold(currency), now=NOW)
    assert [each.found for each in outcomes if each.found] == []
    (total,) = matching.day_totals(outcomes)
    assert total.value == total.explained > 0


def test_a_charge_settled_at_another_rate_fits_once_its_exchange_is_booked() -> None:
    usd = Money(18_700, "USD")
    exchange = replace(fee_of("txn_1", Money(0, "USD")), amounts=(-PRICE, usd, Money(-519, "USD")))
    legs = Legs(
        facts=(capture(PRICE),),
        transactions=(exchange,),
        listed=(listed(usd, fee=519, charged=PRICE),),
    )
    assert breaks_of(legs) == []


def test_a_capture_that_stripe_has_not_listed_is_timing_for_three_days_and_missing_then() -> None:
    legs = Legs(facts=(capture(PRICE),))
    assert only(legs, MORNING + dt.timedelta(days=3)).kind == "timing"
    found = only(legs, MORNING + dt.timedelta(days=3, seconds=1))
    assert (found.kind, found.amount) == ("missing_at_stripe", PRICE)
    assert found.evidence.positions == (1,)


def test_a_transaction_that_the_ledger_does_not_know_is_missing_in_it() -> None:
    legs = Legs(listed=(listed(-PRICE, category="refund", key="re_1", collects=()),))
    found = only(legs)
    assert (found.kind, found.amount, found.remedy) == (
        "missing_in_ledger",
        PRICE,
        "append_from_stripe",
    )
    assert found.evidence.digests == ("hash of txn_1",)


def test_a_fee_that_is_not_booked_is_missing_in_the_ledger() -> None:
    found = only(Legs(facts=(capture(PRICE),), listed=(listed(PRICE, fee=1_900),)))
    assert (found.kind, found.amount) == ("missing_in_ledger", Money(1_900, "SAR"))


def test_a_transaction_of_an_unknown_category_is_missing_in_the_ledger() -> None:
    odd = listed(PRICE, category="other_adjustment", key="txn_1", booked_by="nobody", collects=())
    assert only(Legs(listed=(odd,))).kind == "missing_in_ledger"


@pytest.mark.parametrize("difference", [1, -1, 500])
def test_one_minor_unit_of_difference_is_a_break_of_the_amount(difference: int) -> None:
    more = Money(PRICE.amount + difference, "SAR")
    found = only(Legs(facts=(capture(more),), listed=(listed(PRICE),)))
    assert (found.kind, found.amount) == ("amount", Money(difference, "SAR"))


def test_an_amount_booked_in_another_currency_than_it_was_charged_in_is_a_break() -> None:
    found = only(Legs(facts=(capture(Money(70_150, "USD")),), listed=(listed(PRICE),)))
    assert found.kind == "currency"


def test_two_transactions_for_one_charge_are_a_duplicate() -> None:
    legs = Legs(facts=(capture(PRICE),), listed=(listed(PRICE), listed(PRICE, "txn_9")))
    found = only(legs)
    assert (found.kind, found.amount, found.remedy) == ("duplicate", -PRICE, "propose_refund")


def test_a_second_charge_for_an_intent_that_was_collected_is_a_duplicate() -> None:
    legs = Legs(facts=(capture(PRICE),), listed=(listed(PRICE), listed(PRICE, "txn_9", key="ch_2")))
    assert only(legs).kind == "duplicate"


def test_a_movement_at_stripe_of_the_last_hour_is_only_timing() -> None:
    found = only(Legs(listed=(listed(PRICE),)), MORNING + dt.timedelta(minutes=59))
    assert found.kind == "timing"
    assert found.is_explained


@pytest.mark.parametrize("category", ["dispute", "dispute_reversal", "refund_failure"])
def test_what_follows_a_captured_charge_unknown_to_the_ledger_is_a_break_of_state(
    category: str,
) -> None:
    following = listed(-PRICE, category=category, key="x_1", opening="ch_1", collects=())
    assert only(Legs(listed=(following,), openings=frozenset({"ch_1"}))).kind == "state"
    assert only(Legs(listed=(following,))).kind == "missing_in_ledger"


def test_a_payout_that_differs_from_what_it_paid_out_is_a_break() -> None:
    found = only(Legs(payouts=(payout(PRICE, paid_out=Money(70_000, "SAR")),)))
    assert (found.kind, found.amount) == ("payout", Money(150, "SAR"))


def test_a_payout_that_the_bank_has_with_another_amount_is_a_break() -> None:
    legs = Legs(
        payouts=(payout(PRICE),), bank=(bank_line(Money(70_000, "SAR")),), bank_until=ARRIVAL
    )
    found = only(legs)
    assert (found.kind, found.amount) == ("payout", Money(150, "SAR"))
    assert found.evidence.provider_ids == ("po_1", "b1")


def test_a_payout_that_the_bank_has_not_is_timing_first_and_a_break_then() -> None:
    now = NOW + dt.timedelta(days=10)
    for days, kind in ((3, "timing"), (4, "payout")):
        legs = Legs(payouts=(payout(PRICE),), bank_until=ARRIVAL + dt.timedelta(days=days))
        assert only(legs, now).kind == kind


def test_a_payout_is_found_at_the_bank_by_its_trace_id_or_by_an_amount_that_is_the_only_one() -> (
    None
):
    traced = payout(PRICE, trace="TRX0042")
    for each, text in ((traced, "NEFT trx0042"), (payout(PRICE), "STRIPE")):
        legs = Legs(payouts=(each,), bank=(bank_line(PRICE, text),), bank_until=ARRIVAL)
        assert breaks_of(legs) == []


def test_what_a_bank_corrects_or_returns_on_other_lines_counts_for_the_payout_that_they_name() -> (
    None
):
    first, rest = bank_line(Money(70_000, "SAR")), bank_line(Money(150, "SAR"), id_="b2")
    for bank in ((first, rest), (rest, first)):
        legs = Legs(payouts=(payout(PRICE),), bank=bank, bank_until=ARRIVAL)
        assert breaks_of(legs) == []
    returned = replace(rest, amount=-first.amount)
    legs = Legs(payouts=(payout(PRICE),), bank=(first, returned), bank_until=ARRIVAL)
    assert only(legs).amount == PRICE
    legs = replace(legs, payouts=(payout(PRICE, status="failed"),))
    assert breaks_of(legs) == []


def test_a_payout_that_the_bank_has_in_two_currencies_is_a_break() -> None:
    lines = (bank_line(PRICE), bank_line(Money(1, "KWD"), id_="b2"))
    assert only(Legs(payouts=(payout(PRICE),), bank=lines, bank_until=ARRIVAL)).kind == "payout"


def test_two_payouts_of_one_amount_are_not_guessed_to_be_the_same_line() -> None:
    legs = Legs(
        payouts=(payout(PRICE), payout(PRICE, "po_2")),
        bank=(bank_line(PRICE, "STRIPE"),),
        bank_until=ARRIVAL,
    )
    assert len(breaks_of(legs)) == 3


def test_a_line_from_stripe_that_belongs_to_no_payout_is_a_break_and_other_lines_are_not() -> None:
    legs = Legs(bank=(bank_line(PRICE), bank_line(PRICE, "RENT", "b2")), bank_until=ARRIVAL)
    assert (only(legs).kind, only(legs).sources) == ("payout", ("b1",))


def test_without_a_statement_of_the_bank_payouts_are_not_compared_with_it() -> None:
    assert breaks_of(Legs(payouts=(payout(PRICE),))) == []


def test_a_payment_that_waits_beyond_its_end_is_a_stale_hold() -> None:
    hold = OpenHold("payment-ABC234-1", PRICE, NOW - dt.timedelta(seconds=1))
    assert only(Legs(holds=(hold,))).kind == "stale_hold"
    assert breaks_of(Legs(holds=(replace(hold, expired_at=NOW),))) == []


def test_a_break_has_the_same_id_in_every_run() -> None:
    legs = Legs(facts=(capture(PRICE),), listed=(listed(Money(70_000, "SAR")),))
    assert {only(legs, NOW + dt.timedelta(days=each)).id for each in range(3)} == {
        "amount:charge:ch_1"
    }


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (0, "0-1"),
        (1, "0-1"),
        (2, "2-3"),
        (3, "2-3"),
        (4, "4-7"),
        (7, "4-7"),
        (8, "8-30"),
        (30, "8-30"),
        (31, ">30"),
    ],
)
def test_the_age_of_a_break_is_counted_in_accounting_days(days: int, bucket: str) -> None:
    assert age_bucket(MORNING, MORNING + dt.timedelta(days=days)) == bucket


def test_only_the_value_of_breaks_that_waiting_does_not_explain_is_unexplained() -> None:
    wrong = capture(Money(10_001, "SAR"), "ch_2", position=5)
    legs = sold()
    legs = replace(
        legs,
        facts=(*legs.facts, wrong),
        listed=(*legs.listed, listed(Money(10_000, "SAR"), "txn_9", key="ch_2", collects=())),
    )
    (total,) = matching.day_totals(matching.match(legs, now=NOW))
    assert total.value - total.explained == 10_000


def test_a_payout_of_the_ledger_that_stripe_returned_is_a_break_of_state() -> None:
    back = listed(PRICE, category="payout_reversal", key="po_1", opening="po_1", collects=())
    paid = BookedFact(
        category="payout", key="po_1", amounts=(-PRICE,), position=4, booked_at=MORNING
    )
    out = listed(-PRICE, "txn_2", category="payout", key="po_1", collects=())
    legs = Legs(facts=(paid,), listed=(out, back), openings=frozenset({"po_1"}))
    assert only(legs).kind == "state"


def test_every_entry_on_account_1010_has_its_row_at_stripe() -> None:
    entries = [getattr(each, "entry", None) for each in event_samples.all_samples()]
    rules = {
        entry.rule
        for entry in entries
        if entry is not None and any(one.account == "1010" for one in entry.postings)
    }
    apart = {"balance_transaction", "reconciliation_write_off", "division"}
    assert rules - apart == FACTS.keys() - apart


def unrelated(amount: Money, *references: str, id_: str = "b1") -> UnrelatedLine:
    digests = tuple(reference_digest(each) for each in references)
    return UnrelatedLine(id=id_, booked_on=ARRIVAL, amount=amount, reference=None, digests=digests)


def test_a_line_whose_reference_is_the_id_or_trace_id_of_a_payout_belongs_to_it() -> None:
    traced = payout(PRICE, trace="TRX0042")
    for reference in ("TRX0042", "trx0042", "PO_1"):
        legs = Legs(
            payouts=(traced,), unrelated=(unrelated(PRICE, "x1", reference),), bank_until=ARRIVAL
        )
        assert breaks_of(legs) == []
    legs = replace(legs, unrelated=(unrelated(Money(70_000, "SAR"), "TRX0042"),))
    assert (only(legs).amount, only(legs).evidence.provider_ids) == (
        Money(150, "SAR"),
        ("po_1", "b1"),
    )


def test_an_unrelated_line_is_no_break_and_is_not_guessed_by_its_amount() -> None:
    line = unrelated(PRICE, "TRX0043")
    assert breaks_of(Legs(unrelated=(line,), bank_until=ARRIVAL)) == []
    late = ARRIVAL + dt.timedelta(days=4)
    legs = Legs(payouts=(payout(PRICE, trace="TRX0042"),), unrelated=(line,), bank_until=late)
    assert only(legs, NOW + dt.timedelta(days=10)).kind == "payout"


def test_a_difference_of_what_the_ledger_has_in_full_is_found_at_once() -> None:
    soon = MORNING + dt.timedelta(minutes=1)
    legs = Legs(facts=(capture(PRICE),), listed=(listed(Money(70_145, "SAR"), fee=900),))
    assert only(legs, soon).kind == "timing"
    legs = replace(legs, transactions=(fee_of("txn_1", Money(900, "SAR")),))
    assert (only(legs, soon).kind, only(legs, soon).amount) == ("amount", Money(5, "SAR"))
