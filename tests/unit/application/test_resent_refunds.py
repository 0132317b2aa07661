"""Failed refunds are sent again: once, from a capture that has the money, without a coupon."""

import pytest

from application.booking.resend_refund import ResendRefund
from application.commands.command import Reply
from application.payment.record_refund import Accepted, Failed, RecordRefund, Refused, Settled
from application.payment.refund_payment import RefundPayment, SendRefund
from domain.booking import rejections as booking_rejections
from domain.kernel import money
from domain.payment import rejections
from domain.payment.state import RefundStatus
from tests.support import examples, invariants
from tests.support.airline import capture, payment_of
from tests.support.examples import DUE, FLIGHT, sar
from tests.support.memory_airline import MemoryAirline

HALF = sar(DUE.amount // 2)
REFUSED = (Refused("charge_already_refunded"),)
FAILED = (Accepted("re_1"), Failed("re_1", "lost_or_stolen_card"))
FAILED_AFTER_SETTLING = (Settled("re_1"), Failed("re_1", "lost_or_stolen_card"))


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


@pytest.fixture
def booking(airline: MemoryAirline) -> str:
    """Paid and confirmed."""
    booking = airline.book(FLIGHT)
    airline.pay(booking, intent="pi_1")
    airline.confirm(booking)
    return booking


def request(airline: MemoryAirline, booking: str, amount: money.Money = HALF) -> str:
    """Request a refund; return its id."""
    payment = payment_of(booking)
    command = RefundPayment(booking, "cancellation", amount, (payment,))
    return str(airline.submit(command).answer.ids[payment])


def record(airline: MemoryAirline, booking: str, refund: str, *results: object) -> None:
    for result in results:
        airline.submit(RecordRefund(payment_of(booking), refund, result))  # type: ignore[arg-type]


def resend(airline: MemoryAirline, booking: str, refund: str, intent: str | None = None) -> str:
    """Send the refund again; return the id of the new one."""
    answer: Reply = airline.submit(ResendRefund(booking, refund, intent)).answer
    return answer.ids["refund"]


@pytest.mark.parametrize("results", [REFUSED, FAILED, FAILED_AFTER_SETTLING])
def test_a_failed_refund_is_sent_again_once_and_changes_no_coupon(
    airline: MemoryAirline, booking: str, results: tuple[object, ...]
) -> None:
    failed = request(airline, booking)
    record(airline, booking, failed, *results)
    before = airline.booking(booking)
    again = resend(airline, booking, failed)
    assert resend(airline, booking, failed) == again, "another key sends nothing more"
    first, second = airline.payment(payment_of(booking)).refunds
    assert (second.id, second.replaces, second.amount) == (again, failed, first.amount)
    assert second.idempotency_key != first.idempotency_key
    assert airline.booking(booking) == before
    sent = [task for task in airline.log.outbox if isinstance(task, SendRefund)]
    assert [task.refund for task in sent] == [failed, again]
    record(airline, booking, again, Settled("re_2"))
    assert airline.payment(payment_of(booking)).refunds[1].status is RefundStatus.SETTLED
    invariants.check(airline.log)


@pytest.mark.parametrize("results", [(), (Accepted("re_1"),), (Settled("re_1"),)])
def test_a_refund_that_did_not_fail_is_not_sent_again(
    airline: MemoryAirline, booking: str, results: tuple[object, ...]
) -> None:
    refund = request(airline, booking)
    record(airline, booking, refund, *results)
    with pytest.raises(rejections.RefundNotFailed):
        resend(airline, booking, refund)
    assert len(airline.payment(payment_of(booking)).refunds) == 1


def test_a_refund_sent_again_may_fail_and_be_sent_again_itself(
    airline: MemoryAirline, booking: str
) -> None:
    refund = request(airline, booking)
    for number in (1, 2, 3):
        record(airline, booking, refund, Failed(f"re_{number}", "declined"))
        refund = resend(airline, booking, refund)
    record(airline, booking, refund, Settled("re_4"))
    invariants.check(airline.log)


def test_what_another_refund_has_taken_is_not_sent_again(
    airline: MemoryAirline, booking: str
) -> None:
    failed = request(airline, booking, DUE)
    record(airline, booking, failed, *REFUSED)
    payment = payment_of(booking)
    airline.submit(RefundPayment(booking, "goodwill", HALF, (payment,)))
    with pytest.raises(rejections.RefundExceedsCaptured):
        resend(airline, booking, failed)


def test_an_unknown_refund_card_or_booking_is_not_found(
    airline: MemoryAirline, booking: str
) -> None:
    failed = request(airline, booking)
    record(airline, booking, failed, *REFUSED)
    for refund, intent in (("payment-X-1-r9", None), (failed, "pi_other")):
        with pytest.raises(rejections.PaymentNotFound):
            resend(airline, booking, refund, intent)
    with pytest.raises(booking_rejections.BookingNotFound):
        resend(airline, "booking-ZZZZZZ", failed)


def test_a_failed_refund_may_go_to_another_card_of_the_booking(
    airline: MemoryAirline, booking: str
) -> None:
    airline.submit(capture(booking, DUE, intent="pi_2"))
    failed = request(airline, booking)
    record(airline, booking, failed, *FAILED)
    again = resend(airline, booking, failed, "pi_2")
    sent = airline.payment(payment_of(booking)).refund(again)
    assert sent is not None
    assert (sent.intent, sent.amount) == ("pi_2", HALF)
