"""Coupons whose payment Stripe contradicts are suspended until it confirms the payment."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from application.booking import journey
from application.booking.check_in import Board, CheckIn
from application.booking.divide_booking import DivideBooking
from application.booking.grant_refund import GrantRefund
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.booking import actions
from domain.booking.rejections import PaymentUnconfirmed
from domain.booking.states import Status
from domain.kernel import money
from domain.payment.rejections import FundsNotParked
from domain.payment.state import CaptureCheck
from tests.support.airline import capture, payment_of
from tests.support.launch_rules import WINDOW
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_read_models import MemoryReadModels

INTENT = "pi_1"


class Case:
    """A ticketed booking whose capture only a signed event reported, a day before departure."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", in_days=2)
        self.booking = self.airline.book(self.flight)
        self.airline.checkout(self.booking)
        self.due = self.airline.booking(self.booking).amount_due()
        self.pay(INTENT)
        self.airline.confirm(self.booking)
        self.airline.wait(days=1)

    @property
    def payment(self) -> str:
        """The stream of the payment."""
        return payment_of(self.booking)

    def pay(self, intent: str) -> None:
        """Record a capture from a signed event."""
        self.airline.submit(capture(self.booking, self.due, intent=intent, signed=True))

    def found(self, **changes: Any) -> FoundIntent:
        """What Stripe has under the intent, with these differences."""
        genuine = FoundIntent(captured=self.due, payment=self.payment)
        return msgspec.structs.replace(genuine, **changes)

    def check(self, found: FoundIntent | None, *, intent: str = INTENT) -> None:
        """Record what Stripe has."""
        self.airline.submit(RecordCaptureCheck(self.payment, intent, found))

    def state_of_check(self, intent: str = INTENT) -> CaptureCheck | None:
        """How far the capture is checked."""
        found: CaptureCheck | None = self.airline.payment(self.payment).capture(intent).check
        return found

    def open_actions(self) -> tuple[str, ...]:
        """The actions that are open now, at the gate."""
        booking = self.airline.booking(self.booking)
        facts = [journey.facts_of(self.airline.flight(each.flight)) for each in booking.segments]
        return actions.available_actions(
            booking,
            facts,
            windows=[WINDOW] * len(facts),
            at_gate=True,
            now=self.airline.clock.now,
        )


def test_a_capture_that_stripe_confirms_is_checked_once_and_changes_nothing() -> None:
    case = Case()
    assert case.state_of_check() is CaptureCheck.OPEN
    case.check(case.found())
    assert case.state_of_check() is CaptureCheck.PASSED
    length = len(case.airline.log.events)
    case.check(case.found())
    case.check(None)
    assert len(case.airline.log.events) == length, "what was confirmed stays confirmed"
    assert "check_in" in case.open_actions()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (None, "unknown"),
        ({"captured": None}, "not_captured"),
        ({"captured": money.Money(1, "SAR")}, "amount_differs"),
        ({"captured": money.Money(50_000, "USD")}, "amount_differs"),
        ({"payment": None}, "other_payment"),
        ({"payment": "payment-ZZZZZZ-1"}, "other_payment"),
    ],
)
def test_a_capture_that_stripe_contradicts_suspends_the_coupons_with_the_reason(
    changes: dict[str, Any] | None, reason: str
) -> None:
    case = Case()
    case.check(None if changes is None else case.found(**changes))
    assert case.state_of_check() is CaptureCheck.CONTRADICTED
    assert case.airline.last(case.booking).event.reason == reason
    assert case.airline.booking(case.booking).suspended_by == {INTENT}
    assert case.airline.booking(case.booking).status is Status.CONFIRMED
    assert not {"check_in", "board", "modify", "cancel"} & set(case.open_actions())
    case.check(None)
    assert case.airline.tags(case.booking).count("booking.coupons_suspended.1") == 1


@pytest.mark.parametrize(
    "attempt",
    [
        lambda case: case.airline.submit(CheckIn(case.booking, 0, None)),
        lambda case: case.airline.modify(case.booking, case.airline.schedule("SV2", in_days=3)),
        lambda case: case.airline.cancel(case.booking),
        lambda case: case.airline.submit(GrantRefund(case.booking, by="usr_finance")),
    ],
)
def test_suspended_coupons_are_neither_checked_in_nor_changed_nor_refunded(
    attempt: Callable[[Case], object],
) -> None:
    case = Case()
    case.check(None)
    with pytest.raises(PaymentUnconfirmed) as refused:
        attempt(case)
    assert refused.value.parameters == {"reason": "payment_unconfirmed"}
    case.check(case.found())
    attempt(case)


def test_a_passenger_who_was_checked_in_before_is_not_boarded() -> None:
    case = Case()
    case.airline.submit(CheckIn(case.booking, 0, None))
    case.check(None)
    with pytest.raises(PaymentUnconfirmed):
        case.airline.submit(Board(case.booking, 0, None))
    case.check(case.found())
    case.airline.submit(Board(case.booking, 0, None))


def test_parked_money_that_stripe_contradicts_suspends_nothing_and_is_not_returned() -> None:
    case = Case()
    case.pay("pi_2")
    case.check(None, intent="pi_2")
    assert case.airline.booking(case.booking).suspended_by == frozenset()
    with pytest.raises(FundsNotParked):
        case.airline.submit(ReturnParkedFunds(case.payment, "pi_2"))


def test_a_booking_that_is_over_is_not_suspended_any_more() -> None:
    case = Case()
    case.airline.cancel(case.booking)
    case.check(None)
    assert case.state_of_check() is CaptureCheck.CONTRADICTED
    assert case.airline.booking(case.booking).status is Status.CANCELLED


def test_a_capture_is_listed_until_it_is_confirmed() -> None:
    case = Case()
    listed = MemoryReadModels()

    def rows() -> list[tuple[str, str, str]]:
        listed.follow(case.airline.log.events[listed.position :])
        return [(row.intent, row.status, row.reason) for row in listed.rows("signed_captures")]

    assert rows() == [(INTENT, "open", "")]
    case.check(None)
    assert rows() == [(INTENT, "contradicted", "unknown")]
    case.check(case.found())
    assert rows() == []
    fetched = MemoryAirline()
    fetched.ticketed(fetched.schedule("SV1"))
    other = MemoryReadModels()
    other.follow(fetched.log.events)
    assert other.rows("signed_captures") == []


def test_who_left_for_a_booking_of_their_own_is_suspended_and_reinstated_with_the_others() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1", in_days=2), "ADT", "ADT", "ADT")
    airline.checkout(booking)
    due = airline.booking(booking).amount_due()
    airline.submit(capture(booking, due, intent=INTENT, signed=True))
    airline.confirm(booking)
    second = airline.submit(DivideBooking(booking, (1, 2))).answer.stream
    third = airline.submit(DivideBooking(second, (1,))).answer.stream
    payment = payment_of(booking)
    airline.submit(RecordCaptureCheck(payment, INTENT, None))
    for each in (booking, second, third):
        assert airline.booking(each).suspended_by == {INTENT}
    with pytest.raises(PaymentUnconfirmed):
        airline.submit(DivideBooking(second, (0,)))
    airline.submit(RecordCaptureCheck(payment, INTENT, FoundIntent(due, payment)))
    for each in (booking, second, third):
        assert airline.booking(each).suspended_by == frozenset()
