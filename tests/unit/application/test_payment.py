"""Checkout, attempts and captures: what one command writes to payment and booking."""

import pytest

from application.booking.offer_seats import OfferSeats
from application.payment import record_attempt
from application.payment.record_attempt import Expired, Opened, Refused, Unresolved
from application.payment.start_checkout import StartCheckout
from domain.booking import rejections as booking_rejections
from domain.booking.events import BookingPaid
from domain.booking.states import Status
from domain.inventory import rejections as flight_rejections
from domain.kernel import money
from domain.payment import rejections
from domain.payment.events import AttemptStarted, FundsParked, PaymentCaptured, PaymentRequested
from tests.support import invariants
from tests.support.examples import DUE, NOW, URL, sar
from tests.support.memory_airline import MemoryAirline
from tests.unit.application.stage import Stage, attempt_of, capture, expire, payment_of

OPENED = Opened("cs_1", URL, NOW)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.schedule()
    return stage


@pytest.fixture
def booking(stage: Stage) -> str:
    return stage.book()


def parked_reasons(stage: Stage, booking: str) -> list[str]:
    return [
        recorded.event.reason
        for recorded in stage.log.streams[payment_of(booking)]
        if isinstance(recorded.event, FundsParked)
    ]


def test_checkout_records_what_is_due_and_the_intention_before_anyone_is_asked(
    stage: Stage, booking: str
) -> None:
    added = stage.added(StartCheckout(booking_id=booking, locale="ar"))
    assert list(added) == [payment_of(booking)]
    requested, started = added[payment_of(booking)]
    assert requested == PaymentRequested(booking=booking, due=DUE)
    assert isinstance(started, AttemptStarted)
    assert (started.attempt, started.locale) == (attempt_of(booking), "ar")
    assert started.idempotency_key == f"checkout:{attempt_of(booking)}"


@pytest.mark.parametrize("reported", [None, Unresolved(), OPENED])
def test_a_live_attempt_is_used_again(
    stage: Stage, booking: str, reported: record_attempt.Result | None
) -> None:
    stage.checkout(booking)
    if reported is not None:
        stage.record(booking, reported)
    before = len(stage.log.events)
    assert stage.checkout(booking) == (payment_of(booking), attempt_of(booking))
    assert len(stage.log.events) == before


@pytest.mark.parametrize("reported", [Refused("resource_missing"), Expired()])
def test_after_an_attempt_is_over_the_next_one_has_its_own_name_and_key(
    stage: Stage, booking: str, reported: record_attempt.Result
) -> None:
    stage.checkout(booking)
    stage.record(booking, reported)
    _, second = stage.checkout(booking)
    assert second == payment_of(booking) + "-a2"
    keys = {a.idempotency_key for a in stage.log.state(payment_of(booking)).attempts}
    assert len(keys) == 2


def test_nobody_goes_to_pay_for_a_paid_lapsed_or_unknown_booking(
    stage: Stage, booking: str
) -> None:
    stage.pay(booking)
    with pytest.raises(booking_rejections.NothingDue):
        stage.checkout(booking)
    late = stage.book()
    stage.wait(minutes=15)
    with pytest.raises(booking_rejections.BookingHasExpired):
        stage.checkout(late)
    stage.submit(expire(late))
    with pytest.raises(booking_rejections.BookingHasExpired):
        stage.checkout(late)
    with pytest.raises(booking_rejections.BookingNotFound):
        stage.checkout("booking-ZZZZZZ")


def test_the_capture_and_paid_are_one_append(stage: Stage, booking: str) -> None:
    stage.checkout(booking)
    added = stage.added(capture(booking, DUE))
    (captured,) = added[payment_of(booking)]
    assert isinstance(captured, PaymentCaptured)
    assert captured.entry.references == ("pi_1", "ch_pi_1")
    assert added[booking] == [BookingPaid(payment=payment_of(booking), amount=DUE)]


def test_a_repeated_capture_records_nothing(stage: Stage, booking: str) -> None:
    stage.pay(booking)
    assert stage.added(capture(booking, DUE)) == {}
    assert stage.added(capture(booking, sar(1))) == {}


@pytest.mark.parametrize("earlier", [Unresolved(), OPENED, Expired(), Refused("gone")])
def test_a_capture_counts_whatever_was_reported_of_the_session(
    stage: Stage, booking: str, earlier: record_attempt.Result
) -> None:
    stage.checkout(booking)
    stage.record(booking, earlier)
    stage.submit(capture(booking, DUE))
    assert stage.log.state(booking).status is Status.PAID


def test_a_session_reported_after_its_capture_changes_nothing(stage: Stage, booking: str) -> None:
    stage.pay(booking)
    before = len(stage.log.events)
    stage.record(booking, OPENED)
    assert len(stage.log.events) == before


@pytest.mark.parametrize(
    "amount", [sar(DUE.amount - 1), sar(DUE.amount + 1), sar(1), money.Money(DUE.amount, "USD")]
)
def test_another_amount_is_kept_with_its_entry_and_parked_and_pays_nothing(
    stage: Stage, booking: str, amount: money.Money
) -> None:
    stage.checkout(booking)
    added = stage.added(capture(booking, amount))
    assert list(added) == [payment_of(booking)]
    assert parked_reasons(stage, booking) == ["amount_differs"]
    assert stage.log.state(booking).status is Status.RESERVED
    assert invariants.unapplied(stage.log, booking) == -amount.amount
    assert stage.checkout(booking)[1] == payment_of(booking) + "-a2"


def test_late_money_is_kept_with_its_entry_and_parked(stage: Stage, booking: str) -> None:
    stage.checkout(booking)
    stage.wait(minutes=15)
    stage.submit(expire(booking))
    stage.submit(capture(booking, DUE))
    assert parked_reasons(stage, booking) == ["late"]
    assert stage.log.state(booking).status is Status.EXPIRED
    assert invariants.unapplied(stage.log, booking) == -DUE.amount


def test_money_in_a_lapsed_hold_that_is_not_expired_yet_still_pays(
    stage: Stage, booking: str
) -> None:
    stage.checkout(booking)
    stage.wait(hours=3)
    stage.submit(capture(booking, DUE))
    assert stage.log.state(booking).status is Status.PAID


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_second_payment_is_kept_as_a_duplicate_and_the_booking_is_not_touched(
    stage: Stage, booking: str, confirmed: bool
) -> None:
    stage.pay(booking)
    if confirmed:
        stage.submit(stage.confirm_command(booking))
    added = stage.added(capture(booking, DUE, intent="pi_2"))
    assert list(added) == [payment_of(booking)]
    assert parked_reasons(stage, booking) == ["duplicate"]
    owed = 0 if confirmed else -DUE.amount
    assert invariants.unapplied(stage.log, booking) == owed - DUE.amount


def test_the_right_amount_after_a_wrong_one_pays(stage: Stage, booking: str) -> None:
    stage.checkout(booking)
    stage.submit(capture(booking, sar(1)))
    _, second = stage.checkout(booking)
    stage.submit(capture(booking, DUE, intent="pi_2", attempt=second))
    assert stage.log.state(booking).status is Status.PAID
    assert parked_reasons(stage, booking) == ["amount_differs"]


def test_money_of_a_payment_or_booking_that_is_not_there_or_does_not_match_is_refused(
    stage: Stage, booking: str
) -> None:
    with pytest.raises(rejections.PaymentNotFound):
        stage.submit(capture(booking, DUE))
    stage.checkout(booking)
    other = stage.book()
    mixed = capture(booking, DUE)
    with pytest.raises(rejections.PaymentNotFound):
        stage.submit(type(mixed)(mixed.payment_id, other, mixed.attempt, "pi_1", "ch_1", DUE))


def test_an_outcome_of_an_unknown_attempt_is_refused(stage: Stage, booking: str) -> None:
    with pytest.raises(rejections.PaymentNotFound):
        stage.record(booking, OPENED)
    stage.checkout(booking)
    stage.record(booking, Expired())
    with pytest.raises(rejections.PaymentNotFound):
        stage.submit(record_attempt.RecordAttempt(payment_of(booking), "other", OPENED))


def test_a_declined_card_leaves_the_booking_reserved_and_the_session_open(
    stage: Stage, booking: str
) -> None:
    stage.checkout(booking)
    stage.record(booking, OPENED)
    stage.record(booking, record_attempt.Declined("pi_1", "ch_no", "insufficient_funds"))
    assert stage.log.state(booking).status is Status.RESERVED
    assert stage.checkout(booking)[1] == attempt_of(booking)
    stage.submit(capture(booking, DUE))
    assert stage.log.state(booking).status is Status.PAID


def test_whose_turn_went_by_while_the_card_was_declined_waits_again_at_the_end() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    first = airline.book(flight)
    waiting, behind = (airline.book(flight, mode="waitlist") for _ in range(2))
    airline.cancel(first)
    answer = airline.submit(StartCheckout(booking_id=waiting)).answer
    declined = record_attempt.Declined("pi_1", "ch_1", "declined")
    airline.submit(record_attempt.RecordAttempt(answer.stream, answer.ids["attempt"], declined))
    assert airline.booking(waiting).status is Status.PAYMENT_FAILED
    airline.submit(OfferSeats(flight))
    assert [each.booking for each in airline.flight(flight).waitlist] == [behind]
    with pytest.raises(flight_rejections.SeatsUnavailable):
        airline.submit(StartCheckout(booking_id=waiting))
    airline.cancel(behind)
    airline.submit(StartCheckout(booking_id=waiting))
    assert airline.booking(waiting).status is Status.PENDING
    assert [each.booking for each in airline.flight(flight).waitlist] == [waiting]
    airline.submit(OfferSeats(flight))
    assert airline.booking(waiting).status is Status.RESERVED


def test_the_first_of_several_in_the_queue_can_pay_for_the_seat_that_came_free() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    first = airline.book(flight)
    waiting, behind = (airline.book(flight, mode="waitlist") for _ in range(2))
    airline.cancel(first)
    with pytest.raises(flight_rejections.SeatsUnavailable):
        airline.submit(StartCheckout(booking_id=behind))
    airline.pay(waiting)
    assert airline.booking(waiting).status is Status.PAID
    assert [each.booking for each in airline.flight(flight).waitlist] == [behind]
