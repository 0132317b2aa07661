"""Captured money that its booking could not take: seats again, or the money back, by rule and once.

Rows are those of the ledger's postings: 9 a refund, 14 money that is late, double or too much.
"""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.expire_booking import ExpireBooking
from application.booking.settle_parked_funds import SettleParkedFunds
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.payment.record_attempt import Expired
from application.payment.record_capture import EndSession, RestDue
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_refund import Settled
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from domain.booking.states import Status
from domain.booking.values import SeatChoice
from domain.kernel import money
from domain.payment.events import FundsParked
from domain.policies.operating_values import LateMoney
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import ExtraPrice
from tests.support import invariants
from tests.support.airline import attempt_of, capture, expire, payment_of
from tests.support.disputes import Disputed
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns
from tests.support.policies import publish

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}
SOME = {"SAR": 12_345, "KWD": 12_340, "JPY": 12_345}


def opened(currency: str = "SAR", **more: object) -> tuple[MemoryAirline, str]:
    """An airline that decides at once what follows, and a flight of two seats."""
    airline = MemoryAirline()
    ProcessRuns(airline).decide_with_causes()
    flight = airline.schedule(
        "SV1", **{"seats": 2, "fare": FARES[currency], "currency": currency, **more}
    )
    return airline, flight


def lapsed(airline: MemoryAirline, *flights: str, party: tuple[str, ...] = ("ADT",)) -> str:
    """A booking whose checkout is open and whose hold has ended."""
    booking: str = airline.book(flights, *party)
    airline.checkout(booking)
    airline.wait(minutes=16)
    airline.submit(expire(booking))
    return booking


def due_of(airline: MemoryAirline, booking: str) -> money.Money:
    due: money.Money = airline.booking(booking).price.total()
    return due


def pay_late(airline: MemoryAirline, booking: str, **more: object) -> None:
    airline.submit(capture(booking, due_of(airline, booking), **more))  # type: ignore[arg-type]


def sold_extras(airline: MemoryAirline, booking: str) -> tuple[ExtraPrice, ...]:
    found: tuple[ExtraPrice, ...] = airline.booking(booking).price.extras
    return found


def balances(airline: MemoryAirline, booking: str) -> dict[str, int]:
    found = invariants.balances_of(airline.log)
    return {account: amount for (of, account, _), amount in found.items() if of == booking}


def refunded(airline: MemoryAirline, booking: str) -> list[tuple[str, int]]:
    found = airline.payment(payment_of(booking)).refunds
    return [(each.intent, each.amount.amount) for each in found]


def written(airline: MemoryAirline) -> list[object]:
    """The letters about money, in order."""
    kinds = (letters.ReseatedLetter, letters.ReturnedMoneyLetter, RestDue)
    return [each for each in airline.log.outbox if isinstance(each, kinds)]


def returned_for(airline: MemoryAirline) -> list[str]:
    found = [each for each in written(airline) if isinstance(each, letters.ReturnedMoneyLetter)]
    return [each.reason for each in found]


@pytest.mark.parametrize("currency", FARES)
def test_row_14_late_money_of_a_booking_with_free_seats_is_seated_again_and_ticketed(
    currency: str,
) -> None:
    airline, flight = opened(currency)
    booking = lapsed(airline, flight)
    pay_late(airline, booking)
    after = airline.booking(booking)
    assert after.status is Status.CONFIRMED
    assert after.captured == after.price.total()
    assert airline.flight(flight).allocations.get(booking).sold.seat_count == 1
    assert "2020" not in balances(airline, booking)
    assert refunded(airline, booking) == []
    assert written(airline) == [letters.ReseatedLetter(booking, "pi_1")]


@pytest.mark.parametrize("currency", FARES)
def test_row_14_and_9_late_money_without_a_seat_is_refunded_in_full_once_and_explained(
    currency: str,
) -> None:
    airline, flight = opened(currency)
    booking = lapsed(airline, flight)
    airline.ticketed(flight, "ADT", "ADT", owner="another")
    due = due_of(airline, booking)
    pay_late(airline, booking)
    pay_late(airline, booking)
    airline.submit(SettleParkedFunds(payment_of(booking), "pi_1"))
    assert refunded(airline, booking) == [("pi_1", due.amount)]
    assert balances(airline, booking) == {"1010": due.amount, "2100": -due.amount}
    assert returned_for(airline) == ["late"]
    (refund,) = airline.payment(payment_of(booking)).refunds
    airline.record_refund(payment_of(booking), refund.id, Settled("re_1"))
    assert balances(airline, booking) == {}
    assert airline.booking(booking).status is Status.EXPIRED


@pytest.mark.parametrize(("hours", "seated"), [(23.9, True), (24, True), (24.1, False)])
def test_money_is_seated_again_until_a_day_after_its_payment_however_late_it_is_reported(
    hours: float, seated: bool
) -> None:
    airline, flight = opened()
    booking = lapsed(airline, flight)
    paid_at = airline.clock()
    airline.wait(hours=hours)
    pay_late(airline, booking, paid_at=paid_at)
    assert (airline.booking(booking).status is Status.CONFIRMED) == seated
    assert bool(refunded(airline, booking)) != seated


def test_nobody_is_seated_again_once_check_in_has_closed() -> None:
    airline, flight = opened(in_days=0.1)
    booking = lapsed(airline, flight)
    airline.wait(hours=1.2)
    pay_late(airline, booking)
    assert airline.booking(booking).status is Status.EXPIRED
    assert returned_for(airline) == ["late"]


def test_nobody_is_seated_again_on_a_flight_that_is_cancelled_or_was_moved() -> None:
    for change in ("cancelled", "moved"):
        airline, flight = opened()
        booking = lapsed(airline, flight)
        if change == "cancelled":
            airline.submit(CancelFlight(flight, "technical"))
        else:
            later = airline.flight(flight).departs_at + dt.timedelta(hours=2)
            airline.submit(
                RescheduleFlight(flight, later, later + dt.timedelta(hours=2), "technical")
            )
        pay_late(airline, booking)
        assert airline.booking(booking).status is Status.EXPIRED, change
        assert len(refunded(airline, booking)) == 1


def test_money_is_seated_again_for_as_long_as_the_policy_says() -> None:
    airline, flight = opened()
    publish(airline, LateMoney(reseats_minutes=60))
    booking = lapsed(airline, flight)
    paid_at = airline.clock()
    airline.wait(minutes=61)
    pay_late(airline, booking, paid_at=paid_at)
    assert airline.booking(booking).status is Status.EXPIRED
    assert refunded(airline, booking)


def test_who_has_cancelled_gets_late_money_back_and_no_seat() -> None:
    airline, flight = opened()
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.cancel(booking)
    pay_late(airline, booking)
    assert airline.booking(booking).status is Status.CANCELLED
    assert returned_for(airline) == ["not_payable"]


def test_a_journey_of_two_flights_is_seated_again_wholly_or_not_at_all() -> None:
    airline, flight = opened()
    second = airline.schedule("SV2", seats=2, route=("JED", "RUH"), in_days=11)
    booking = lapsed(airline, flight, second)
    airline.ticketed(second, "ADT", "ADT", owner="another")
    pay_late(airline, booking)
    assert airline.flight(flight).allocations.get(booking) is None
    assert len(refunded(airline, booking)) == 1
    again = lapsed(airline, flight, airline.schedule("SV3", route=("JED", "RUH"), in_days=12))
    airline.submit(capture(again, due_of(airline, again), intent="pi_2"))
    assert airline.booking(again).status is Status.CONFIRMED


def test_infants_and_chosen_seats_come_back_and_a_seat_taken_since_is_lost() -> None:
    airline, flight = opened(seats=30)
    seats = (SeatChoice(0, 0, "14A"), SeatChoice(2, 0, "14B"))
    booking = airline.book(flight, "ADT", "INF", "ADT", seats=seats)
    airline.checkout(booking)
    airline.wait(minutes=16)
    airline.submit(expire(booking))
    airline.ticketed(flight, owner="another", seats=(SeatChoice(0, 0, "14B"),))
    pay_late(airline, booking)
    after = airline.booking(booking)
    assert after.status is Status.CONFIRMED
    assert [each.seat for each in after.coupons] == ["14A", None, None]
    assert airline.flight(flight).allocations.get(booking).sold.infant_count == 1


@pytest.mark.parametrize("others", [1, 6])
def test_a_paid_seat_comes_back_or_its_price(others: int) -> None:
    airline, flight = opened(seats=30)
    booking = airline.book(flight, extras=(ExtraChoice("LEGROOM", 0, 0),))
    airline.checkout(booking)
    airline.wait(minutes=16)
    airline.submit(expire(booking))
    taken = [ExtraChoice("LEGROOM", each, 0) for each in range(others)]
    airline.ticketed(flight, *["ADT"] * others, owner="another", extras=tuple(taken))
    pay_late(airline, booking)
    after = airline.booking(booking)
    assert after.status is Status.CONFIRMED
    (extra,) = sold_extras(airline, booking)
    if others == 1:
        assert after.coupons[0].seat is not None
        assert refunded(airline, booking) == []
    else:
        assert after.coupons[0].seat is None
        assert refunded(airline, booking) == [("pi_1", extra.net + extra.vat)]


def test_of_two_late_bookings_for_the_last_seat_one_is_seated_and_one_refunded() -> None:
    airline, flight = opened(seats=1)
    first = lapsed(airline, flight)
    second = lapsed(airline, flight)
    airline.submit(capture(first, due_of(airline, first), intent="pi_1"))
    airline.submit(capture(second, due_of(airline, second), intent="pi_2"))
    assert airline.booking(first).status is Status.CONFIRMED
    assert airline.booking(second).status is Status.EXPIRED
    assert refunded(airline, second) == [("pi_2", due_of(airline, second).amount)]


def test_seats_that_others_wait_for_are_not_given_to_late_money() -> None:
    airline, flight = opened(seats=1)
    booking = lapsed(airline, flight)
    other = airline.book(flight, owner="another")
    waiting = airline.book(flight, owner="third", mode="waitlist")
    airline.cancel(other)
    pay_late(airline, booking)
    assert airline.booking(booking).status is Status.EXPIRED
    assert airline.booking(waiting).status is Status.RESERVED


def test_of_two_late_captures_one_is_seated_and_the_other_is_a_duplicate() -> None:
    airline, flight = opened()
    booking = lapsed(airline, flight)
    pay_late(airline, booking, intent="pi_1")
    pay_late(airline, booking, intent="pi_2")
    assert airline.booking(booking).status is Status.CONFIRMED
    assert refunded(airline, booking) == [("pi_2", due_of(airline, booking).amount)]
    assert returned_for(airline) == ["duplicate"]


@pytest.mark.parametrize("currency", FARES)
def test_row_14_a_duplicate_is_refunded_in_full_and_the_ticket_is_not_touched(
    currency: str,
) -> None:
    airline, flight = opened(currency)
    booking = airline.ticketed(flight)
    before = airline.booking(booking)
    airline.submit(capture(booking, due_of(airline, booking), intent="pi_2"))
    assert airline.booking(booking) == before
    assert refunded(airline, booking) == [("pi_2", due_of(airline, booking).amount)]
    assert "2020" not in balances(airline, booking)
    assert returned_for(airline) == ["duplicate"]


@pytest.mark.parametrize("currency", FARES)
@pytest.mark.parametrize("late", [False, True])
def test_row_14_of_what_is_overpaid_exactly_the_surplus_is_refunded(
    currency: str, late: bool
) -> None:
    airline, flight = opened(currency)
    booking = airline.book(flight)
    airline.checkout(booking)
    if late:
        airline.wait(minutes=16)
        airline.submit(expire(booking))
    due, surplus = due_of(airline, booking), money.Money(SOME[currency], currency)
    airline.submit(capture(booking, due + surplus))
    assert airline.booking(booking).status is Status.CONFIRMED
    assert airline.booking(booking).captured == due
    assert refunded(airline, booking) == [("pi_1", surplus.amount)]
    assert "2020" not in balances(airline, booking)
    assert balances(airline, booking)["2100"] == -surplus.amount
    assert returned_for(airline) == ["overpaid"]


def test_a_surplus_that_cannot_be_refunded_by_itself_sends_the_whole_payment_back() -> None:
    airline, flight = opened("KWD")
    booking = airline.book(flight)
    airline.checkout(booking)
    odd = due_of(airline, booking) + money.Money(7, "KWD")
    airline.submit(capture(booking, odd))
    assert airline.booking(booking).status is Status.RESERVED
    assert refunded(airline, booking) == [("pi_1", odd.amount)]


@pytest.mark.parametrize("currency", FARES)
def test_a_part_of_the_price_is_kept_the_rest_is_asked_for_and_both_confirm(currency: str) -> None:
    airline, flight = opened(currency)
    booking = airline.book(flight)
    airline.checkout(booking)
    due, part = due_of(airline, booking), money.Money(SOME[currency], currency)
    airline.submit(capture(booking, part))
    assert airline.booking(booking).status is Status.RESERVED
    assert refunded(airline, booking) == []
    assert written(airline) == [
        RestDue(booking, "pi_1", part.amount, (due - part).amount, currency)
    ]
    payment, attempt = airline.checkout(booking)
    assert airline.payment(payment).asked_by(attempt) == due - part
    airline.submit(capture(booking, due - part, intent="pi_2", attempt=attempt))
    assert airline.booking(booking).status is Status.CONFIRMED
    assert airline.booking(booking).captured == due
    assert refunded(airline, booking) == []
    assert "2020" not in balances(airline, booking)


def test_a_part_whose_rest_does_not_come_in_time_goes_back() -> None:
    airline, flight = opened()
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.submit(capture(booking, money.Money(10_000, "SAR")))
    settle = SettleParkedFunds(payment_of(booking), "pi_1")
    airline.submit(settle)
    assert refunded(airline, booking) == [], "the hold is running"
    airline.wait(minutes=16)
    airline.submit(ExpireBooking(booking, "hold_lapsed"))
    airline.submit(settle)
    airline.submit(settle)
    assert refunded(airline, booking) == [("pi_1", 10_000)]
    assert returned_for(airline) == ["underpaid"]


def test_a_part_whose_rest_nobody_can_charge_goes_back_at_once() -> None:
    airline, flight = opened()
    booking = airline.book(flight)
    airline.checkout(booking)
    part = due_of(airline, booking) - money.Money(199, "SAR")
    airline.submit(capture(booking, part))
    assert refunded(airline, booking) == [("pi_1", part.amount)]
    assert airline.checkout(booking)[1] != attempt_of(booking)


def test_a_part_and_the_whole_pay_and_the_part_is_the_surplus() -> None:
    airline, flight = opened()
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.submit(capture(booking, money.Money(10_000, "SAR")))
    pay_late(airline, booking, intent="pi_2")
    assert airline.booking(booking).status is Status.CONFIRMED
    assert refunded(airline, booking) == [("pi_2", 10_000)]


def test_a_part_of_a_dearer_change_is_kept_and_the_rest_completes_it() -> None:
    airline, flight = opened()
    dearer = airline.schedule("SV2", fare=90_000)
    booking = airline.ticketed(flight)
    airline.modify(booking, dearer)
    payment, attempt = airline.checkout(booking)
    due = airline.booking(booking).amount_due()
    part = money.Money(5_000, "SAR")
    airline.submit(capture(booking, part, intent="pi_2", attempt=attempt))
    assert airline.booking(booking).modification is not None
    rest = airline.checkout(booking)[1]
    airline.submit(capture(booking, due - part, intent="pi_3", attempt=rest))
    assert airline.booking(booking).segments[0].flight == dearer
    assert airline.payment(payment).refunds == ()


def test_what_only_a_signature_reported_is_not_settled_before_stripe_confirms_it() -> None:
    airline, flight = opened()
    booking = lapsed(airline, flight)
    due = due_of(airline, booking)
    pay_late(airline, booking, signed=True)
    airline.submit(SettleParkedFunds(payment_of(booking), "pi_1"))
    assert airline.booking(booking).status is Status.EXPIRED
    assert refunded(airline, booking) == []
    forged = RecordCaptureCheck(payment_of(booking), "pi_1", None)
    airline.submit(forged)
    airline.submit(SettleParkedFunds(payment_of(booking), "pi_1"))
    assert airline.booking(booking).status is Status.EXPIRED
    assert refunded(airline, booking) == [], "a forged signature gains nothing"
    found = FoundIntent(due, payment_of(booking))
    airline.submit(RecordCaptureCheck(payment_of(booking), "pi_1", found))
    assert airline.booking(booking).status is Status.CONFIRMED


def test_a_disputed_duplicate_waits_for_its_bank() -> None:
    airline, flight = opened()
    booking = airline.ticketed(flight)
    payment = payment_of(booking)
    due = due_of(airline, booking)
    pay_late(airline, booking, intent="pi_2", signed=True)
    dispute = Disputed(airline, booking, amount=due.amount, intent="pi_2")
    dispute.withdrawn()
    airline.submit(RecordCaptureCheck(payment, "pi_2", FoundIntent(due, payment)))
    assert refunded(airline, booking) == []
    dispute.moved(due.amount)
    dispute.becomes("won")
    airline.submit(SettleParkedFunds(payment, "pi_2"))
    assert refunded(airline, booking) == [("pi_2", due.amount)]


def test_money_of_an_unknown_booking_is_left_to_finance() -> None:
    airline, _ = opened()
    airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", money.Money(4_900, "USD")))
    airline.submit(SettleParkedFunds(stream_of("pi_9"), "pi_9"))
    assert airline.payment(stream_of("pi_9")).refunds == ()


async def test_after_a_crash_between_the_capture_and_what_follows_the_runner_settles_it_once() -> (
    None
):
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1", seats=2)
    booking = lapsed(airline, flight)
    pay_late(airline, booking)
    assert airline.booking(booking).status is Status.EXPIRED
    for _ in range(2):
        await runs.to_the_end()
    assert airline.booking(booking).status is Status.CONFIRMED
    parked = [each for each in airline.log.events if isinstance(each.event, FundsParked)]
    assert len(parked) == 1
    assert airline.payment(payment_of(booking)).refunds == ()


def test_a_session_that_is_open_for_what_another_one_has_paid_is_expired() -> None:
    airline, flight = opened()
    booking = airline.book(flight)
    airline.checkout(booking)
    airline.record_attempt(booking, Expired())
    payment, second = airline.checkout(booking)
    assert second != attempt_of(booking)
    pay_late(airline, booking)
    assert airline.booking(booking).status is Status.CONFIRMED
    asked = [each for each in airline.log.outbox if isinstance(each, EndSession)]
    assert asked == [EndSession(payment, second)]
