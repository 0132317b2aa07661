"""What other booking systems got wrong, each with its number in our list of known defects.

A test here fails when the defect comes in; defects that show only over HTTP stand in
`tests/end_to_end/test_known_defects_over_http.py`.
"""

import datetime as dt

import pytest

from application.booking.answer_disruption import RefundDisruption
from application.booking.cancel_booking import Part
from application.booking.check_in import CheckIn
from application.booking.confirm_booking import ConfirmBooking
from application.booking.expire_booking import ExpireBooking
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.payment import record_attempt, record_refund
from application.payment.record_attempt import RecordAttempt
from application.payment.record_capture import RecordCapture
from application.payment.record_refund import RecordRefund
from application.payment.refund_payment import RefundPayment, SendRefund
from application.payment.start_checkout import StartCheckout
from domain.booking import rejections
from domain.booking.states import Status
from domain.inventory import rejections as flight_rejections
from domain.kernel import ids, money
from domain.payment import rejections as payment_rejections
from tests.support import invariants
from tests.support.airline import AIRLINE, START
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

HOLD = dt.timedelta(minutes=15)


def captured(
    airline: MemoryAirline, booking: str, amount: money.Money | None = None
) -> RecordCapture:
    """Stripe took the amount due, or another one, in the booking's first attempt."""
    answer = airline.submit(StartCheckout(booking_id=booking)).answer
    due = airline.booking(booking).amount_due()
    attempt = answer.ids["attempt"]
    return RecordCapture(answer.stream, booking, attempt, "pi_1", "ch_1", amount or due)


def refunds(airline: MemoryAirline, payment: str) -> list[int]:
    """Amounts that were asked back."""
    return [each.amount.amount for each in airline.log.state(payment).refunds]


def test_defect_01_a_step_that_the_table_lacks_is_refused_and_leaves_no_trace() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    airline.clock.advance(HOLD)
    airline.submit(ExpireBooking(booking, "hold_lapsed"))
    length = len(airline.log.events)
    with pytest.raises(rejections.TransitionRefused):
        airline.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    assert len(airline.log.events) == length
    assert airline.tags(booking)[-1] == "booking.expired.1"


def test_defect_02_seats_are_held_from_the_booking_until_the_tickets() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    booking = airline.book(flight)
    for step in (lambda: airline.pay(booking), lambda: airline.confirm(booking)):
        with pytest.raises(flight_rejections.SeatsUnavailable):
            airline.book(flight)
        step()
    cabin = airline.flight(flight).cabins["Y"]
    assert (cabin.held_count, cabin.sold_count, cabin.free_count) == (0, 1, 0)


def test_defect_03_money_is_booked_whether_its_session_is_reported_before_or_after() -> None:
    balances = []
    for session_first in (True, False):
        airline = MemoryAirline()
        booking = airline.book(airline.schedule("SV1"))
        capture = captured(airline, booking)
        opened = record_attempt.Opened("cs_1", "https://x", airline.clock())
        reported = RecordAttempt(capture.payment_id, capture.attempt, opened)
        for command in (reported, capture) if session_first else (capture, reported):
            airline.submit(command)
        airline.confirm(booking)
        assert airline.booking(booking).status is Status.CONFIRMED
        balances.append(invariants.balances_of(airline.log))
    assert balances[0] == balances[1]
    assert any(account == "1010" for _, account, _ in balances[0])


def test_defect_04_money_for_a_lapsed_booking_is_kept_on_a_list_and_refuses_nothing() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    capture = captured(airline, booking)
    airline.clock.advance(HOLD)
    airline.submit(ExpireBooking(booking, "hold_lapsed"))
    airline.submit(capture)
    airline.submit(capture)
    assert airline.booking(booking).status is Status.EXPIRED
    assert airline.tags(capture.payment_id)[-2:] == ["payment.captured.1", "payment.funds_parked.1"]
    assert invariants.unapplied(airline.log, booking) == -capture.amount.amount


async def test_defect_05_two_partial_refunds_of_one_charge_are_two_and_add_up() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.ticketed(airline.schedule("SV1"), "ADT", "ADT")
    airline.cancel(booking, Part(passengers=(1,)))
    airline.cancel(booking)
    await runs.to_the_end()
    (payment,) = airline.booking(booking).payments
    assert len(refunds(airline, payment)) == 2
    assert sum(refunds(airline, payment)) == airline.booking(booking).owed().amount
    for number in (1, 2):
        for _ in range(2):
            settled = record_refund.Settled(f"re_{number}")
            airline.submit(RecordRefund(payment, f"{payment}-r{number}", settled))
    assert airline.booking(booking).status is Status.REFUNDED
    left = invariants.balances_of(airline.log)
    assert not any(of == booking and account in {"1010", "2100"} for of, account, _ in left)


async def test_defect_07_a_partial_refund_leaves_the_others_flying_and_frees_the_seat() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1", in_days=2)
    booking = airline.ticketed(flight, "ADT", "ADT")
    airline.cancel(booking, Part(passengers=(1,)))
    await runs.to_the_end()
    (payment,) = airline.booking(booking).payments
    airline.submit(RecordRefund(payment, f"{payment}-r1", record_refund.Settled("re_1")))
    assert airline.booking(booking).status is Status.CONFIRMED
    assert airline.flight(flight).cabins["Y"].sold_count == 1
    airline.cancel(booking)
    assert airline.booking(booking).status is Status.CANCELLED
    assert airline.flight(flight).cabins["Y"].sold_count == 0
    await runs.to_the_end()
    airline.submit(RecordRefund(payment, f"{payment}-r2", record_refund.Settled("re_2")))
    assert airline.booking(booking).status is Status.REFUNDED


async def test_defect_09_no_more_is_asked_back_than_was_captured_and_each_once() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.ticketed(airline.schedule("SV1"))
    airline.cancel(booking)
    await runs.to_the_end()
    (payment,) = airline.booking(booking).payments
    paid = airline.log.state(payment).due
    assert refunds(airline, payment) == [paid.amount]
    for obligation, amount in (("another", paid), ("another", money.Money(1, "SAR"))):
        with pytest.raises(payment_rejections.RefundExceedsCaptured):
            airline.submit(RefundPayment(booking, obligation, amount, (payment,)))
    keys = {each.idempotency_key for each in airline.log.state(payment).refunds}
    assert keys == {f"refund:{payment}-r1"}


async def test_defect_10_a_cancelled_flight_sends_its_refunds_to_stripe() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    airline.submit(CancelFlight(flight, "technical"))
    airline.submit(OfferDisruption(booking, flight, "cancelled", "technical", material=True))
    airline.submit(RefundDisruption(booking, 0))
    await runs.to_the_end()
    assert airline.booking(booking).status is Status.CANCELLED
    (payment,) = airline.booking(booking).payments
    sent = [task for task in airline.log.outbox if isinstance(task, SendRefund)]
    assert sent == [SendRefund(payment, f"{payment}-r1")]


async def test_defect_11_a_cancellation_is_its_refund_and_nobody_has_to_ask_for_it() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.ticketed(airline.schedule("SV1"))
    airline.cancel(booking)
    await runs.to_the_end()
    (payment,) = airline.booking(booking).payments
    assert refunds(airline, payment) == [airline.booking(booking).owed().amount]


def test_defect_13_three_adults_pay_three_times_what_one_pays() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    one = airline.booking(airline.book(flight)).amount_due().amount
    assert airline.booking(airline.book(flight, "ADT", "ADT", "ADT")).amount_due().amount == 3 * one


def test_defect_13_without_a_price_there_is_no_booking_at_some_other_price() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=2)
    length = len(airline.log.events)
    with pytest.raises(flight_rejections.SeatsUnavailable):
        airline.book(flight, "ADT", "ADT", "ADT")
    assert len(airline.log.events) == length


def test_defect_16_check_in_has_a_window() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    departs_at = airline.flight(flight).departs_at
    for moment in (
        departs_at - dt.timedelta(hours=48, microseconds=1),
        departs_at - dt.timedelta(minutes=60) + dt.timedelta(microseconds=1),
    ):
        airline.clock.now = moment
        with pytest.raises(rejections.CheckInClosed):
            airline.submit(CheckIn(booking, 0, None))


def test_defect_16_check_in_gives_each_passenger_another_seat() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    bookings = [airline.ticketed(flight, "ADT", "ADT") for _ in range(4)]
    airline.clock.now = airline.flight(flight).departs_at - dt.timedelta(hours=3)
    for booking in bookings:
        airline.submit(CheckIn(booking, 0, None))
    seats = [c.seat for each in bookings for c in airline.booking(each).coupons]
    assert len(set(seats)) == len(seats) == 8
    assert None not in seats


def test_defect_16_check_in_takes_only_passengers_of_the_booking() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.ticketed(flight)
    airline.clock.now = airline.flight(flight).departs_at - dt.timedelta(hours=3)
    for passengers in ((1,), (0, 1), (-1,)):
        with pytest.raises(rejections.NoSuchPart):
            airline.submit(CheckIn(booking, 0, passengers))
    assert airline.booking(booking).status is Status.CONFIRMED


@pytest.mark.parametrize(("hours", "percent"), [(168, 0), (167, 5), (71, 10), (23, 15)])
def test_defect_20_the_fee_of_a_change_counts_the_hours_to_departure(
    hours: int, percent: int
) -> None:
    airline = MemoryAirline()
    flight, other = airline.schedule("SV1"), airline.schedule("SV2", in_days=200)
    booking = airline.ticketed(flight)
    airline.clock.now = airline.flight(flight).departs_at - dt.timedelta(hours=hours)
    assert airline.quote_modification(booking, other).percent == percent
    assert airline.clock.now > START


def test_defect_22_every_click_on_pay_leads_to_the_one_live_session() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    first = airline.submit(StartCheckout(booking_id=booking)).answer
    length = len(airline.log.events)
    for _ in range(5):
        assert airline.submit(StartCheckout(booking_id=booking)).answer.ids == first.ids
    assert len(airline.log.events) == length


@pytest.mark.parametrize("difference", [-1, -1_000, -50_000])
def test_defect_23_less_than_is_due_pays_nothing(difference: int) -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    due = airline.booking(booking).amount_due()
    amount = money.Money(due.amount + difference, due.currency)
    capture = captured(airline, booking, amount)
    airline.submit(capture)
    assert airline.booking(booking).status is Status.RESERVED
    assert airline.tags(capture.payment_id)[-1] == "payment.funds_parked.1"


def test_defect_23_more_than_is_due_pays_what_is_due_and_no_more() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    due = airline.booking(booking).amount_due()
    airline.submit(captured(airline, booking, money.Money(due.amount + 1, due.currency)))
    assert airline.booking(booking).captured == due
    (capture,) = airline.payment(ids.payment_stream(booking, 1)).captures
    assert capture.surplus == money.Money(1, due.currency)


async def test_defect_24_a_paid_change_moves_the_seats_and_books_the_money() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    old, new = airline.schedule("SV1"), airline.schedule("SV2", fare=90_000)
    booking = airline.ticketed(old)
    before = airline.booking(booking)
    airline.modify(booking, new)
    airline.pay(booking)
    await runs.to_the_end()
    after = airline.booking(booking)
    assert after.segments[0].flight == new
    assert [airline.flight(each).cabins["Y"].sold_count for each in (old, new)] == [0, 1]
    assert after.tickets != before.tickets
    due = after.captured - before.captured  # type: ignore[operator]  # both were paid
    assert due.amount > 0
    assert invariants.unapplied(airline.log, booking) == 0


def test_defect_25_nobody_is_confirmed_without_a_capture_of_the_amount_due() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    with pytest.raises(rejections.TransitionRefused):
        airline.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    airline.submit(StartCheckout(booking_id=booking))
    with pytest.raises(rejections.TransitionRefused):
        airline.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    assert airline.booking(booking).status is Status.RESERVED
