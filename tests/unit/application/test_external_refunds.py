"""A refund made at Stripe's dashboard by hand is in the books once, and no debt is paid twice."""

from typing import Any, Literal

import pytest

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.booking.resend_refund import ResendRefund
from application.booking.settle_parked_funds import SettleParkedFunds
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import Accepted, Failed, Refused, Settled
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment, SendRefund
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.external_refunds import EXTERNAL_REFUND_FAILED, REFUNDED_BY_HAND
from domain.payment.rejections import (
    AllocationExceedsRefund,
    ExternalRefundNotFound,
    FundsNotParked,
    PaymentNotFound,
    RefundExceedsCaptured,
    RefundNotPayable,
)
from domain.payment.state import Refund, RefundStatus
from tests.support.airline import capture, expire, payment_of
from tests.support.disputes import books
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_read_models import MemoryReadModels

CURRENCIES = [("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)]


class Case:
    """A ticketed booking of which money is refunded at Stripe by hand."""

    def __init__(self, *, currency: str = "SAR", fare: int = 50_000) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", in_days=10, fare=fare, currency=currency)
        self.booking: str = self.airline.ticketed(self.flight)
        self.payment = payment_of(self.booking)
        (captured,) = self.airline.payment(self.payment).captures
        self.intent, self.captured = captured.intent, captured.amount

    def money(self, amount: int) -> money.Money:
        """An amount of minor units of the booking's currency."""
        return money.Money(amount, self.captured.currency)

    def by_hand(
        self,
        amount: int,
        refund: str = "re_hand",
        *,
        state: Literal["accepted", "failed"] = "accepted",
        intent: str | None = None,
        payment: str | None = None,
    ) -> None:
        """Record a refund made at the dashboard as it is now."""
        self.airline.submit(
            RecordExternalRefund(
                payment_id=payment or self.payment,
                intent=intent or self.intent,
                provider_refund=refund,
                amount=self.money(amount),
                state=state,
                code="expired_or_canceled_card" if state == "failed" else "",
            )
        )

    def owe(self, amount: int, obligation: str = "cancellation") -> Refund:
        """Request a refund of ours for a debt; return the last one of it."""
        self.airline.submit(
            RefundPayment(self.booking, obligation, self.money(amount), (self.payment,))
        )
        return self.refunds()[-1]

    def cancel(self) -> Refund:
        """Cancel the booking, and request its refund as the process does."""
        self.airline.cancel(self.booking)
        owed = self.airline.booking(self.booking).obligations[-1]
        return self.owe(owed.amount.amount, owed.id)

    def refunds(self) -> tuple[Refund, ...]:
        """All refunds of ours."""
        found: tuple[Refund, ...] = self.airline.payment(self.payment).refunds
        return found

    def allocate(self, *parts: Part, refund: str = "re_hand") -> None:
        """Say what the external refund was for."""
        self.airline.submit(AllocateExternalRefund(self.payment, refund, parts))

    def unallocated(self, refund: str = "re_hand") -> int:
        """What of it is still with finance."""
        found: int = self.airline.payment(self.payment).external_refund(refund).unallocated.amount
        return found

    def record(self, refund: Refund, *results: Any) -> None:
        """Record what became of a refund of ours."""
        for result in results:
            self.airline.record_refund(self.payment, refund.id, result)

    def sent(self) -> list[str]:
        """The refunds that the worker was asked to send, in order."""
        return [task.refund for task in self.airline.log.outbox if isinstance(task, SendRefund)]

    def account(self, number: str) -> int:
        """What an account holds of the booking."""
        return books(self.airline).get(number, 0)


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_row_13_a_refund_made_at_stripe_by_hand_is_posted_once_however_often_it_is_reported(
    currency: str, fare: int
) -> None:
    case = Case(currency=currency, fare=fare)
    amount = case.captured.amount // 2
    before = case.account("1010")
    for _ in range(3):
        case.by_hand(amount)
    assert case.account("1290") == amount
    assert case.account("1010") == before - amount
    assert case.unallocated() == amount
    assert case.airline.payment(case.payment).refundable(case.intent) == case.captured - case.money(
        amount
    )


def test_a_refund_of_ours_that_no_longer_fits_is_not_sent_and_is_with_finance() -> None:
    case = Case()
    ours = case.owe(30_000)
    case.by_hand(case.captured.amount - 20_000)
    (left,) = case.refunds()
    assert (left.id, left.status) == (ours.id, RefundStatus.REFUSED)
    models = MemoryReadModels()
    models.follow(case.airline.log.events)
    (listed,) = models.rows("unfinished_refunds")
    assert (listed.status, listed.reason) == ("refused", REFUNDED_BY_HAND)
    assert [row.unallocated for row in models.rows("external_refunds")] == [
        case.captured.amount - 20_000
    ]


def test_a_refund_of_ours_of_the_same_amount_is_not_sent_because_it_may_be_paid_already() -> None:
    case = Case()
    case.owe(10_000, "seats")
    twin = case.owe(12_000)
    case.by_hand(12_000)
    statuses = {each.id: each.status for each in case.refunds()}
    assert statuses.pop(twin.id) is RefundStatus.REFUSED
    assert set(statuses.values()) == {RefundStatus.REQUESTED}


def test_what_is_owed_after_a_refund_by_hand_is_sent_as_far_as_it_fits_the_rest_is_listed() -> None:
    case = Case()
    case.by_hand(20_000)
    case.owe(case.captured.amount)
    fits, rest = case.refunds()
    assert (fits.status, fits.amount) == (
        RefundStatus.REQUESTED,
        case.captured - case.money(20_000),
    )
    assert (rest.status, rest.amount.amount) == (RefundStatus.REFUSED, 20_000)
    assert case.sent() == [fits.id]
    with pytest.raises(RefundExceedsCaptured):
        case.owe(30_000, "more than both together")


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_row_13_an_external_refund_allocated_to_the_debt_settles_it_and_nothing_is_sent(
    currency: str, fare: int
) -> None:
    case = Case(currency=currency, fare=fare)
    ours = case.cancel()
    case.by_hand(ours.amount.amount)
    case.allocate(Part(ours.amount.amount, ours.id))
    assert case.account("1290") == case.account("2100") == 0
    assert case.airline.booking(case.booking).status is Status.REFUNDED
    (paid,) = case.refunds()
    assert (paid.status, paid.covered_by) == (RefundStatus.COVERED, "re_hand")
    with pytest.raises(RefundNotPayable):
        case.allocate(Part(1, ours.id))


def test_an_external_refund_is_split_over_debts_and_goodwill_and_the_rest_of_a_debt_is_sent() -> (
    None
):
    case = Case()
    first, second = case.owe(10_000, "one"), case.owe(9_000, "two")
    case.by_hand(17_000)
    case.allocate(Part(10_000, first.id), Part(4_000, second.id), Part(2_000))
    assert case.unallocated() == 1_000
    assert case.account("4900") == 2_000
    rest = case.refunds()[-1]
    assert (rest.amount.amount, rest.replaces, rest.status) == (
        5_000,
        second.id,
        RefundStatus.REQUESTED,
    )
    assert case.sent()[-1] == rest.id
    with pytest.raises(AllocationExceedsRefund):
        case.allocate(Part(1_001))
    with pytest.raises(ExternalRefundNotFound):
        case.allocate(Part(1), refund="re_unknown")


def test_the_rest_of_a_failed_refund_stays_with_finance_when_a_part_was_covered() -> None:
    case = Case()
    ours = case.owe(10_000)
    case.record(ours, Accepted("re_1"), Failed("re_1", "lost_or_stolen_card"))
    case.by_hand(4_000)
    case.allocate(Part(4_000, ours.id))
    rest = case.refunds()[-1]
    assert (rest.status, rest.amount.amount) == (RefundStatus.REFUSED, 6_000)
    case.airline.submit(ResendRefund(case.booking, rest.id))
    assert case.refunds()[-1].replaces == rest.id


def test_a_refund_that_stripe_has_or_may_have_is_not_paid_by_an_external_one() -> None:
    case = Case()
    ours = case.owe(10_000)
    case.record(ours, Accepted("re_1"))
    case.by_hand(10_000)
    with pytest.raises(RefundNotPayable):
        case.allocate(Part(10_000, ours.id))
    assert case.unallocated() == 10_000


def test_an_external_refund_pays_no_debt_of_another_customer() -> None:
    case = Case()
    other: str = case.airline.ticketed(case.flight)
    payment = payment_of(other)
    case.airline.submit(RefundPayment(other, "change", case.money(5_000), (payment,)))
    (theirs,) = case.airline.payment(payment).refunds
    case.by_hand(5_000)
    with pytest.raises(PaymentNotFound):
        case.allocate(Part(5_000, theirs.id))


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_row_13_an_external_refund_that_fails_after_success_is_taken_back_with_its_allocations(
    currency: str, fare: int
) -> None:
    case = Case(currency=currency, fare=fare)
    before = case.account("1010")
    ours = case.owe(9_000, "change")
    debt = case.account("2100")
    case.by_hand(12_000)
    case.allocate(Part(9_000, ours.id), Part(1_000))
    for _ in range(2):
        case.by_hand(12_000, state="failed")
    assert case.account("1290") == case.account("4900") == 0
    assert case.account("1010") == before
    assert case.account("2100") == debt, "the debt is owed again"
    again = case.refunds()[-1]
    assert (again.status, again.amount.amount) == (RefundStatus.REFUSED, 9_000)
    models = MemoryReadModels()
    models.follow(case.airline.log.events)
    (listed,) = models.rows("unfinished_refunds")
    assert (listed.refund, listed.reason) == (again.id, EXTERNAL_REFUND_FAILED)
    case.by_hand(12_000)
    assert case.account("1010") == before, "an older report changes nothing"


def test_an_external_refund_first_reported_as_failed_moves_money_both_ways() -> None:
    case = Case()
    ours = case.owe(case.captured.amount)
    case.by_hand(case.captured.amount, state="failed")
    assert case.account("1290") == 0
    assert case.refunds() == (ours,)


def test_parked_money_that_was_refunded_by_hand_is_not_returned_twice() -> None:
    case = Case()
    case.airline.submit(capture(case.booking, case.captured, intent="pi_twice"))
    case.by_hand(case.captured.amount, intent="pi_twice")
    assert case.account("1290") == case.account("2020") == 0
    with pytest.raises(FundsNotParked) as refused:
        case.airline.submit(ReturnParkedFunds(case.payment, "pi_twice"))
    assert refused.value.parameters["reason"] == "refunded_at_stripe"


def test_the_rest_of_parked_money_is_returned_after_a_part_was_refunded_by_hand() -> None:
    case = Case()
    case.airline.submit(capture(case.booking, case.captured, intent="pi_twice"))
    case.by_hand(4_000, intent="pi_twice")
    case.airline.submit(ReturnParkedFunds(case.payment, "pi_twice"))
    (returned,) = case.refunds()
    assert returned.amount == case.captured - case.money(4_000)
    case.record(returned, Settled("re_1"))
    assert case.account("2020") == case.account("2100") == 0


def test_parked_money_can_be_returned_when_its_refund_by_hand_has_failed() -> None:
    case = Case()
    case.airline.submit(capture(case.booking, case.captured, intent="pi_twice"))
    case.by_hand(case.captured.amount, intent="pi_twice")
    case.by_hand(case.captured.amount, intent="pi_twice", state="failed")
    case.airline.submit(ReturnParkedFunds(case.payment, "pi_twice"))
    assert case.refunds()[-1].amount == case.captured


def test_unmatched_money_that_was_refunded_by_hand_is_not_returned_twice() -> None:
    case = Case()
    amount = case.money(7_000)
    case.airline.submit(RecordUnmatchedMoney("pi_else", "ch_else", amount))
    case.by_hand(7_000, intent="pi_else", payment=stream_of("pi_else"))
    with pytest.raises(FundsNotParked):
        case.airline.submit(ReturnParkedFunds(stream_of("pi_else"), "pi_else"))


def test_a_displaced_refund_that_stripe_had_all_the_same_counts_and_displaces_the_next() -> None:
    case = Case()
    whole = case.captured.amount
    first, second = case.owe(20_000, "one"), case.owe(10_000, "two")
    case.by_hand(whole - 20_000)
    assert [each.status for each in case.refunds()] == [
        RefundStatus.REQUESTED,
        RefundStatus.REFUSED,
    ]
    case.record(second, Settled("re_2"))
    assert {each.id: each.status for each in case.refunds()} == {
        first.id: RefundStatus.REFUSED,
        second.id: RefundStatus.SETTLED,
    }


def test_a_refund_that_stripe_refuses_as_more_than_captured_is_with_finance_with_the_reason() -> (
    None
):
    case = Case()
    ours = case.owe(10_000)
    case.record(ours, Refused("charge_already_refunded"))
    models = MemoryReadModels()
    models.follow(case.airline.log.events)
    (listed,) = models.rows("unfinished_refunds")
    assert (listed.status, listed.reason) == ("refused", "charge_already_refunded")


def late(case: Case) -> tuple[str, str]:
    """Let a booking expire and be paid afterwards; its payment and intent."""
    booking = case.airline.book(case.flight)
    case.airline.checkout(booking)
    case.airline.wait(minutes=15)
    case.airline.submit(expire(booking))
    due = case.airline.booking(booking).amount_due()
    case.airline.submit(capture(booking, due, intent="pi_late"))
    return payment_of(booking), "pi_late"


def test_late_money_that_was_refunded_by_hand_seats_nobody_and_is_not_returned_by_rule() -> None:
    case = Case()
    payment, intent = late(case)
    (captured,) = case.airline.payment(payment).captures
    case.by_hand(captured.amount.amount, intent=intent, payment=payment)
    case.airline.submit(SettleParkedFunds(payment, intent))
    assert case.airline.payment(payment).refunds == ()
    assert case.airline.booking(case.airline.payment(payment).booking).status is Status.EXPIRED
    assert case.account("2020") == case.account("1290") == 0


def test_late_money_of_which_a_part_was_refunded_by_hand_is_returned_and_seats_nobody() -> None:
    case = Case()
    payment, intent = late(case)
    (captured,) = case.airline.payment(payment).captures
    case.by_hand(1_000, intent=intent, payment=payment)
    case.airline.submit(SettleParkedFunds(payment, intent))
    (returned,) = case.airline.payment(payment).refunds
    assert returned.amount == captured.amount - case.money(1_000)
    assert case.airline.booking(case.airline.payment(payment).booking).status is Status.EXPIRED
    assert case.account("2020") == 0
