"""While a charge is disputed none of its money is refunded; the end of the dispute decides."""

from typing import Any

import pytest

from application.booking.grant_refund import GrantRefund
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.payment.record_refund import (
    Accepted,
    AskAboutDisputes,
    Failed,
    Postponed,
    Refused,
    Settled,
)
from application.payment.refund_payment import RefundPayment, SendRefund
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking.rejections import PaymentDisputed, RefundExceedsPaid
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.rejections import ChargeDisputed, FundsNotParked, RefundNotFailed
from domain.payment.state import Refund, RefundStatus
from tests.support.airline import capture, payment_of
from tests.support.disputes import Disputed, books
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_read_models import MemoryReadModels

DISPUTED = Refused("charge_disputed")
CURRENCIES = [("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)]


class Case:
    """A ticketed booking that its customer has cancelled, with the refund requested."""

    def __init__(self, *, currency: str = "SAR", fare: int = 50_000) -> None:
        self.airline = MemoryAirline()
        flight = self.airline.schedule("SV1", in_days=10, fare=fare, currency=currency)
        self.booking: str = self.airline.ticketed(flight)
        self.payment = payment_of(self.booking)
        self.due = self.airline.booking(self.booking).captured

    def dispute(self, amount: int | None = None, **more: Any) -> Disputed:
        """Open a dispute, whose money is withdrawn."""
        whole = self.due.amount if amount is None else amount
        found = Disputed(self.airline, self.booking, amount=whole, **more)
        found.withdrawn()
        return found

    def cancel(self) -> None:
        """Cancel, and request the refund as the process does."""
        self.airline.cancel(self.booking)
        owed = self.airline.booking(self.booking).obligations[-1]
        self.airline.submit(RefundPayment(self.booking, owed.id, owed.amount, (self.payment,)))

    def refunds(self) -> tuple[Refund, ...]:
        """All refunds of the payment."""
        found: tuple[Refund, ...] = self.airline.payment(self.payment).refunds
        return found

    def record(self, *results: Any, refund: int = 0) -> None:
        """Record what became of a refund."""
        for result in results:
            self.airline.record_refund(self.payment, self.refunds()[refund].id, result)

    def sent(self) -> list[str]:
        """The refunds that the worker was asked to send, in order."""
        return [task.refund for task in self.airline.log.outbox if isinstance(task, SendRefund)]


def test_finance_grants_no_refund_while_the_payment_is_disputed() -> None:
    case = Case()
    disputed = Disputed(case.airline, case.booking, amount=case.due.amount)
    disputed.record()
    with pytest.raises(ChargeDisputed) as refused:
        case.airline.submit(GrantRefund(case.booking, by="usr_finance"))
    assert refused.value.parameters == {
        "reason": "charge_disputed",
        "dispute": "dp_1",
        "nextStep": "await_the_end_of_the_dispute",
    }
    disputed.withdrawn()
    with pytest.raises(PaymentDisputed):
        case.airline.submit(GrantRefund(case.booking, by="usr_finance"))
    disputed.moved(case.due.amount)
    disputed.becomes("won")
    case.airline.submit(GrantRefund(case.booking, by="usr_finance"))


def test_an_inquiry_does_not_prevent_the_refund_that_may_end_it() -> None:
    case = Case()
    inquiry = Disputed(
        case.airline, case.booking, amount=case.due.amount, status="warning_needs_response"
    )
    inquiry.record()
    case.airline.submit(GrantRefund(case.booking, by="usr_finance"))


def test_a_customer_cancels_a_disputed_booking_and_the_refund_is_sent_when_it_is_won() -> None:
    case = Case()
    disputed = case.dispute()
    case.cancel()
    flight = case.airline.booking(case.booking).segments[0].flight
    assert case.airline.flight(flight).cabins["Y"].sold_count == 0, "the seats are released"
    case.record(Postponed())
    (waiting,) = case.refunds()
    assert waiting.status is RefundStatus.WAITING
    disputed.moved(case.due.amount)
    disputed.becomes("won")
    disputed.record()
    (resumed,) = case.refunds()
    assert resumed.status is RefundStatus.REQUESTED
    assert resumed.idempotency_key != waiting.idempotency_key, "Stripe has forgotten the old one"
    assert case.sent() == [waiting.id, waiting.id]
    case.record(Settled("re_1"))
    assert case.airline.booking(case.booking).status is Status.REFUNDED


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_a_lost_dispute_pays_the_refund_that_waited_and_the_booking_is_refunded(
    currency: str, fare: int
) -> None:
    case = Case(currency=currency, fare=fare)
    disputed = case.dispute()
    case.cancel()
    case.record(Postponed())
    owed = case.airline.booking(case.booking).owed()
    disputed.becomes("lost")
    disputed.record()
    (refund,) = case.refunds()
    assert (refund.status, refund.charged_back) == (RefundStatus.CHARGED_BACK, owed)
    kept = case.due.amount - owed.amount
    expected = {"6010": kept} if kept else {}
    assert books(case.airline, "1200", "2100", "6010") == expected
    assert case.airline.booking(case.booking).status is Status.REFUNDED
    with pytest.raises(RefundNotFailed):
        case.airline.submit(ResendRefund(case.booking, refund.id))


def test_a_dispute_about_less_pays_a_part_of_the_refund_and_the_rest_is_requested() -> None:
    case = Case()
    disputed = case.dispute(10_000)
    case.cancel()
    case.record(Postponed())
    owed = case.airline.booking(case.booking).owed()
    disputed.becomes("lost")
    paid, rest = case.refunds()
    assert paid.charged_back == money.Money(10_000, "SAR")
    assert (rest.replaces, rest.amount) == (paid.id, owed - money.Money(10_000, "SAR"))
    case.record(Settled("re_2"), refund=1)
    assert case.airline.booking(case.booking).status is Status.REFUNDED
    assert books(case.airline, "1200", "2100", "6010") == {}


@pytest.mark.parametrize("amount", [10_000, None])
def test_a_refund_that_was_requested_and_not_sent_yet_is_paid_by_the_lost_dispute_too(
    amount: int | None,
) -> None:
    case = Case()
    case.cancel()
    disputed = case.dispute(amount)
    disputed.becomes("lost")
    assert case.refunds()[0].status is RefundStatus.CHARGED_BACK
    assert "2100" not in books(case.airline) or amount == 10_000


def test_what_stripe_refuses_as_disputed_waits_and_stripe_is_asked_about_the_dispute() -> None:
    case = Case()
    case.cancel()
    case.record(DISPUTED)
    assert case.refunds()[0].status is RefundStatus.WAITING
    asked = [each for each in case.airline.log.outbox if isinstance(each, AskAboutDisputes)]
    intent = case.refunds()[0].intent
    assert asked == [AskAboutDisputes(payment_id=case.payment, intent=intent)]
    disputed = case.dispute()
    disputed.moved(case.due.amount)
    disputed.becomes("won")
    assert case.refunds()[0].status is RefundStatus.REQUESTED
    case.record(DISPUTED)
    assert case.refunds()[0].status is RefundStatus.REFUSED, "no dispute is left to wait for"


def test_a_pending_refund_that_a_dispute_made_fail_is_sent_again_when_the_dispute_is_won() -> None:
    case = Case()
    case.cancel()
    case.record(Accepted("re_1"), Failed("re_1", "charge_for_pending_refund_disputed"))
    disputed = case.dispute()
    failed = case.refunds()[0]
    with pytest.raises(ChargeDisputed):
        case.airline.submit(ResendRefund(case.booking, failed.id))
    with pytest.raises(ChargeDisputed):
        today = case.airline.clock().date()
        transfer = BankTransfer("FT26325-0042", today)
        case.airline.submit(RecordBankTransfer(case.booking, failed.id, transfer))
    disputed.moved(case.due.amount)
    disputed.becomes("won")
    disputed.record()
    assert [each.replaces for each in case.refunds()] == [None, failed.id]
    case.record(Settled("re_2"), refund=1)
    assert case.airline.booking(case.booking).status is Status.REFUNDED


def test_parked_money_is_not_returned_while_it_is_disputed_nor_after_the_dispute_was_lost() -> None:
    case = Case()
    case.airline.submit(capture(case.booking, case.due, intent="pi_2"))
    disputed = case.dispute(intent="pi_2")
    returning = ReturnParkedFunds(case.payment, "pi_2")
    with pytest.raises(ChargeDisputed):
        case.airline.submit(returning)
    disputed.becomes("lost")
    with pytest.raises(FundsNotParked):
        case.airline.submit(returning)


def test_finance_grants_back_no_more_than_a_lost_dispute_has_left() -> None:
    case = Case()
    disputed = case.dispute(10_000)
    disputed.becomes("lost")
    assert case.airline.booking(case.booking).owed().amount == case.due.amount - 10_000
    with pytest.raises(RefundExceedsPaid):
        case.airline.submit(GrantRefund(case.booking, by="usr_finance"))


def test_a_waiting_refund_is_listed_until_the_payer_has_the_money() -> None:
    case = Case()
    listed = MemoryReadModels()

    def rows() -> list[str]:
        listed.follow(case.airline.log.events[listed.position :])
        return [each.status for each in listed.rows("unfinished_refunds")]

    disputed = case.dispute()
    case.cancel()
    assert rows() == ["requested"]
    case.record(Postponed())
    assert rows() == ["waiting"]
    disputed.becomes("lost")
    assert rows() == []


class PaidTwice:
    """A booking changed for money and cancelled, whose newest payment refunded nothing."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        cheap, later = (self.airline.schedule(name, in_days=10) for name in ("SV1", "SV2"))
        self.booking: str = self.airline.ticketed(cheap)
        self.airline.wait(hours=9 * 24 + 4)
        self.airline.exchange(self.booking, later)
        self.first, self.second = self.airline.booking(self.booking).payments
        self.airline.cancel(self.booking)
        owed = self.airline.booking(self.booking).obligations[-1]
        names = (self.second, self.first)
        self.airline.submit(RefundPayment(self.booking, owed.id, owed.amount, names))
        (self.failed,) = self.airline.payment(self.second).refunds
        for result in (Accepted("re_1"), Failed("re_1", "charge_for_pending_refund_disputed")):
            self.airline.record_refund(self.second, self.failed.id, result)
        self.resend = ResendRefund(self.booking, self.failed.id, f"pi_{self.first}")

    def dispute(self) -> Disputed:
        """The dispute that made the refund fail."""
        whole = self.airline.payment(self.second).captures[0].amount.amount
        found = Disputed(self.airline, self.booking, amount=whole, payment=self.second)
        found.withdrawn()
        return found


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_refund_that_another_payment_paid_is_not_paid_once_more_by_the_end_of_a_dispute(
    outcome: str,
) -> None:
    case = PaidTwice()
    case.airline.submit(case.resend)
    disputed = case.dispute()
    if outcome == "won":
        disputed.moved(disputed.now.amount.amount)
    disputed.becomes(outcome)
    assert [each.id for each in case.airline.payment(case.second).refunds] == [case.failed.id]
    assert case.airline.payment(case.second).refund(case.failed.id).status is RefundStatus.FAILED
    for number, refund in enumerate(case.airline.payment(case.first).refunds):
        case.airline.record_refund(case.first, refund.id, Settled(f"re_{number + 2}"))
    assert case.airline.booking(case.booking).status is Status.REFUNDED
    assert books(case.airline, "2100") == {}


def test_another_payment_pays_no_refund_whose_dispute_may_still_pay_it() -> None:
    case = PaidTwice()
    case.dispute()
    with pytest.raises(ChargeDisputed):
        case.airline.submit(case.resend)
