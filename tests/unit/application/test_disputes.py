"""Disputes: each fact recorded once, money in the books, coupons suspended, void or valid again."""

import itertools
from typing import Any

import msgspec
import pytest

from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.divide_booking import DivideBooking
from application.booking.record_dispute import RecordFraudWarning
from application.booking.settle_parked_funds import SettleParkedFunds
from application.inventory.depart_flight import DepartFlight
from application.payment.dispute_gateway import FraudWarning
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_refund import Settled
from application.payment.refund_payment import RefundPayment
from domain.booking.coupons import CouponStatus
from domain.booking.rejections import CouponNotOpen, PaymentDisputed, PaymentUnconfirmed
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.dispute_state import DisputeStage
from tests.support.airline import capture, payment_of
from tests.support.disputes import DISPUTE, Disputed, books
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_read_models import MemoryReadModels

FEE = 7_500
CURRENCIES = [("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)]


@pytest.fixture
def airline() -> MemoryAirline:
    return MemoryAirline()


def sold(airline: MemoryAirline, *party: Any, currency: str = "SAR", fare: int = 50_000) -> str:
    """A ticketed booking of a flight in two days."""
    flight = airline.schedule("SV1", in_days=2, fare=fare, currency=currency)
    booking: str = airline.ticketed(flight, *party)
    airline.wait(days=1)
    return booking


def paid(airline: MemoryAirline, booking: str) -> int:
    """What was paid, in minor units."""
    captured: money.Money = airline.booking(booking).captured
    return captured.amount


def dispute(airline: MemoryAirline, booking: str, **more: Any) -> Disputed:
    """A dispute of all that was paid, unless another amount is given; recorded when opened."""
    more.setdefault("amount", paid(airline, booking))
    found = Disputed(airline, booking, **more)
    found.record()
    return found


def statuses(airline: MemoryAirline, booking: str) -> str:
    """The letters of all coupons."""
    return "".join(each.status for each in airline.booking(booking).coupons)


def fly(airline: MemoryAirline, booking: str, segment: int = 0) -> None:
    """Check in, board and depart."""
    flight = airline.booking(booking).segments[segment].flight
    airline.submit(CheckIn(booking, segment, None))
    airline.submit(Board(booking, segment, None))
    airline.wait(days=1)
    airline.submit(DepartFlight(flight, airline.clock()))
    airline.submit(CloseFlight(booking_id=booking, flight_id=flight))


def test_a_fraud_warning_is_recorded_once_and_moves_no_money(airline: MemoryAirline) -> None:
    booking = sold(airline)
    before = books(airline)
    intent = airline.payment(payment_of(booking)).captures[0].intent
    warning = FraudWarning(
        id="issfr_1", charge="ch_1", payment_intent=intent, fraud_type="made_with_stolen_card"
    )
    for _ in range(2):
        airline.submit(RecordFraudWarning(payment_of(booking), intent, warning))
    assert airline.tags(payment_of(booking)).count("payment.fraud_warned.1") == 1
    assert books(airline) == before
    assert airline.booking(booking).disputed_by == frozenset()


def test_an_inquiry_takes_no_money_and_suspends_nothing(airline: MemoryAirline) -> None:
    booking = sold(airline)
    inquiry = dispute(airline, booking, status="warning_needs_response")
    assert inquiry.state.stage is DisputeStage.INQUIRY
    airline.submit(CheckIn(booking, 0, None))
    inquiry.becomes("warning_closed")
    inquiry.record()
    assert inquiry.state.stage is DisputeStage.CLOSED
    assert airline.tags(payment_of(booking)).count("payment.dispute_closed.1") == 1
    assert "1200" not in books(airline)


def test_an_inquiry_may_become_a_dispute_under_the_same_id(airline: MemoryAirline) -> None:
    booking = sold(airline)
    inquiry = dispute(airline, booking, status="warning_under_review")
    inquiry.moved(-inquiry.now.amount.amount, fee=FEE)
    inquiry.becomes("needs_response")
    assert inquiry.state.stage is DisputeStage.OPEN
    assert airline.booking(booking).disputed_by == {DISPUTE}


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_withdrawn_funds_are_posted_once_and_suspend_the_coupons(
    airline: MemoryAirline, currency: str, fare: int
) -> None:
    booking = sold(airline, currency=currency, fare=fare)
    due = paid(airline, booking)
    disputed = dispute(airline, booking)
    assert airline.booking(booking).disputed_by == frozenset(), "no money has moved yet"
    disputed.withdrawn(fee=1_500)
    disputed.record()
    disputed.becomes("under_review", submission_count=1)
    assert books(airline, "1010", "1200", "6020") == {"1010": -1_500, "1200": due, "6020": 1_500}
    assert airline.booking(booking).status is Status.CONFIRMED
    assert airline.tags(booking).count("booking.coupons_suspended.1") == 1
    assert airline.tags(payment_of(booking))[-3:] == [
        "payment.dispute_opened.1",
        "payment.dispute_funds_withdrawn.1",
        "payment.dispute_evidence_submitted.1",
    ]


def test_disputed_coupons_are_neither_checked_in_nor_boarded_with_a_reason_and_a_next_step(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline, "ADT", "ADT")
    airline.submit(CheckIn(booking, 0, (0,)))
    disputed = dispute(airline, booking)
    disputed.withdrawn()
    for command in (
        CheckIn(booking, 0, (1,)),
        Board(booking, 0, None),
        DivideBooking(booking, (0,)),
    ):
        with pytest.raises(PaymentDisputed) as refused:
            airline.submit(command)
        assert refused.value.parameters == {
            "reason": "payment_disputed",
            "nextStep": "ask_your_bank_to_end_the_dispute",
        }
    disputed.moved(disputed.now.amount.amount)
    disputed.becomes("won")
    airline.submit(Board(booking, 0, None))


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_a_dispute_that_is_won_leaves_only_its_fee_in_the_books_and_the_coupons_valid(
    airline: MemoryAirline, currency: str, fare: int
) -> None:
    booking = sold(airline, currency=currency, fare=fare)
    before = books(airline)
    disputed = dispute(airline, booking)
    disputed.withdrawn(fee=1_500)
    disputed.moved(disputed.now.amount.amount)
    disputed.becomes("won")
    disputed.record()
    assert books(airline) == {**before, "1010": before["1010"] - 1_500, "6020": 1_500}
    assert airline.booking(booking).disputed_by == frozenset()
    assert statuses(airline, booking) == "O"
    assert airline.tags(booking).count("booking.coupons_reinstated.1") == 1


def test_several_reasons_suspend_the_coupons_until_the_last_one_has_ended(
    airline: MemoryAirline,
) -> None:
    flight = airline.schedule("SV1", in_days=2)
    booking = airline.book(flight)
    airline.checkout(booking)
    due = airline.booking(booking).amount_due()
    airline.submit(capture(booking, due, intent="pi_1", signed=True))
    airline.confirm(booking)
    airline.wait(days=1)
    disputes = [dispute(airline, booking, dispute=name, amount=10_000) for name in ("dp_1", "dp_2")]
    for each in disputes:
        each.withdrawn()
    airline.submit(RecordCaptureCheck(payment_of(booking), "pi_1", None))
    with pytest.raises(PaymentUnconfirmed):
        airline.submit(CheckIn(booking, 0, None))
    state = airline.booking(booking)
    assert (state.suspended_by, state.disputed_by) == ({"pi_1"}, {"dp_1", "dp_2"})
    airline.submit(
        RecordCaptureCheck(payment_of(booking), "pi_1", FoundIntent(due, payment_of(booking)))
    )
    for each in disputes:
        with pytest.raises(PaymentDisputed):
            airline.submit(CheckIn(booking, 0, None))
        each.moved(10_000)
        each.becomes("won")
    airline.submit(CheckIn(booking, 0, None))


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_a_dispute_lost_before_the_flight_voids_the_coupons_and_releases_the_seats(
    airline: MemoryAirline, currency: str, fare: int
) -> None:
    booking = sold(airline, "ADT", "ADT", currency=currency, fare=fare)
    flight = airline.booking(booking).segments[0].flight
    disputed = dispute(airline, booking)
    disputed.withdrawn(fee=1_500)
    disputed.becomes("lost")
    disputed.record()
    assert statuses(airline, booking) == "VV"
    assert airline.booking(booking).status is Status.CONFIRMED, "no effect by itself"
    assert airline.booking(booking).disputed_by == frozenset()
    assert airline.flight(flight).cabins["Y"].sold_count == 0
    assert books(airline) == {"1010": -1_500, "6020": 1_500}
    assert disputed.state.stage is DisputeStage.LOST
    assert airline.tags(payment_of(booking)).count("payment.dispute_lost.1") == 1
    with pytest.raises(CouponNotOpen):
        airline.submit(CheckIn(booking, 0, None))


def test_a_dispute_lost_after_the_flight_is_a_loss_and_leaves_revenue_and_tax(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline)
    due = paid(airline, booking)
    fly(airline, booking)
    before = books(airline)
    disputed = dispute(airline, booking)
    disputed.withdrawn(fee=FEE)
    disputed.becomes("lost")
    assert statuses(airline, booking) == "F"
    assert books(airline) == {
        **{key: amount for key, amount in before.items() if key != "1010"},
        "1010": -FEE,
        "6010": due,
        "6020": FEE,
    }
    assert airline.booking(booking).status is Status.COMPLETED


def test_a_dispute_lost_between_two_flights_takes_the_coupon_ahead_and_the_rest_is_a_loss(
    airline: MemoryAirline,
) -> None:
    out = airline.schedule("SV1", in_days=2)
    back = airline.schedule("SV2", in_days=6, route=("JED", "RUH"))
    booking = airline.ticketed((out, back))
    airline.wait(days=1)
    fly(airline, booking)
    disputed = dispute(airline, booking)
    disputed.withdrawn()
    disputed.becomes("lost")
    first, second = airline.booking(booking).coupons
    assert (first.status, second.status) == (CouponStatus.FLOWN, CouponStatus.VOID)
    assert books(airline, "1200", "6010") == {"6010": first.total}
    assert airline.booking(booking).status is Status.COMPLETED, "nothing is left to fly"


@pytest.mark.parametrize(("currency", "fare"), CURRENCIES)
def test_a_partial_dispute_voids_the_coupons_that_it_reaches_and_owes_the_rest_of_their_price(
    airline: MemoryAirline, currency: str, fare: int
) -> None:
    out = airline.schedule("SV1", in_days=2, fare=fare, currency=currency)
    back = airline.schedule("SV2", in_days=6, fare=fare, currency=currency, route=("JED", "RUH"))
    booking = airline.ticketed((out, back))
    value = airline.booking(booking).coupons[1].total
    disputed = dispute(airline, booking, amount=100)
    disputed.withdrawn()
    disputed.becomes("lost")
    assert statuses(airline, booking) == "OV"
    (owed,) = airline.booking(booking).obligations
    step = money.charge_step(currency)
    assert owed.amount.amount == (value - 100) // step * step
    found = books(airline, "1200", "2100", "6010")
    assert found == {
        key: amount
        for key, amount in {
            "2100": -owed.amount.amount,
            "6010": -(value - 100 - owed.amount.amount),
        }.items()
        if amount
    }
    airline.wait(days=1)
    airline.submit(CheckIn(booking, 0, None))


def test_disputes_of_one_charge_over_time_each_take_their_share(airline: MemoryAirline) -> None:
    booking = sold(airline, "ADT", "ADT")
    half = airline.booking(booking).coupons[0].total
    for name in ("dp_1", "dp_2"):
        disputed = dispute(airline, booking, dispute=name, amount=half)
        disputed.withdrawn()
        disputed.becomes("lost")
    assert statuses(airline, booking) == "VV"
    assert books(airline) == {}


def test_money_that_comes_back_after_a_loss_lowers_the_loss_and_void_coupons_stay_void(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline)
    due = paid(airline, booking)
    disputed = dispute(airline, booking)
    disputed.withdrawn()
    disputed.becomes("lost")
    disputed.moved(due)
    disputed.becomes("won")
    assert statuses(airline, booking) == "V"
    assert books(airline) == {"1010": due, "6010": -due}


def test_money_that_is_withdrawn_after_the_loss_was_reported_is_charged_back_then(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline)
    disputed = dispute(airline, booking, status="lost")
    assert statuses(airline, booking) == "O"
    disputed.withdrawn(fee=FEE)
    disputed.record()
    assert statuses(airline, booking) == "V"
    assert books(airline) == {"1010": -FEE, "6020": FEE}


def test_a_dispute_lost_of_a_booking_that_was_refunded_is_a_loss(airline: MemoryAirline) -> None:
    booking = sold(airline)
    due = paid(airline, booking)
    airline.cancel(booking)
    owed = airline.booking(booking).obligations[0]
    payment = payment_of(booking)
    asked = RefundPayment(booking, owed.id, owed.amount, (payment,))
    refund = airline.submit(asked).answer.ids[payment]
    airline.record_refund(payment, refund, Settled("re_1"))
    assert airline.booking(booking).status is Status.REFUNDED
    disputed = dispute(airline, booking, amount=due)
    disputed.withdrawn()
    disputed.becomes("lost")
    assert books(airline, "1200", "6010") == {"6010": due}
    assert airline.booking(booking).status is Status.REFUNDED


def test_parked_money_that_is_disputed_suspends_nothing_and_pays_for_its_own_loss(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline)
    due = paid(airline, booking)
    airline.submit(capture(booking, money.Money(due, "SAR"), intent="pi_2"))
    disputed = dispute(airline, booking, intent="pi_2")
    disputed.withdrawn()
    assert airline.booking(booking).disputed_by == frozenset()
    disputed.becomes("lost")
    assert statuses(airline, booking) == "O"
    assert books(airline, "1200", "2020", "6010") == {}
    disputed.moved(due - 100_00)
    disputed.becomes("won")
    assert books(airline, "1200", "2020", "6010") == {"2020": 100_00 - due}
    disputed.moved(100_00)
    disputed.record()
    assert books(airline, "1200", "2020", "6010") == {"2020": -due}
    airline.submit(SettleParkedFunds(payment_of(booking), "pi_2"))
    refunds = airline.payment(payment_of(booking)).refunds
    assert [(each.intent, each.amount.amount) for each in refunds] == [("pi_2", due)]
    assert books(airline, "1200", "2020", "6010") == {}


def test_who_left_for_a_booking_of_their_own_is_suspended_and_void_with_the_others(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline, "ADT", "ADT")
    due = paid(airline, booking)
    other = airline.submit(DivideBooking(booking, (1,))).answer.stream
    disputed = dispute(airline, booking, amount=due)
    disputed.withdrawn()
    assert airline.booking(other).disputed_by == {DISPUTE}
    disputed.becomes("lost")
    assert (statuses(airline, booking)[0], statuses(airline, other)) == ("V", "V")
    assert books(airline) == {}


def test_every_order_and_repetition_of_reports_ends_in_the_same_books() -> None:
    """The object is fetched, so that a report may be late, twice, or skip what came before."""
    results = []
    for kept in itertools.product((0, 1, 2), repeat=3):
        airline = MemoryAirline()
        booking = sold(airline)
        disputed = Disputed(airline, booking, amount=paid(airline, booking))
        reports = [disputed.now]
        disputed.moved(-disputed.now.amount.amount, fee=FEE)
        reports.append(msgspec.structs.replace(disputed.now, status="under_review"))
        disputed.moved(disputed.now.amount.amount)
        reports.append(msgspec.structs.replace(disputed.now, status="won"))
        for report, times in zip(reports, (*kept[:2], kept[2] + 1), strict=True):
            for _ in range(times):
                disputed.now = report
                disputed.record()
        results.append((books(airline), disputed.state.stage, statuses(airline, booking)))
    assert all(each == results[0] for each in results)


def test_a_settlement_in_another_currency_posts_the_charge_in_its_own_and_the_fee_in_the_other(
    airline: MemoryAirline,
) -> None:
    booking = sold(airline)
    due = paid(airline, booking)
    disputed = dispute(airline, booking)
    disputed.moved(-16_000, fee=1_500, currency="EUR")
    disputed.record()
    withdrawn: Any = airline.log.streams[payment_of(booking)][-1].event
    assert (withdrawn.amount, withdrawn.fee) == (money.Money(due, "SAR"), money.Money(1_500, "EUR"))
    disputed.moved(15_900, currency="EUR")
    disputed.becomes("won")
    assert books(airline, "1200") == {}


def test_disputes_and_warnings_are_listed_as_they_stand(airline: MemoryAirline) -> None:
    booking = sold(airline)
    listed = MemoryReadModels()

    def rows() -> list[tuple[str, int, int]]:
        listed.follow(airline.log.events[listed.position :])
        found = listed.rows("disputes")
        return [(each.stage, each.receivable, each.submission_count) for each in found]

    due = paid(airline, booking)
    disputed = dispute(airline, booking)
    assert rows() == [("open", 0, 0)]
    disputed.withdrawn()
    disputed.becomes("under_review", submission_count=1)
    assert rows() == [("open", due, 1)]
    disputed.becomes("lost")
    assert rows() == [("lost", 0, 1)]
