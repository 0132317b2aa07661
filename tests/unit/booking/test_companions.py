"""Children and infants check in, board and fly only with an adult of their booking."""

import datetime as dt
import os

import pytest

from application.booking.cancel_booking import CancelBooking, Part, cancellation_quote
from application.booking.check_in import Board, CheckIn, UndoCheckIn
from application.booking.close_flight import CloseFlight
from application.booking.journey import facts_of
from application.booking.record_document import RecordDocument
from application.inventory.depart_flight import DepartFlight
from domain.booking import rejections
from domain.booking.coupons import CouponStatus
from domain.booking.values import DocumentFindings
from domain.kernel import sealed
from domain.policies.book import LAUNCH_BOOK
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline

C = CouponStatus
MINUTE = dt.timedelta(minutes=1)
# Two adults with a child: 0 and 1 are adults.
CHILD = 2


class Family:
    """A party with tickets, two hours before departure."""

    def __init__(self, *party: PassengerType) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=30)
        self.booking = self.airline.ticketed(self.flight, *(party or ("ADT", "ADT", "CHD")))
        self.wait_until(120)

    def wait_until(self, minutes: float) -> None:
        """Move the clock to so many minutes before departure."""
        departs_at = self.airline.flight(self.flight).departs_at
        self.airline.clock.now = departs_at - minutes * MINUTE

    def check_in(self, *passengers: int) -> None:
        """Check these in."""
        self.airline.submit(CheckIn(self.booking, 0, passengers))

    def board(self, *passengers: int) -> None:
        """Board these."""
        self.airline.submit(Board(self.booking, 0, passengers))

    def cancel(self, *passengers: int, at_gate: bool = False) -> None:
        """Cancel the flight for these; at the gate also on board."""
        quote = cancellation_quote(
            self.booking,
            self.airline.booking(self.booking),
            (facts_of(self.airline.flight(self.flight)),),
            book=LAUNCH_BOOK,
            part=Part(passengers, (0,)),
            at_gate=at_gate,
            waiver=None,
            now=self.airline.clock(),
        )
        self.airline.submit(CancelBooking(quote=quote, reason="requested"))

    def show_document(self, passenger: int, *, under_guardian_age: bool) -> None:
        """Record a travel document, of an adult who is old enough or not."""
        subject = self.airline.booking(self.booking).passengers[passenger].name.subject
        document = sealed.Sealed(subject, os.urandom(60))
        findings = DocumentFindings(under_guardian_age=under_guardian_age)
        self.airline.submit(RecordDocument(self.booking, passenger, document, findings))

    def statuses(self) -> list[CouponStatus]:
        """The coupons of the party."""
        return [each.status for each in self.airline.booking(self.booking).coupons]


@pytest.mark.parametrize("kind", ["CHD", "INF"])
def test_a_minor_is_not_checked_in_without_an_adult(kind: PassengerType) -> None:
    family = Family("ADT", "ADT", kind)
    with pytest.raises(rejections.InvalidPart) as refusal:
        family.check_in(CHILD)
    assert refusal.value.parameters == {
        "field": "passengers",
        "segment": 0,
        "reason": "without_an_adult",
    }
    family.check_in(0)
    family.check_in(CHILD)
    assert family.statuses() == [C.CHECKED_IN, C.OPEN, C.CHECKED_IN]


def test_two_infants_are_not_checked_in_with_one_adult() -> None:
    family = Family("ADT", "ADT", "INF", "INF")
    with pytest.raises(rejections.InvalidPart):
        family.check_in(0, 2, 3)
    family.check_in(0, 2)
    with pytest.raises(rejections.InvalidPart):
        family.check_in(3)
    family.check_in(1, 3)


def test_a_child_boards_with_an_adult_or_after_one() -> None:
    family = Family()
    family.check_in(0, 1, CHILD)
    with pytest.raises(rejections.InvalidPart):
        family.board(CHILD)
    family.board(1, CHILD)
    assert family.statuses() == [C.CHECKED_IN, C.LIFTED, C.LIFTED]


def test_no_adult_leaves_a_child_on_board_alone() -> None:
    family = Family()
    family.check_in(0, 1, CHILD)
    family.board(1, CHILD)
    with pytest.raises(rejections.InvalidPart):
        family.cancel(1, at_gate=True)
    family.cancel(1, CHILD, at_gate=True)
    assert family.statuses() == [C.CHECKED_IN, C.REFUNDED, C.REFUNDED]


def test_no_adult_cancels_while_a_child_is_checked_in_with_nobody_else() -> None:
    family = Family()
    family.check_in(1, CHILD)
    with pytest.raises(rejections.InvalidPart):
        family.cancel(1)
    family.check_in(0)
    family.cancel(1, at_gate=True)
    assert family.statuses() == [C.CHECKED_IN, C.REFUNDED, C.CHECKED_IN]


def test_no_child_flies_whose_adults_stay_behind() -> None:
    family = Family()
    family.check_in(0, 1, CHILD)
    family.board(0, CHILD)
    family.wait_until(0)
    family.airline.submit(DepartFlight(family.flight, family.airline.clock.now))
    family.airline.submit(CloseFlight(family.booking, family.flight))
    assert family.statuses() == [C.FLOWN, C.MISSED, C.FLOWN]


def test_an_adult_whose_document_shows_a_minor_accompanies_no_child() -> None:
    family = Family()
    family.show_document(0, under_guardian_age=True)
    with pytest.raises(rejections.InvalidPart):
        family.check_in(0, CHILD)
    family.check_in(0)
    with pytest.raises(rejections.InvalidPart):
        family.cancel(1)
    family.check_in(1, CHILD)
    with pytest.raises(rejections.InvalidPart):
        family.airline.submit(UndoCheckIn(family.booking, 0, (1,), at_gate=True))


def test_a_child_without_a_guardian_can_still_be_cancelled_alone() -> None:
    family = Family("ADT", "CHD")
    family.show_document(0, under_guardian_age=True)
    with pytest.raises(rejections.InvalidPart):
        family.check_in(0, 1)
    family.cancel(1)
    family.check_in(0)
    assert family.statuses() == [C.CHECKED_IN, C.REFUNDED]
