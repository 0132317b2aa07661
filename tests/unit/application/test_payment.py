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
from tests.support import examples, invariants
from tests.support.airline import attempt_of, capture, expire, payment_of
from tests.support.examples import DUE, FLIGHT, NOW, URL, sar
from tests.support.memory_airline import MemoryAirline

OPENED = Opened("cs_1", URL, NOW)


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled())
    return airline


@pytest.fixture
def booking(airline: MemoryAirline) -> str:
    return airline.book(FLIGHT)


def parked_reasons(airline: MemoryAirline, booking: str) -> list[str]:
    return [
        recorded.event.reason
        for recorded in airline.log.streams[payment_of(booking)]
        if isinstance(recorded.event, FundsParked)
    ]


def test_checkout_records_what_is_due_and_the_intention_before_anyone_is_asked(
    airline: MemoryAirline, booking: str
) -> None:
    added = airline.added(StartCheckout(booking_id=booking, locale="ar"))
    assert list(added) == [payment_of(booking)]
    requested, started = added[payment_of(booking)]
    assert requested == PaymentRequested(booking=booking, due=DUE)
    assert isinstance(started, AttemptStarted)
    assert (started.attempt, started.locale) == (attempt_of(booking), "ar")
    assert started.idempotency_key == f"checkout:{attempt_of(booking)}"


@pytest.mark.parametrize("reported", [None, Unresolved(), OPENED])
def test_a_live_attempt_is_used_again(
    airline: MemoryAirline, booking: str, reported: record_attempt.Result | None
) -> None:
    airline.checkout(booking)
    if reported is not None:
        airline.record_attempt(booking, reported)
    before = len(airline.log.events)
    assert airline.checkout(booking) == (payment_of(booking), attempt_of(booking))
    assert len(airline.log.events) == before


@pytest.mark.parametrize("reported", [Refused("resource_missing"), Expired()])
def test_after_an_attempt_is_over_the_next_one_has_its_own_name_and_key(
    airline: MemoryAirline, booking: str, reported: record_attempt.Result
) -> None:
    airline.checkout(booking)
    airline.record_attempt(booking, reported)
    _, second = airline.checkout(booking)
    assert second == payment_of(booking) + "-a2"
    keys = {a.idempotency_key for a in airline.log.state(payment_of(booking)).attempts}
    assert len(keys) == 2


def test_nobody_goes_to_pay_for_a_paid_lapsed_or_unknown_booking(
    airline: MemoryAirline, booking: str
) -> None:
    airline.pay(booking, intent="pi_1")
    with pytest.raises(booking_rejections.NothingDue):
        airline.checkout(booking)
    late = airline.book(FLIGHT)
    airline.wait(minutes=15)
    with pytest.raises(booking_rejections.BookingHasExpired):
        airline.checkout(late)
    airline.submit(expire(late))
    with pytest.raises(booking_rejections.BookingHasExpired):
        airline.checkout(late)
    with pytest.raises(booking_rejections.BookingNotFound):
        airline.checkout("booking-ZZZZZZ")


def test_the_capture_and_paid_are_one_append(airline: MemoryAirline, booking: str) -> None:
    airline.checkout(booking)
    added = airline.added(capture(booking, DUE))
    (captured,) = added[payment_of(booking)]
    assert isinstance(captured, PaymentCaptured)
    assert captured.entry.references == ("pi_1", "ch_pi_1")
    assert added[booking] == [BookingPaid(payment=payment_of(booking), amount=DUE)]


def test_a_repeated_capture_records_nothing(airline: MemoryAirline, booking: str) -> None:
    airline.pay(booking, intent="pi_1")
    assert airline.added(capture(booking, DUE)) == {}
    assert airline.added(capture(booking, sar(1))) == {}


@pytest.mark.parametrize("earlier", [Unresolved(), OPENED, Expired(), Refused("gone")])
def test_a_capture_counts_whatever_was_reported_of_the_session(
    airline: MemoryAirline, booking: str, earlier: record_attempt.Result
) -> None:
    airline.checkout(booking)
    airline.record_attempt(booking, earlier)
    airline.submit(capture(booking, DUE))
    assert airline.log.state(booking).status is Status.PAID


def test_a_session_reported_after_its_capture_changes_nothing(
    airline: MemoryAirline, booking: str
) -> None:
    airline.pay(booking, intent="pi_1")
    before = len(airline.log.events)
    airline.record_attempt(booking, OPENED)
    assert len(airline.log.events) == before


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (sar(DUE.amount - 1), "amount_differs"),
        (sar(1), "underpaid"),
        (money.Money(DUE.amount, "USD"), "amount_differs"),
    ],
)
def test_another_amount_is_kept_with_its_entry_and_parked_and_pays_nothing(
    airline: MemoryAirline, booking: str, amount: money.Money, reason: str
) -> None:
    airline.checkout(booking)
    added = airline.added(capture(booking, amount))
    assert list(added) == [payment_of(booking)]
    assert parked_reasons(airline, booking) == [reason]
    assert airline.log.state(booking).status is Status.RESERVED
    assert invariants.unapplied(airline.log, booking) == -amount.amount
    assert airline.checkout(booking)[1] == payment_of(booking) + "-a2"


def test_late_money_is_kept_with_its_entry_and_parked(airline: MemoryAirline, booking: str) -> None:
    airline.checkout(booking)
    airline.wait(minutes=15)
    airline.submit(expire(booking))
    airline.submit(capture(booking, DUE))
    assert parked_reasons(airline, booking) == ["late"]
    assert airline.log.state(booking).status is Status.EXPIRED
    assert invariants.unapplied(airline.log, booking) == -DUE.amount


def test_money_in_a_lapsed_hold_that_is_not_expired_yet_still_pays(
    airline: MemoryAirline, booking: str
) -> None:
    airline.checkout(booking)
    airline.wait(hours=3)
    airline.submit(capture(booking, DUE))
    assert airline.log.state(booking).status is Status.PAID


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_second_payment_is_kept_as_a_duplicate_and_the_booking_is_not_touched(
    airline: MemoryAirline, booking: str, confirmed: bool
) -> None:
    airline.pay(booking, intent="pi_1")
    if confirmed:
        airline.confirm(booking)
    added = airline.added(capture(booking, DUE, intent="pi_2"))
    assert list(added) == [payment_of(booking)]
    assert parked_reasons(airline, booking) == ["duplicate"]
    owed = 0 if confirmed else -DUE.amount
    assert invariants.unapplied(airline.log, booking) == owed - DUE.amount


def test_the_whole_amount_after_a_part_pays_and_is_too_much(
    airline: MemoryAirline, booking: str
) -> None:
    airline.checkout(booking)
    airline.submit(capture(booking, sar(1)))
    _, second = airline.checkout(booking)
    airline.submit(capture(booking, DUE, intent="pi_2", attempt=second))
    assert airline.log.state(booking).status is Status.PAID
    assert parked_reasons(airline, booking) == ["underpaid", "overpaid"]


def test_money_of_a_payment_or_booking_that_is_not_there_or_does_not_match_is_refused(
    airline: MemoryAirline, booking: str
) -> None:
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(capture(booking, DUE))
    airline.checkout(booking)
    other = airline.book(FLIGHT)
    mixed = capture(booking, DUE)
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(type(mixed)(mixed.payment_id, other, mixed.attempt, "pi_1", "ch_1", DUE))


def test_an_outcome_of_an_unknown_attempt_is_refused(airline: MemoryAirline, booking: str) -> None:
    with pytest.raises(rejections.PaymentNotFound):
        airline.record_attempt(booking, OPENED)
    airline.checkout(booking)
    airline.record_attempt(booking, Expired())
    with pytest.raises(rejections.PaymentNotFound):
        airline.submit(record_attempt.RecordAttempt(payment_of(booking), "other", OPENED))


def test_a_declined_card_leaves_the_booking_reserved_and_the_session_open(
    airline: MemoryAirline, booking: str
) -> None:
    airline.checkout(booking)
    airline.record_attempt(booking, OPENED)
    airline.record_attempt(booking, record_attempt.Declined("pi_1", "ch_no", "insufficient_funds"))
    assert airline.log.state(booking).status is Status.RESERVED
    assert airline.checkout(booking)[1] == attempt_of(booking)
    airline.submit(capture(booking, DUE))
    assert airline.log.state(booking).status is Status.PAID


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


def declined_while_waiting() -> tuple[MemoryAirline, str, str]:
    """A flight of one seat that came free, and who waited for it: a card was declined."""
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    first = airline.book(flight)
    waiting = airline.book(flight, mode="waitlist")
    airline.cancel(first)
    airline.checkout(waiting)
    airline.record_attempt(waiting, record_attempt.Declined("pi_1", "ch_no", "declined"))
    assert airline.booking(waiting).status is Status.PAYMENT_FAILED
    return airline, flight, waiting


def test_a_second_card_on_the_same_page_pays_a_waitlisted_booking() -> None:
    airline, flight, waiting = declined_while_waiting()
    airline.submit(capture(waiting, airline.booking(waiting).price.total()))
    assert airline.booking(waiting).status is Status.PAID
    assert airline.flight(flight).waitlist == ()
    airline.confirm(waiting)
    assert airline.flight(flight).allocations.get(waiting).sold is not None


def test_after_a_declined_card_money_without_a_seat_or_of_another_amount_is_parked() -> None:
    airline, flight, waiting = declined_while_waiting()
    due = airline.booking(waiting).price.total()
    airline.submit(capture(waiting, due - sar(1), intent="pi_2"))
    airline.submit(OfferSeats(flight))
    airline.book(flight, owner="another")
    airline.submit(capture(waiting, due, intent="pi_3"))
    assert parked_reasons(airline, waiting) == ["amount_differs", "no_seats"]
    assert airline.booking(waiting).status is Status.PAYMENT_FAILED
