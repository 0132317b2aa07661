"""Refunds that no card takes: finance pays them by bank and records the evidence, once."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.commands.command import Reply
from application.credit.pay_out_credit import ApprovePayout, ProposePayout
from application.payment.record_refund import Accepted, Failed, RecordRefund, Refused, Settled
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking.states import Status
from domain.kernel.sealed import Sealed
from domain.ledger import rules
from domain.payment import rejections
from domain.payment.state import RefundStatus
from domain.transfer.rejections import TransferUsed
from tests.support import examples, invariants
from tests.support.airline import payment_of
from tests.support.credits import issue
from tests.support.examples import DUE, FLIGHT
from tests.support.memory_airline import MemoryAirline

REFERENCE = "FT26330-0042"
REFUSED = (Refused("charge_already_refunded"),)
FAILED = (Accepted("re_1"), Failed("re_1", "lost_or_stolen_card"))


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


@pytest.fixture
def cancelled(airline: MemoryAirline) -> str:
    """Cancelled with tickets; its refund was requested."""
    booking: str = airline.ticketed(FLIGHT)
    airline.cancel(booking)
    (owed,) = airline.booking(booking).obligations
    airline.submit(RefundPayment(booking, owed.id, owed.amount, (payment_of(booking),)))
    return booking


def first_refund(booking: str) -> str:
    return f"{payment_of(booking)}-r1"


def record(airline: MemoryAirline, booking: str, *results: object) -> None:
    for result in results:
        airline.submit(RecordRefund(payment_of(booking), first_refund(booking), result))  # type: ignore[arg-type]


def pay(
    airline: MemoryAirline,
    booking: str,
    *,
    reference: str = REFERENCE,
    days: int = 0,
    refund: str | None = None,
) -> Reply:
    """Record the transfer, of today or of so many days later."""
    paid_on = rules.accounting_day(airline.clock()) + dt.timedelta(days=days)
    transfer = BankTransfer(reference, paid_on)
    command = RecordBankTransfer(booking, refund or first_refund(booking), transfer)
    answer: Reply = airline.submit(command).answer
    return answer


def balance(airline: MemoryAirline, name: str, account: str) -> int:
    return invariants.balances_of(airline.log).get((name, account, "SAR"), 0)


@pytest.mark.parametrize("results", [REFUSED, FAILED])
def test_a_failed_refund_transferred_ends_the_obligation_once_and_closes_the_booking(
    airline: MemoryAirline, cancelled: str, results: tuple[object, ...]
) -> None:
    record(airline, cancelled, *results)
    owed = airline.booking(cancelled).owed().amount
    assert balance(airline, cancelled, "2100") == -owed
    pay(airline, cancelled)
    before = len(airline.log.events)
    pay(airline, cancelled)
    assert len(airline.log.events) == before, "another key records nothing more"
    assert balance(airline, cancelled, "2100") == 0
    assert balance(airline, cancelled, "1000") == -owed
    assert airline.booking(cancelled).status is Status.REFUNDED
    (refund,) = airline.payment(payment_of(cancelled)).refunds
    assert (refund.status, refund.bank_reference) == (RefundStatus.TRANSFERRED, REFERENCE)


@pytest.mark.parametrize("results", [(), (Accepted("re_1"),), (Settled("re_1"),)])
def test_a_refund_that_may_still_arrive_or_has_is_not_paid_by_bank(
    airline: MemoryAirline, cancelled: str, results: tuple[object, ...]
) -> None:
    record(airline, cancelled, *results)
    with pytest.raises(rejections.RefundNotFailed):
        pay(airline, cancelled)


def test_a_refund_is_sent_again_or_paid_by_bank_and_never_both(
    airline: MemoryAirline, cancelled: str
) -> None:
    record(airline, cancelled, *REFUSED)
    again = airline.submit(ResendRefund(cancelled, first_refund(cancelled))).answer.ids["refund"]
    with pytest.raises(rejections.RefundNotFailed):
        pay(airline, cancelled)
    airline.submit(RecordRefund(payment_of(cancelled), again, Refused("charge_already_refunded")))
    pay(airline, cancelled, refund=again)
    with pytest.raises(rejections.RefundNotFailed):
        airline.submit(ResendRefund(cancelled, again))
    with pytest.raises(rejections.RefundNotFailed):
        pay(airline, cancelled, refund=again, reference="FT26330-0043")
    assert balance(airline, cancelled, "2100") == 0


def test_a_refund_requested_after_midnight_in_riyadh_was_not_paid_the_day_before(
    airline: MemoryAirline,
) -> None:
    booking: str = airline.ticketed(FLIGHT)
    airline.clock.now = airline.clock.now.replace(hour=21, minute=30)
    airline.cancel(booking)
    (owed,) = airline.booking(booking).obligations
    airline.submit(RefundPayment(booking, owed.id, owed.amount, (payment_of(booking),)))
    record(airline, booking, *REFUSED)
    with pytest.raises(rejections.InvalidBankTransfer):
        pay(airline, booking, days=-1)
    pay(airline, booking)
    assert balance(airline, booking, "2100") == 0


@pytest.mark.parametrize("days", [-1, 1])
def test_the_transfer_lies_between_the_request_and_today(
    airline: MemoryAirline, cancelled: str, days: int
) -> None:
    record(airline, cancelled, *REFUSED)
    with pytest.raises(rejections.InvalidBankTransfer) as refused:
        pay(airline, cancelled, days=days)
    assert refused.value.parameters["field"] == "paidOn"


def test_what_stripe_took_after_a_transfer_is_recorded_and_shows_in_the_books(
    airline: MemoryAirline, cancelled: str
) -> None:
    record(airline, cancelled, *REFUSED)
    owed = airline.booking(cancelled).owed().amount
    pay(airline, cancelled)
    payment = payment_of(cancelled)
    airline.submit(RecordRefund(payment, first_refund(cancelled), Settled("re_1")))
    books = invariants.balances_of(airline.log)
    assert books[cancelled, "2100", "SAR"] == owed
    assert books[cancelled, "1010", "SAR"] == DUE.amount - owed


def test_what_fails_at_stripe_after_a_transfer_is_not_owed_again(
    airline: MemoryAirline, cancelled: str
) -> None:
    record(airline, cancelled, *REFUSED)
    pay(airline, cancelled)
    record(airline, cancelled, Accepted("re_1"), Failed("re_1", "declined"))
    (refund,) = airline.payment(payment_of(cancelled)).refunds
    assert refund.status is RefundStatus.TRANSFERRED
    assert balance(airline, cancelled, "2100") == 0
    with pytest.raises(rejections.RefundNotFailed):
        airline.submit(ResendRefund(cancelled, first_refund(cancelled)))


def test_money_without_a_booking_is_paid_back_by_bank_too(airline: MemoryAirline) -> None:
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", DUE))
    payment = stream_of("pi_9")
    refund = airline.submit(ReturnParkedFunds(payment, "pi_9")).answer.ids["refunds"]
    airline.submit(RecordRefund(payment, refund, Refused("expired_card")))
    pay(airline, "pi_9", refund=refund)
    assert balance(airline, "pi_9", "2100") == 0
    assert balance(airline, "pi_9", "1000") == -DUE.amount


def test_one_transfer_pays_one_thing_be_it_a_refund_a_claim_or_a_credit(
    airline: MemoryAirline, cancelled: str
) -> None:
    record(airline, cancelled, *FAILED)
    pay(airline, cancelled)
    credit = issue(airline, 5_000, origin="compensation")
    today = rules.accounting_day(airline.clock())
    airline.submit(ProposePayout(credit, Sealed("subject", b"account"), "finance_1"))
    approved = ApprovePayout(credit, REFERENCE, today, "finance_2")
    with pytest.raises(TransferUsed) as refused:
        airline.submit(approved)
    assert refused.value.parameters == {
        "field": "bankReference",
        "reason": "pays_another",
        "pays": first_refund(cancelled),
    }
    assert airline.state(credit).balance.amount == 5_000
    airline.submit(replace(approved, bank_reference="FT26330-0050"))
    assert airline.added(replace(approved, bank_reference="FT26330-0050")) == {}
    other: str = airline.ticketed(FLIGHT)
    airline.cancel(other)
    (owed,) = airline.booking(other).obligations
    airline.submit(RefundPayment(other, owed.id, owed.amount, (payment_of(other),)))
    record(airline, other, Accepted("re_2"), Failed("re_2", "lost_or_stolen_card"))
    for used in (REFERENCE, "FT26330-0050"):
        with pytest.raises(TransferUsed):
            pay(airline, other, reference=used)
    assert balance(airline, other, "2100") == -owed.amount.amount
    pay(airline, other, reference="FT26330-0051")
    assert balance(airline, other, "2100") == 0
