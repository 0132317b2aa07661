"""Unpaid seats of one account on one flight: what counts, and what does no longer."""

import datetime as dt

import pytest

from application.booking.complete_modification import CompleteModification
from application.booking.hold_booking import HoldBooking
from application.booking.modify_booking import ModifyBooking
from application.booking.offer_seats import OfferSeats
from application.commands.command import Outcome
from domain.inventory import rejections
from tests.support import examples
from tests.support.airline import AIRLINE, create_booking, expire
from tests.support.examples import FLIGHT
from tests.support.memory_airline import MemoryAirline

FAMILY = ("ADT", "ADT", "CHD", "INF")
LIMIT = 6
HOLD = dt.timedelta(minutes=15)


@pytest.fixture
def airline() -> MemoryAirline:
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled(economy=20))
    return airline


def book(airline: MemoryAirline, *, owner: str = "user_1", mode: str = "hold") -> Outcome:
    """A family that needs three seats."""
    command = create_booking(FLIGHT, *FAMILY, owner=owner, mode=mode, unpaid_limit=LIMIT)  # type: ignore[arg-type]
    return airline.submit(command)


def unpaid(airline: MemoryAirline, owner: str = "user_1") -> int:
    count: int = airline.log.state(FLIGHT).unpaid_seats_of(owner)
    return count


def test_an_account_holds_no_more_unpaid_seats_of_a_flight_than_the_limit(
    airline: MemoryAirline,
) -> None:
    book(airline)
    book(airline)
    with pytest.raises(rejections.TooManyUnpaidSeats) as refused:
        book(airline)
    assert refused.value.parameters == {"reason": "unpaid_seats_flight", "limit": 6, "unpaid": 6}
    assert refused.value.retry_after_seconds == 15 * 60 + 1
    assert unpaid(airline) == 6


def test_other_accounts_are_not_limited_by_it(airline: MemoryAirline) -> None:
    for number in range(4):
        book(airline, owner=f"user_{number}")
    assert unpaid(airline) == 3


def test_seats_that_were_paid_or_whose_hold_lapsed_no_longer_count(airline: MemoryAirline) -> None:
    first, second = book(airline), book(airline)
    airline.pay(first.answer.stream)
    airline.confirm(first.answer.stream)
    assert unpaid(airline) == 3
    airline.clock.advance(HOLD)
    airline.submit(expire(second.answer.stream))
    assert unpaid(airline) == 0
    book(airline)
    book(airline)
    with pytest.raises(rejections.TooManyUnpaidSeats):
        book(airline)


def test_a_draft_counts_when_its_seats_are_held(airline: MemoryAirline) -> None:
    drafts = [book(airline, mode="draft") for _ in range(3)]
    assert unpaid(airline) == 0
    for draft in drafts[:2]:
        airline.submit(HoldBooking(booking_id=draft.answer.stream, unpaid_limit=LIMIT))
    with pytest.raises(rejections.TooManyUnpaidSeats):
        airline.submit(HoldBooking(booking_id=drafts[2].answer.stream, unpaid_limit=LIMIT))


def test_waiting_for_seats_counts_and_so_do_offered_seats(airline: MemoryAirline) -> None:
    for number in range(6):
        book(airline, owner=f"other_{number}")
    book(airline, mode="waitlist")
    book(airline, mode="waitlist")
    with pytest.raises(rejections.TooManyUnpaidSeats):
        book(airline, mode="waitlist")
    assert unpaid(airline) == 6
    airline.clock.advance(HOLD)
    airline.submit(expire("booking-AAAAAA"))
    airline.submit(OfferSeats(flight_id=FLIGHT))
    assert unpaid(airline) == 6
    assert airline.log.state(FLIGHT).unpaid.get("user_1") == 3


def test_seats_of_a_change_count_until_it_is_paid(airline: MemoryAirline) -> None:
    cheap = airline.schedule("SV77", in_days=9, fare=20_000)
    bookings = [airline.ticketed(cheap, *FAMILY) for _ in range(3)]

    def change(booking: str) -> None:
        quote = airline.quote_modification(booking, FLIGHT)
        assert quote.modification.due
        airline.submit(ModifyBooking(quote, AIRLINE, (), unpaid_limit=LIMIT))

    for booking in bookings[:2]:
        change(booking)
    with pytest.raises(rejections.TooManyUnpaidSeats):
        change(bookings[2])
    airline.pay(bookings[0])
    airline.submit(CompleteModification(bookings[0], AIRLINE, (7_001, 7_002, 7_003, 7_004)))
    change(bookings[2])
    assert unpaid(airline) == 6
