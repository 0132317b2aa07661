"""Parked money: finance returns it from its own capture, once, and touches no ticket."""

import pytest

from application.booking.allocate_funds import AllocateFunds
from application.booking.resend_refund import ResendRefund
from application.payment.record_refund import Failed, RecordRefund, Refused, Settled
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment, SendRefund
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking import rejections as booking_rejections
from domain.booking.states import Status
from domain.kernel import money
from domain.payment import rejections
from domain.payment.state import Refund, RefundStatus
from tests.support import examples, invariants
from tests.support.airline import capture, expire, payment_of
from tests.support.disputes import Disputed
from tests.support.examples import DUE, FLIGHT, sar
from tests.support.memory_airline import MemoryAirline

HALF = sar(DUE.amount // 2)


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


@pytest.fixture
def twice_paid(airline: MemoryAirline) -> str:
    """Confirmed; `pi_2` has paid it once more."""
    booking: str = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    airline.confirm(booking)
    airline.submit(capture(booking, DUE, intent="pi_2"))
    return booking


def send_back(airline: MemoryAirline, payment: str, intent: str) -> list[str]:
    """Return the parked money; the ids of its refunds."""
    answer = airline.submit(ReturnParkedFunds(payment, intent)).answer
    return answer.ids["refunds"].split(",")


def refunds_of(airline: MemoryAirline, payment: str) -> list[Refund]:
    return list(airline.payment(payment).refunds)


def balance(airline: MemoryAirline, name: str, account: str, currency: str = "SAR") -> int:
    return invariants.balances_of(airline.log).get((name, account, currency), 0)


def test_a_duplicate_is_returned_from_its_own_capture_and_no_ticket_is_touched(
    airline: MemoryAirline, twice_paid: str
) -> None:
    payment = payment_of(twice_paid)
    before = airline.booking(twice_paid)
    (refund,) = send_back(airline, payment, "pi_2")
    assert send_back(airline, payment, "pi_2") == [refund], "another key returns nothing more"
    (requested,) = refunds_of(airline, payment)
    assert (requested.intent, requested.amount) == ("pi_2", DUE)
    assert [task.refund for task in airline.log.outbox if isinstance(task, SendRefund)] == [refund]
    assert balance(airline, twice_paid, "2020") == 0
    assert balance(airline, twice_paid, "2100") == -DUE.amount
    airline.submit(RecordRefund(payment, refund, Settled("re_1")))
    assert balance(airline, twice_paid, "2100") == 0
    assert airline.booking(twice_paid) == before


def test_late_money_of_an_expired_booking_is_returned(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    airline.submit(capture(booking, DUE))
    (refund,) = send_back(airline, payment_of(booking), "pi_1")
    airline.submit(RecordRefund(payment_of(booking), refund, Settled("re_1")))
    assert airline.booking(booking).status is Status.EXPIRED
    assert not {a for (of, a, _) in invariants.balances_of(airline.log) if of == booking}


def test_money_that_was_applied_or_never_captured_is_not_returned_this_way(
    airline: MemoryAirline, twice_paid: str
) -> None:
    with pytest.raises(rejections.FundsNotParked):
        send_back(airline, payment_of(twice_paid), "pi_1")
    for payment, intent in ((payment_of(twice_paid), "pi_3"), ("payment-ZZZZZZ-1", "pi_2")):
        with pytest.raises(rejections.PaymentNotFound):
            send_back(airline, payment, intent)
    assert refunds_of(airline, payment_of(twice_paid)) == []


def test_what_another_refund_drew_from_the_parked_capture_is_drawn_from_the_others(
    airline: MemoryAirline, twice_paid: str
) -> None:
    payment = payment_of(twice_paid)
    request = RefundPayment(twice_paid, "cancellation", HALF, (payment,))
    failed = airline.submit(request).answer.ids[payment]
    airline.submit(RecordRefund(payment, failed, Failed("re_1", "lost_or_stolen_card")))
    airline.submit(ResendRefund(twice_paid, failed, "pi_2"))
    send_back(airline, payment, "pi_2")
    drawn = [(r.intent, r.amount) for r in refunds_of(airline, payment)[2:]]
    assert drawn == [("pi_2", DUE - HALF), ("pi_1", HALF)]


@pytest.mark.parametrize("reported", [1, 2])
def test_money_that_matches_no_booking_is_posted_under_its_intent_once(
    airline: MemoryAirline, reported: int
) -> None:
    for _ in range(reported):
        airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", money.Money(4_900, "USD")))
    assert balance(airline, "pi_9", "1010", "USD") == 4_900
    assert balance(airline, "pi_9", "2020", "USD") == -4_900
    assert len(airline.payment(stream_of("pi_9")).captures) == 1


def test_money_that_matches_no_booking_is_refunded_and_a_failed_refund_sent_again(
    airline: MemoryAirline,
) -> None:
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", DUE))
    payment = stream_of("pi_9")
    (refund,) = send_back(airline, payment, "pi_9")
    airline.submit(RecordRefund(payment, refund, Failed("re_1", "declined")))
    assert balance(airline, "pi_9", "2100") == -DUE.amount
    again = airline.submit(ResendRefund("pi_9", refund)).answer.ids["refund"]
    airline.submit(RecordRefund(payment, again, Settled("re_2")))
    assert airline.payment(payment).refunds[-1].status is RefundStatus.SETTLED
    assert not {a for (of, a, _) in invariants.balances_of(airline.log) if of == "pi_9"}


def allocate(airline: MemoryAirline, booking: str) -> None:
    airline.submit(AllocateFunds(stream_of("pi_9"), "pi_9", booking))


@pytest.mark.parametrize("lapsed", [False, True])
def test_money_without_a_booking_pays_for_the_one_that_its_payer_meant(
    airline: MemoryAirline, lapsed: bool
) -> None:
    booking = airline.book(FLIGHT)
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", DUE))
    if lapsed:
        airline.wait(hours=30)
        airline.submit(expire(booking))
    allocate(airline, booking)
    allocate(airline, booking)
    airline.confirm(booking)
    assert airline.booking(booking).status is Status.CONFIRMED
    assert balance(airline, "pi_9", "2020") == balance(airline, booking, "2020") == 0
    assert airline.payment(stream_of("pi_9")).pays_for == booking
    airline.cancel(booking)
    owed = airline.booking(booking).obligations[-1]
    airline.submit(RefundPayment(booking, owed.id, owed.amount, (stream_of("pi_9"),)))
    (refund,) = airline.payment(stream_of("pi_9")).refunds
    airline.submit(RecordRefund(stream_of("pi_9"), refund.id, Settled("re_1")))
    assert balance(airline, booking, "2100") == 0


def test_what_is_beyond_the_price_of_the_found_booking_goes_back(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", DUE + HALF))
    allocate(airline, booking)
    (refund,) = airline.payment(stream_of("pi_9")).refunds
    assert refund.amount == HALF
    assert airline.booking(booking).captured == DUE
    assert balance(airline, "pi_9", "2020") == 0


def test_money_is_allocated_to_nothing_that_is_not_due_or_not_held(
    airline: MemoryAirline, twice_paid: str
) -> None:
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", HALF))
    unpaid = airline.book(FLIGHT)
    with pytest.raises(booking_rejections.AmountDiffers):
        allocate(airline, unpaid)
    with pytest.raises(booking_rejections.TransitionRefused):
        allocate(airline, twice_paid)
    with pytest.raises(rejections.FundsNotParked):
        airline.submit(AllocateFunds(payment_of(twice_paid), "pi_2", unpaid))
    send_back(airline, stream_of("pi_9"), "pi_9")
    with pytest.raises((rejections.FundsNotParked, booking_rejections.AmountDiffers)):
        allocate(airline, unpaid)
    assert airline.booking(unpaid).status is Status.RESERVED


def test_a_dispute_of_allocated_money_suspends_the_coupons_that_it_paid_for(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT)
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", DUE))
    allocate(airline, booking)
    airline.confirm(booking)
    dispute = Disputed(airline, booking, amount=DUE.amount, payment=stream_of("pi_9"))
    dispute.withdrawn()
    assert airline.booking(booking).disputed_by == {"dp_1"}


def test_money_that_stripe_can_not_charge_is_returned_or_refused_by_stripe(
    airline: MemoryAirline,
) -> None:
    odd = money.Money(45_669, "KWD")
    assert not money.is_chargeable(odd)
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", odd))
    (refund,) = send_back(airline, stream_of("pi_9"), "pi_9")
    airline.submit(RecordRefund(stream_of("pi_9"), refund, Refused("invalid_amount")))
    assert balance(airline, "pi_9", "2100", "KWD") == -odd.amount


def test_a_failed_refund_of_late_money_is_sent_again(airline: MemoryAirline) -> None:
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    airline.submit(capture(booking, DUE))
    (refund,) = send_back(airline, payment_of(booking), "pi_1")
    airline.submit(RecordRefund(payment_of(booking), refund, Failed("re_1", "declined")))
    assert airline.submit(ResendRefund(booking, refund)).answer.ids["refund"] != refund


def test_money_posted_as_unmatched_is_not_posted_again_once_its_ids_are_filled_in(
    airline: MemoryAirline,
) -> None:
    booking = airline.book(FLIGHT)
    airline.checkout(booking)
    airline.submit(RecordUnmatchedMoney("pi_1", "ch_pi_1", DUE))
    airline.submit(capture(booking, DUE, intent="pi_1"))
    assert balance(airline, booking, "1010") == 0
    assert airline.payment(payment_of(booking)).captures == ()
