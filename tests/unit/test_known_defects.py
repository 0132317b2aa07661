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
from domain.kernel import money
from domain.payment import rejections as payment_rejections
from tests.support import invariants
from tests.support.house import AIRLINE, START, House, Runs

HOLD = dt.timedelta(minutes=15)


def captured(house: House, booking: str, amount: money.Money | None = None) -> RecordCapture:
    """Stripe took the amount due, or another one, in the booking's first attempt."""
    answer = house.submit(StartCheckout(booking_id=booking)).answer
    due = house.booking(booking).amount_due()
    attempt = answer.ids["attempt"]
    return RecordCapture(answer.stream, booking, attempt, "pi_1", "ch_1", amount or due)


def refunds(house: House, payment: str) -> list[int]:
    """Amounts that were asked back."""
    return [each.amount.amount for each in house.log.state(payment).refunds]


def test_defect_01_a_step_that_the_table_lacks_is_refused_and_leaves_no_trace() -> None:
    house = House()
    booking = house.book(house.schedule("SV1"))
    house.clock.advance(HOLD)
    house.submit(ExpireBooking(booking, "hold_lapsed"))
    length = len(house.log.events)
    with pytest.raises(rejections.TransitionRefused):
        house.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    assert len(house.log.events) == length
    assert house.tags(booking)[-1] == "booking.expired.1"


def test_defect_02_seats_are_held_from_the_booking_until_the_tickets() -> None:
    house = House()
    flight = house.schedule("SV1", seats=1)
    booking = house.book(flight)
    for step in (lambda: house.pay(booking), lambda: house.confirm(booking)):
        with pytest.raises(flight_rejections.SeatsUnavailable):
            house.book(flight)
        step()
    cabin = house.flight(flight).cabins["Y"]
    assert (cabin.held_count, cabin.sold_count, cabin.free_count) == (0, 1, 0)


def test_defect_03_money_is_booked_whether_its_session_is_told_before_or_after() -> None:
    balances = []
    for session_first in (True, False):
        house = House()
        booking = house.book(house.schedule("SV1"))
        capture = captured(house, booking)
        opened = record_attempt.Opened("cs_1", "https://x", house.clock())
        told = RecordAttempt(capture.payment_id, capture.attempt, opened)
        for command in (told, capture) if session_first else (capture, told):
            house.submit(command)
        house.confirm(booking)
        assert house.booking(booking).status is Status.CONFIRMED
        balances.append(invariants.balances_of(house.log))
    assert balances[0] == balances[1]
    assert any(account == "1010" for _, account, _ in balances[0])


def test_defect_04_money_for_a_lapsed_booking_is_kept_on_a_list_and_refuses_nothing() -> None:
    house = House()
    booking = house.book(house.schedule("SV1"))
    capture = captured(house, booking)
    house.clock.advance(HOLD)
    house.submit(ExpireBooking(booking, "hold_lapsed"))
    house.submit(capture)
    house.submit(capture)
    assert house.booking(booking).status is Status.EXPIRED
    assert house.tags(capture.payment_id)[-2:] == ["payment.captured.1", "payment.funds_parked.1"]
    assert invariants.unapplied(house.log, booking) == -capture.amount.amount


async def test_defect_05_two_partial_refunds_of_one_charge_are_two_and_add_up() -> None:
    house = House()
    runs = Runs(house)
    booking = house.ticketed(house.schedule("SV1"), "ADT", "ADT")
    house.cancel(booking, Part(passengers=(1,)))
    house.cancel(booking)
    await runs.to_the_end()
    (payment,) = house.booking(booking).payments
    assert len(refunds(house, payment)) == 2
    assert sum(refunds(house, payment)) == house.booking(booking).owed().amount
    for number in (1, 2):
        for _ in range(2):
            settled = record_refund.Settled(f"re_{number}")
            house.submit(RecordRefund(payment, f"{payment}-r{number}", settled))
    assert house.booking(booking).status is Status.REFUNDED
    left = invariants.balances_of(house.log)
    assert not any(of == booking and account in {"1010", "2100"} for of, account, _ in left)


async def test_defect_07_a_partial_refund_leaves_the_others_flying_and_frees_the_seat() -> None:
    house = House()
    runs = Runs(house)
    flight = house.schedule("SV1", in_days=2)
    booking = house.ticketed(flight, "ADT", "ADT")
    house.cancel(booking, Part(passengers=(1,)))
    await runs.to_the_end()
    (payment,) = house.booking(booking).payments
    house.submit(RecordRefund(payment, f"{payment}-r1", record_refund.Settled("re_1")))
    assert house.booking(booking).status is Status.CONFIRMED
    assert house.flight(flight).cabins["Y"].sold_count == 1
    house.cancel(booking)
    assert house.booking(booking).status is Status.CANCELLED
    assert house.flight(flight).cabins["Y"].sold_count == 0
    await runs.to_the_end()
    house.submit(RecordRefund(payment, f"{payment}-r2", record_refund.Settled("re_2")))
    assert house.booking(booking).status is Status.REFUNDED


async def test_defect_09_no_more_is_asked_back_than_was_captured_and_each_once() -> None:
    house = House()
    runs = Runs(house)
    booking = house.ticketed(house.schedule("SV1"))
    house.cancel(booking)
    await runs.to_the_end()
    (payment,) = house.booking(booking).payments
    paid = house.log.state(payment).due
    assert refunds(house, payment) == [paid.amount]
    for obligation, amount in (("another", paid), ("another", money.Money(1, "SAR"))):
        with pytest.raises(payment_rejections.RefundExceedsCaptured):
            house.submit(RefundPayment(booking, obligation, amount, (payment,)))
    keys = {each.idempotency_key for each in house.log.state(payment).refunds}
    assert keys == {f"refund:{payment}-r1"}


async def test_defect_10_a_cancelled_flight_sends_its_refunds_to_stripe() -> None:
    house = House()
    runs = Runs(house)
    flight = house.schedule("SV1")
    booking = house.ticketed(flight)
    house.submit(CancelFlight(flight, "technical"))
    house.submit(OfferDisruption(booking, flight, "cancelled", "technical", material=True))
    house.submit(RefundDisruption(booking, 0))
    await runs.to_the_end()
    assert house.booking(booking).status is Status.CANCELLED
    (payment,) = house.booking(booking).payments
    sent = [task for task in house.log.outbox if isinstance(task, SendRefund)]
    assert sent == [SendRefund(payment, f"{payment}-r1")]


async def test_defect_11_a_cancellation_is_its_refund_and_nobody_has_to_ask_for_it() -> None:
    house = House()
    runs = Runs(house)
    booking = house.ticketed(house.schedule("SV1"))
    house.cancel(booking)
    await runs.to_the_end()
    (payment,) = house.booking(booking).payments
    assert refunds(house, payment) == [house.booking(booking).owed().amount]


def test_defect_13_three_adults_pay_three_times_what_one_pays() -> None:
    house = House()
    flight = house.schedule("SV1")
    one = house.booking(house.book(flight)).amount_due().amount
    assert house.booking(house.book(flight, "ADT", "ADT", "ADT")).amount_due().amount == 3 * one


def test_defect_13_without_a_price_there_is_no_booking_at_some_other_price() -> None:
    house = House()
    flight = house.schedule("SV1", seats=2)
    length = len(house.log.events)
    with pytest.raises(flight_rejections.SeatsUnavailable):
        house.book(flight, "ADT", "ADT", "ADT")
    assert len(house.log.events) == length


def test_defect_16_check_in_has_a_window() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.ticketed(flight)
    departs_at = house.flight(flight).departs_at
    for moment in (
        departs_at - dt.timedelta(hours=48, microseconds=1),
        departs_at - dt.timedelta(minutes=60) + dt.timedelta(microseconds=1),
    ):
        house.clock.now = moment
        with pytest.raises(rejections.CheckInClosed):
            house.submit(CheckIn(booking, 0, None))


def test_defect_16_check_in_gives_each_passenger_another_seat() -> None:
    house = House()
    flight = house.schedule("SV1")
    bookings = [house.ticketed(flight, "ADT", "ADT") for _ in range(4)]
    house.clock.now = house.flight(flight).departs_at - dt.timedelta(hours=3)
    for booking in bookings:
        house.submit(CheckIn(booking, 0, None))
    seats = [c.seat for each in bookings for c in house.booking(each).coupons]
    assert len(set(seats)) == len(seats) == 8
    assert None not in seats


def test_defect_16_check_in_takes_only_passengers_of_the_booking() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.ticketed(flight)
    house.clock.now = house.flight(flight).departs_at - dt.timedelta(hours=3)
    for passengers in ((1,), (0, 1), (-1,)):
        with pytest.raises(rejections.NoSuchPart):
            house.submit(CheckIn(booking, 0, passengers))
    assert house.booking(booking).status is Status.CONFIRMED


@pytest.mark.parametrize(("hours", "percent"), [(168, 0), (167, 5), (71, 10), (23, 15)])
def test_defect_20_the_fee_of_a_change_counts_the_hours_to_departure(
    hours: int, percent: int
) -> None:
    house = House()
    flight, other = house.schedule("SV1"), house.schedule("SV2", in_days=200)
    booking = house.ticketed(flight)
    house.clock.now = house.flight(flight).departs_at - dt.timedelta(hours=hours)
    assert house.quote_change(booking, other).percent == percent
    assert house.clock.now > START


def test_defect_22_every_click_on_pay_leads_to_the_one_live_session() -> None:
    house = House()
    booking = house.book(house.schedule("SV1"))
    first = house.submit(StartCheckout(booking_id=booking)).answer
    length = len(house.log.events)
    for _ in range(5):
        assert house.submit(StartCheckout(booking_id=booking)).answer.ids == first.ids
    assert len(house.log.events) == length


@pytest.mark.parametrize("difference", [-1, 1, -50_000])
def test_defect_23_another_amount_than_is_due_pays_nothing(difference: int) -> None:
    house = House()
    booking = house.book(house.schedule("SV1"))
    due = house.booking(booking).amount_due()
    amount = money.Money(due.amount + difference, due.currency)
    capture = captured(house, booking, amount)
    house.submit(capture)
    assert house.booking(booking).status is Status.RESERVED
    assert house.tags(capture.payment_id)[-1] == "payment.funds_parked.1"


async def test_defect_24_a_paid_change_moves_the_seats_and_books_the_money() -> None:
    house = House()
    runs = Runs(house)
    old, new = house.schedule("SV1"), house.schedule("SV2", fare=90_000)
    booking = house.ticketed(old)
    before = house.booking(booking)
    house.modify(booking, new)
    house.pay(booking)
    await runs.to_the_end()
    after = house.booking(booking)
    assert after.segments[0].flight == new
    assert [house.flight(each).cabins["Y"].sold_count for each in (old, new)] == [0, 1]
    assert after.tickets != before.tickets
    due = after.captured - before.captured  # type: ignore[operator]  # both were paid
    assert due.amount > 0
    assert invariants.unapplied(house.log, booking) == 0


def test_defect_25_nobody_is_confirmed_without_a_capture_of_the_amount_due() -> None:
    house = House()
    booking = house.book(house.schedule("SV1"))
    with pytest.raises(rejections.TransitionRefused):
        house.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    house.submit(StartCheckout(booking_id=booking))
    with pytest.raises(rejections.TransitionRefused):
        house.submit(ConfirmBooking(booking, AIRLINE, (1,)))
    assert house.booking(booking).status is Status.RESERVED
