"""What finance may grant beyond the rules, and how the answer says what would be possible."""

import pytest

from application.booking.grant_refund import GrantRefund
from domain.booking import rejections
from domain.booking.states import Status
from tests.support.memory_airline import MemoryAirline


def ticketed(currency: str = "SAR") -> tuple[MemoryAirline, str]:
    """A confirmed booking of one adult."""
    airline = MemoryAirline()
    flight = airline.schedule(currency=currency, domestic=currency == "SAR")
    return airline, airline.ticketed(flight)


@pytest.mark.parametrize("amount", [1, 49_900])
def test_a_refund_below_the_value_of_the_open_coupons_is_answered_with_the_minimum(
    amount: int,
) -> None:
    airline, booking = ticketed()
    paid = airline.booking(booking).captured.amount
    with pytest.raises(rejections.InvalidRefund) as refused:
        airline.submit(GrantRefund(booking, amount))
    assert refused.value.code == "VALIDATION_ERROR"
    assert refused.value.parameters == {
        "field": "amount",
        "reason": "too_small",
        "minimum": paid,
        "limit": paid,
        "currency": "SAR",
    }
    airline.submit(GrantRefund(booking, refused.value.parameters["minimum"]))


def test_before_tickets_are_issued_the_minimum_is_all_that_was_paid() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule())
    airline.pay(booking)
    assert airline.booking(booking).status is Status.PAID
    paid = airline.booking(booking).captured.amount
    with pytest.raises(rejections.InvalidRefund) as refused:
        airline.submit(GrantRefund(booking, paid - 1))
    assert refused.value.parameters["minimum"] == paid


def test_a_refund_above_what_is_left_is_answered_with_the_limit() -> None:
    airline, booking = ticketed()
    paid = airline.booking(booking).captured.amount
    with pytest.raises(rejections.RefundExceedsPaid) as refused:
        airline.submit(GrantRefund(booking, paid + 1))
    assert (refused.value.code, refused.value.parameters["limit"]) == (
        "REFUND_EXCEEDS_CAPTURED",
        paid,
    )


def test_an_amount_that_no_card_can_be_refunded_is_answered_with_the_step() -> None:
    airline, booking = ticketed("KWD")
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    with pytest.raises(rejections.InvalidRefund) as refused:
        airline.submit(GrantRefund(booking, 5))
    assert refused.value.parameters == {"field": "amount", "reason": "step", "step": 10}
    airline.submit(GrantRefund(booking, 10))


def test_a_kept_fee_may_be_refunded_down_to_the_smallest_amount() -> None:
    airline, booking = ticketed()
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    airline.submit(GrantRefund(booking, 1))
    assert airline.booking(booking).obligations[-1].amount.amount == 1
