"""Seats sold as extras: charged once, no more than there are, and held with the booking."""

import datetime as dt
from collections.abc import Sequence

import pytest

from application.booking import letters
from application.booking.check_in import CheckIn
from application.booking.choose_seats import ChooseSeats
from application.booking.hold_booking import HoldBooking
from application.booking.special_services import Place as ServicePlace
from application.booking.special_services import RequestSpecialService
from application.pricing import journeys
from application.pricing.journeys import Wanted, WantedSegment
from domain.booking import rejections
from domain.booking.values import SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory.events import Place
from domain.policies.book import LAUNCH_BOOK
from domain.policies.price_values import EXTRAS
from domain.pricing import rejections as pricing_rejections
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support.airline import expire
from tests.support.memory_airline import MemoryAirline
from tests.support.sealed_codes import OPENED, sealed_code

HOUR = dt.timedelta(hours=1)
# Rows 10 to 14 of six seats: 10 and 11 are in front, 12 is at the exit.
FRONT = ExtraChoice("FRONT", 0, 0)
LEGROOM = ExtraChoice("LEGROOM", 0, 0)


class OnSale:
    """A flight of five rows in economy and two seats of business, in ten days."""

    def __init__(self, seats: int = 30) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=seats, business=150_000)

    def book(
        self, *extras: ExtraChoice, party: Sequence[PassengerType] = ("ADT",), **more: object
    ) -> str:
        """Hold seats for a party with these extras."""
        found: str = self.airline.book(self.flight, *party, extras=extras, **more)
        return found

    def seats(self, booking: str) -> list[str | None]:
        """The seats of the party."""
        return [each.seat for each in self.airline.booking(booking).coupons]

    def extras(self, booking: str) -> list[tuple[str, int]]:
        """The extras of the booking with their net prices."""
        return [(each.code, each.net) for each in self.airline.booking(booking).extras]


@pytest.mark.parametrize(("extra", "row"), [(FRONT, 10), (LEGROOM, 12)])
def test_a_seat_that_is_also_sent_as_an_extra_is_charged_once(extra: ExtraChoice, row: int) -> None:
    case = OnSale()
    both = case.book(extra, seats=(SeatChoice(0, 0, f"{row}A"),))
    chosen = case.book(seats=(SeatChoice(0, 0, f"{row}B"),))
    alone = case.book(extra)
    price = [(extra.code, EXTRAS.net(extra.code, "SAR"))]
    assert [case.extras(each) for each in (both, chosen, alone)] == [price] * 3
    assert case.seats(both) + case.seats(chosen) == [f"{row}A", f"{row}B"]


@pytest.mark.parametrize(
    ("extras", "chosen", "reason"),
    [
        ((FRONT, FRONT), None, "second_seat"),
        ((FRONT, LEGROOM), None, "second_seat"),
        ((FRONT,), "12A", "seat_of_another_kind"),
        ((LEGROOM,), "10A", "seat_of_another_kind"),
        ((LEGROOM,), "14A", "seat_of_another_kind"),
    ],
)
def test_no_passenger_pays_for_a_second_seat_or_for_another_than_the_chosen_one(
    extras: tuple[ExtraChoice, ...], chosen: str | None, reason: str
) -> None:
    case = OnSale()
    choice = () if chosen is None else (SeatChoice(0, 0, chosen),)
    with pytest.raises(pricing_rejections.ExtraRefused) as refused:
        case.book(*extras, seats=choice)
    assert refused.value.parameters["reason"] == reason


@pytest.mark.parametrize(("extra", "count"), [(LEGROOM, 6), (FRONT, 12)])
def test_no_more_seats_of_a_category_are_sold_than_the_cabin_has(
    extra: ExtraChoice, count: int
) -> None:
    case = OnSale()
    bookings = [case.book(extra) for _ in range(count)]
    assert len({seat for each in bookings for seat in case.seats(each)}) == count
    with pytest.raises(flight_rejections.SeatsUnavailable) as refused:
        case.book(extra)
    assert refused.value.parameters["extra"] == extra.code
    case.book()
    case.airline.wait(minutes=16)
    case.airline.submit(expire(bookings[0]))
    assert case.seats(case.book(extra)) == case.seats(bookings[0])


def test_a_quote_refuses_a_seat_that_is_gone() -> None:
    case = OnSale()
    for _ in range(6):
        case.book(LEGROOM)
    wanted = Wanted((WantedSegment(case.flight, "Y"),), ("ADT",), extras=(LEGROOM,))
    flights = {case.flight: case.airline.flight(case.flight)}
    with pytest.raises(flight_rejections.SeatsUnavailable):
        journeys.price(wanted, flights, book=LAUNCH_BOOK, now=case.airline.clock())


def test_a_party_is_not_sold_more_seats_of_a_category_than_are_free() -> None:
    case = OnSale(seats=26)  # the last row has two seats, the exit row six
    four = [ExtraChoice("LEGROOM", each, 0) for each in range(4)]
    case.book(*four, party=["ADT"] * 4)
    with pytest.raises(flight_rejections.SeatsUnavailable):
        case.book(*four[:3], party=["ADT"] * 3)
    case.book(*four[:2], party=["ADT"] * 2)


@pytest.mark.parametrize(
    ("party", "passenger", "code", "reason"),
    [
        (("ADT", "INF"), 1, "LEGROOM", "sits_on_a_lap"),
        (("ADT", "INF"), 1, "FRONT", "sits_on_a_lap"),
        (("ADT", "INF"), 0, "LEGROOM", "exit_row"),
        (("ADT", "CHD"), 1, "LEGROOM", "exit_row"),
    ],
)
def test_no_seat_is_sold_to_a_passenger_who_could_not_sit_there(
    party: tuple[PassengerType, ...], passenger: int, code: str, reason: str
) -> None:
    case = OnSale()
    with pytest.raises(pricing_rejections.ExtraRefused) as refused:
        case.book(ExtraChoice(code, passenger, 0), party=party)
    assert refused.value.parameters["reason"] == reason


@pytest.mark.parametrize("extra", [FRONT, LEGROOM])
def test_no_seat_is_sold_in_a_cabin_that_has_none(extra: ExtraChoice) -> None:
    case = OnSale()
    with pytest.raises(pricing_rejections.ExtraRefused) as refused:
        case.book(extra, cabin="J")
    assert refused.value.parameters["reason"] == "none_in_cabin"
    with pytest.raises(pricing_rejections.ExtraRefused):
        OnSale(seats=12).book(LEGROOM)


def test_a_seat_that_was_paid_for_is_kept_at_check_in() -> None:
    case = OnSale()
    booking = case.airline.ticketed(case.flight, extras=(FRONT,))
    (before,) = case.seats(booking)
    assert before is not None
    case.airline.wait(days=9, hours=20)
    case.airline.submit(CheckIn(booking, 0, None))
    assert case.seats(booking) == [before]


def test_a_paid_seat_is_exchanged_for_another_of_its_category_only() -> None:
    case = OnSale()
    booking = case.book(FRONT)
    case.airline.submit(ChooseSeats(booking, 0, (Place(0, "11C"),)))
    assert case.seats(booking) == ["11C"]
    with pytest.raises(rejections.NoSuchPart):
        case.airline.submit(ChooseSeats(booking, 0, (Place(0, "12A"),)))


def test_a_draft_gets_its_paid_seat_with_the_hold() -> None:
    case = OnSale()
    draft = case.book(FRONT, mode="draft")
    assert case.seats(draft) == [None]
    case.airline.submit(HoldBooking(draft))
    assert case.seats(draft) == ["10A"]


def test_a_waitlisted_booking_cannot_pay_for_a_seat() -> None:
    case = OnSale(seats=6)
    case.book(party=["ADT"] * 6)
    with pytest.raises(rejections.InvalidJourney) as refused:
        case.book(FRONT, mode="waitlist")
    assert refused.value.parameters["reason"] == "waitlist_takes_no_paid_seat"
    case.book(mode="waitlist")


def request(case: OnSale, booking: str, code: str = "WCHR") -> None:
    place = ServicePlace(0, 0, by_staff=False)
    service = RequestSpecialService(booking, place, code, sealed_code(code), OPENED)
    case.airline.submit(service)


def test_who_needs_a_wheelchair_after_paying_for_leg_room_gets_a_seat_and_the_money_back() -> None:
    case = OnSale()
    booking = case.airline.ticketed(case.flight, "ADT", extras=(LEGROOM,))
    request(case, booking)
    after = case.airline.booking(booking)
    assert case.seats(booking) == ["13A"]
    assert case.airline.flight(case.flight).has_seat(booking, 0, "13A")
    assert (after.extras, after.owed().amount) == ((), 11_500)
    assert len(after.special_services()) == 1
    assert any(isinstance(each, letters.SeatLetter) for each in case.airline.log.outbox)
    request(case, booking)
    assert case.airline.booking(booking) == after


def test_a_meal_leaves_the_passenger_in_the_seat_with_leg_room() -> None:
    case = OnSale()
    booking = case.airline.ticketed(case.flight, "ADT", extras=(LEGROOM,))
    request(case, booking, "VGML")
    assert (case.seats(booking), len(case.extras(booking))) == (["12A"], 1)


def test_before_tickets_are_issued_a_wheelchair_is_refused_at_an_exit() -> None:
    case = OnSale()
    booking = case.book(LEGROOM)
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        request(case, booking)
    assert refused.value.parameters["reason"] == "sits_at_exit"
