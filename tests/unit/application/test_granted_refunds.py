"""What finance may grant beyond the rules, and how the answer says what would be possible."""

import pytest
from msgspec.structs import replace

from application.booking.booking_details import read_booking
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund, grant_refund
from domain.booking import cancellation, refund_approval, rejections
from domain.booking.states import Status
from domain.kernel.money import Money
from domain.policies.money_values import APPROVAL_LIMITS, ApprovalLimits, CurrencyLimit
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases
from tests.support.policies import publish


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
        airline.submit(GrantRefund(booking, amount=amount, by="usr_finance"))
    assert refused.value.code == "VALIDATION_ERROR"
    assert refused.value.parameters == {
        "field": "amount",
        "reason": "too_small",
        "minimum": paid,
        "limit": paid,
        "currency": "SAR",
    }
    airline.submit(
        GrantRefund(booking, amount=refused.value.parameters["minimum"], by="usr_finance")
    )


def test_before_tickets_are_issued_the_minimum_is_all_that_was_paid() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule())
    airline.pay(booking)
    assert airline.booking(booking).status is Status.PAID
    paid = airline.booking(booking).captured.amount
    with pytest.raises(rejections.InvalidRefund) as refused:
        airline.submit(GrantRefund(booking, amount=paid - 1, by="usr_finance"))
    assert refused.value.parameters["minimum"] == paid


def test_a_refund_above_what_is_left_is_answered_with_the_limit() -> None:
    airline, booking = ticketed()
    paid = airline.booking(booking).captured.amount
    with pytest.raises(rejections.RefundExceedsPaid) as refused:
        airline.submit(GrantRefund(booking, amount=paid + 1, by="usr_finance"))
    assert (refused.value.code, refused.value.parameters["limit"]) == (
        "REFUND_EXCEEDS_CAPTURED",
        paid,
    )


def test_an_amount_that_no_card_can_be_refunded_is_answered_with_the_step() -> None:
    airline, booking = ticketed("KWD")
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    with pytest.raises(rejections.InvalidRefund) as refused:
        airline.submit(GrantRefund(booking, amount=5, by="usr_finance"))
    assert refused.value.parameters == {"field": "amount", "reason": "step", "step": 10}
    airline.submit(GrantRefund(booking, amount=10, by="usr_finance"))


def test_a_kept_fee_may_be_refunded_down_to_the_smallest_amount() -> None:
    airline, booking = ticketed()
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    airline.submit(GrantRefund(booking, amount=1, by="usr_finance"))
    assert airline.booking(booking).obligations[-1].amount.amount == 1


A, B = "usr_amal", "usr_badr"


def expensive(amount: int = 6_000_00) -> tuple[MemoryAirline, str, int]:
    """A confirmed booking of which the amount was paid at least, and what was."""
    airline = MemoryAirline()
    flight = airline.schedule(fare=amount)
    booking = airline.ticketed(flight)
    paid = airline.booking(booking).captured.amount
    assert paid >= amount
    return airline, booking, paid


def test_what_is_too_much_for_one_person_is_granted_by_the_second_who_asks_for_it() -> None:
    airline, booking, paid = expensive()
    for _ in range(2):
        airline.submit(GrantRefund(booking, by=A))
        waiting = airline.booking(booking)
        assert (waiting.proposed_refund.amount.amount, waiting.proposed_refund.by) == (paid, A)
        assert waiting.obligations == ()
        assert waiting.open_coupons()
    airline.submit(GrantRefund(booking, amount=paid, by=B))
    granted = airline.booking(booking)
    assert [each.amount.amount for each in granted.obligations] == [paid]
    assert granted.proposed_refund is None
    assert not granted.open_coupons()
    tags = airline.tags(booking)
    assert tags.count("booking.refund_proposed.1") == tags.count("booking.refund_granted.1") == 1


def test_another_amount_is_another_proposal_and_no_approval() -> None:
    airline, booking, paid = expensive()
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    left = cancellation.refundable(airline.booking(booking)).amount
    assert left > 5_000_00, paid
    airline.submit(GrantRefund(booking, amount=left, by=A))
    airline.submit(GrantRefund(booking, amount=left - 100, by=B))
    proposed = airline.booking(booking).proposed_refund
    assert (proposed.amount.amount, proposed.by) == (left - 100, B)
    # Whoever has proposed it may ask for it again, alone.
    airline.submit(GrantRefund(booking, amount=left - 100, by=B))
    assert airline.booking(booking).granted == 0
    airline.submit(GrantRefund(booking, amount=left - 100, by=A))
    assert airline.booking(booking).obligations[-1].amount.amount == left - 100


def test_small_refunds_of_one_booking_add_up_to_what_needs_a_second_person() -> None:
    airline, booking, _ = expensive()
    airline.wait(days=9, hours=12)
    airline.cancel(booking)
    airline.submit(GrantRefund(booking, amount=2_500_00, by=A))
    airline.submit(GrantRefund(booking, amount=2_500_00, by=A))
    assert airline.booking(booking).granted == 5_000_00
    assert airline.booking(booking).proposed_refund is None
    airline.submit(GrantRefund(booking, amount=1, by=A))
    assert airline.booking(booking).granted == 5_000_00
    airline.submit(GrantRefund(booking, amount=1, by=B))
    assert airline.booking(booking).granted == 5_000_01


def test_of_a_divided_booking_one_person_grants_nothing() -> None:
    airline = MemoryAirline()
    family = airline.ticketed(airline.schedule(), "ADT", "ADT")
    part = airline.submit(DivideBooking(family, (1,))).answer.stream
    for booking in (family, part):
        airline.submit(GrantRefund(booking, by=A))
        assert airline.booking(booking).granted == 0
        airline.submit(GrantRefund(booking, by=B))
        assert airline.booking(booking).granted > 0


def test_a_proposal_is_refused_for_what_a_refund_is_refused_for() -> None:
    airline, booking, paid = expensive()
    with pytest.raises(rejections.RefundExceedsPaid):
        airline.submit(GrantRefund(booking, amount=paid + 1, by=A))
    assert airline.booking(booking).proposed_refund is None


@pytest.mark.parametrize(
    ("currency", "most"), [("EUR", 0), ("USD", 0), ("SAR", 5_000_00), ("KWD", 400_000)]
)
def test_of_a_currency_without_a_limit_one_person_grants_nothing(currency: str, most: int) -> None:
    airline, name = ticketed()
    booking = airline.booking(name)
    assert APPROVAL_LIMITS.most(currency) == most

    def too_much(amount: int) -> bool:
        return refund_approval.needs_second_person(
            booking, Money(amount, currency), most=most, by=A
        )

    assert not too_much(most)
    assert too_much(most + 1)


def test_the_limit_that_was_published_counts_for_what_is_granted_after_it() -> None:
    airline, name = ticketed()
    paid = airline.booking(name).captured.amount
    publish(airline, ApprovalLimits((CurrencyLimit("SAR", paid - 1),)))
    airline.submit(GrantRefund(name, amount=paid, by=A))
    assert airline.booking(name).granted == 0
    publish(airline, ApprovalLimits((CurrencyLimit("SAR", paid),)))
    airline.submit(GrantRefund(name, amount=paid, by=A))
    assert airline.booking(name).granted == paid


async def test_finance_sees_what_waits_for_a_second_person_and_its_traveller_does_not() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(fare=6_000_00))
    first = cases.caller("finance")
    proposed = await grant_refund(cases.ports, first, booking, reason="upheld", amount=None)
    paid = proposed.booking.captured
    assert proposed.proposed_refund == paid
    assert (await read_booking(cases.ports, CUSTOMER, booking)).proposed_refund is None
    again = await grant_refund(
        cases.ports, cases.caller("finance"), booking, reason="upheld", amount=None
    )
    assert again.booking.obligations == ()
    other = cases.caller("finance")
    other = replace(other, principal=replace(other.principal, user="usr_badr"))
    granted = await grant_refund(cases.ports, other, booking, reason="checked", amount=None)
    assert granted.proposed_refund is None
    assert [each.amount for each in granted.booking.obligations] == [paid]
