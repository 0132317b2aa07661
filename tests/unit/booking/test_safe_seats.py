"""Who may not sit at an exit, and where infants may be: on every way to a seat."""

import datetime as dt

import pytest

from application.booking import letters
from application.booking.cancel_booking import Part
from application.booking.check_in import CheckIn, UndoCheckIn
from application.booking.choose_seats import ChooseSeats, ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.offer_seats import OfferSeats
from application.booking.record_document import RecordDocument
from application.booking.special_services import Place as ServicePlace
from application.booking.special_services import RequestSpecialService
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.pricing import journeys
from application.pricing.journeys import Wanted, WantedSegment
from domain.booking import rejections
from domain.booking.states import Status
from domain.booking.values import DocumentFindings, SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory.events import CabinLayout, Place
from domain.kernel import sealed
from domain.policies.book import LAUNCH_BOOK
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support.airline import expire
from tests.support.launch_rules import INFANTS
from tests.support.memory_airline import MemoryAirline
from tests.support.sealed_codes import OPENED, sealed_code

# Rows 10 to 14: 10 and 11 are in front, 12 is at the exit.
EXIT = 12
LEGROOM = ExtraChoice("LEGROOM", 0, 0)


class OnSale:
    """A flight of five rows of six seats in ten days."""

    def __init__(self, seats: int = 30, business: int | None = None) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=seats, business=business)

    def book(self, *party: PassengerType, legroom: bool = False) -> str:
        """A ticketed party; its adult may have paid for leg room."""
        extras = (LEGROOM,) if legroom else ()
        found: str = self.airline.ticketed(self.flight, *party, extras=extras)
        return found

    def choose(self, booking: str, passenger: int, seat: str, *, at_gate: bool = True) -> None:
        """Choose a seat."""
        self.airline.submit(ChooseSeats(booking, 0, (Place(passenger, seat),), at_gate))

    def check_in(self, booking: str, *passengers: int) -> None:
        """Check in these passengers, or all, two hours before departure."""
        departs_at = self.airline.flight(self.flight).departs_at
        self.airline.clock.now = departs_at - dt.timedelta(hours=2)
        self.airline.submit(CheckIn(booking, 0, passengers or None))

    def seats(self, booking: str) -> list[str | None]:
        """The seats of the party."""
        return [each.seat for each in self.airline.booking(booking).coupons]

    def equip(self, booking: str, layout: CabinLayout) -> None:
        """Another aircraft, and the review of the booking."""
        self.airline.submit(ChangeEquipment(self.flight, (layout,), "technical"))
        self.airline.submit(ReviewSeats(booking, self.flight, "technical"))


def request(case: OnSale, booking: str, code: str) -> None:
    """Request a service for the first passenger."""
    place = ServicePlace(0, 0, by_staff=True)
    box = sealed_code(code)
    case.airline.submit(RequestSpecialService(booking, place, code, box, OPENED))


@pytest.mark.parametrize("party", [("ADT", "CHD"), ("ADT", "INF")])
def test_neither_children_nor_adults_with_an_infant_sit_at_an_exit(
    party: tuple[PassengerType, ...],
) -> None:
    case = OnSale()
    booking = case.book(*party)
    barred = 1 if party[1] == "CHD" else 0
    with pytest.raises(flight_rejections.SeatNotAllowed) as refused:
        case.choose(booking, barred, f"{EXIT}A")
    assert refused.value.parameters["reason"] == "exit_row"
    case.choose(booking, barred, "13A")


def test_an_adult_without_an_infant_sits_at_the_exit() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT", "INF")
    with pytest.raises(flight_rejections.SeatNotAllowed):
        case.choose(booking, 0, f"{EXIT}A")
    case.choose(booking, 1, f"{EXIT}A")


def test_a_quote_refuses_a_child_at_an_exit() -> None:
    case = OnSale()
    wanted = Wanted(
        segments=(WantedSegment(case.flight, "Y"),),
        passengers=("ADT", "CHD"),
        seats=(SeatChoice(1, 0, f"{EXIT}A"),),
    )
    flights = {case.flight: case.airline.flight(case.flight)}
    with pytest.raises(flight_rejections.SeatNotAllowed):
        journeys.price(wanted, flights, book=LAUNCH_BOOK, now=case.airline.clock())


@pytest.mark.parametrize("code", ["WCHR", "WCHS", "WCHC", "BLND", "DEAF", "MEDA"])
def test_no_passenger_who_could_not_open_it_sits_at_an_exit(code: str) -> None:
    case = OnSale()
    booking = case.book("ADT")
    request(case, booking, code)
    with pytest.raises(flight_rejections.SeatNotAllowed):
        case.choose(booking, 0, f"{EXIT}A")


def test_a_passenger_with_a_meal_sits_at_the_exit_only_where_the_code_is_known() -> None:
    case = OnSale()
    booking = case.book("ADT")
    request(case, booking, "VGML")
    places = (Place(0, f"{EXIT}A"),)
    with pytest.raises(flight_rejections.SeatNotAllowed):
        case.airline.submit(ChooseSeats(booking, 0, places, at_gate=True))
    case.airline.submit(ChooseSeats(booking, 0, places, at_gate=True, codes=OPENED))
    assert case.seats(booking) == [f"{EXIT}A"]


def test_a_wheelchair_is_refused_to_a_passenger_at_an_exit_until_another_seat_is_chosen() -> None:
    case = OnSale()
    booking = case.book("ADT")
    case.airline.submit(ChooseSeats(booking, 0, (Place(0, f"{EXIT}A"),), at_gate=True))
    with pytest.raises(rejections.SpecialServiceRefused) as refused:
        request(case, booking, "WCHR")
    assert refused.value.parameters["reason"] == "sits_at_exit"
    request(case, booking, "VGML")
    case.choose(booking, 0, "13A")
    request(case, booking, "WCHR")


def test_nobody_is_seated_at_an_exit_automatically() -> None:
    case = OnSale()
    bookings = [case.book("ADT") for _ in range(25)]
    for booking in bookings[:24]:
        case.check_in(booking)
    assert all(int(str(case.seats(each)[0])[:-1]) != EXIT for each in bookings[:24])
    case.check_in(bookings[24])
    (coupon,) = case.airline.booking(bookings[24]).coupons
    assert (coupon.seat, coupon.standby) == (None, True)


def test_plain_seats_are_given_before_those_that_are_sold() -> None:
    case = OnSale()
    given = []
    bookings = [case.book("ADT") for _ in range(24)]
    for booking in bookings:
        case.check_in(booking)
        given += case.seats(booking)
    rows = [int(str(seat)[:-1]) for seat in given]
    assert rows == [13] * 6 + [14] * 6 + [10] * 6 + [11] * 6


def test_the_gate_seats_who_finds_only_exit_rows_left() -> None:
    case = OnSale()
    bookings = [case.book("ADT") for _ in range(25)]
    for booking in bookings[:24]:
        case.check_in(booking)
    case.check_in(bookings[24])
    assert case.seats(bookings[24]) == [None]
    case.choose(bookings[24], 0, f"{EXIT}A")
    (coupon,) = case.airline.booking(bookings[24]).coupons
    assert (coupon.seat, coupon.standby) == (f"{EXIT}A", False)


def test_who_stays_on_standby_is_refunded_in_full_and_is_no_no_show() -> None:
    case = OnSale()
    bookings = [case.book("ADT") for _ in range(25)]
    for booking in bookings:
        case.check_in(booking)
    last = bookings[24]
    departs_at = case.airline.flight(case.flight).departs_at
    case.airline.clock.now = departs_at
    case.airline.submit(DepartFlight(case.flight, departs_at))
    case.airline.submit(CloseFlight(last, case.flight))
    closed = case.airline.booking(last)
    assert (closed.status, closed.owed()) == (Status.CANCELLED, closed.captured)


def test_a_seat_that_became_an_exit_is_taken_from_its_passenger() -> None:
    case = OnSale()
    booking = case.book("ADT", "CHD")
    case.choose(booking, 1, "13A")
    case.check_in(booking)
    case.equip(booking, CabinLayout("Y", 30, 10, "ABCDEF", (13,)))
    seats = [str(each) for each in case.seats(booking)]
    assert all(int(seat[:-1]) != 13 for seat in seats)
    assert len(set(seats)) == 2


def test_a_chosen_exit_seat_is_exchanged_at_check_in_once_an_infant_moved_to_its_lap() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT", "INF")
    case.choose(booking, 1, f"{EXIT}A")
    case.airline.cancel(booking, Part((0,), None))
    case.check_in(booking)
    (seat,) = [str(each) for each in case.seats(booking)[1:2]]
    assert int(seat[:-1]) != EXIT


def test_a_passenger_who_proves_too_young_loses_the_exit_seat_at_check_in() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT")
    case.choose(booking, 0, f"{EXIT}A")
    case.choose(booking, 1, f"{EXIT}B")
    document = sealed.Sealed("sub_passenger", b"passport")
    case.airline.submit(
        RecordDocument(booking, 1, document, DocumentFindings(under_guardian_age=True))
    )
    with pytest.raises(flight_rejections.SeatNotAllowed):
        case.choose(booking, 1, f"{EXIT}C")
    case.check_in(booking)
    first, second = [str(each) for each in case.seats(booking)]
    assert first == f"{EXIT}A"
    assert int(second[:-1]) != EXIT


def test_no_two_infants_are_on_one_side_of_a_row() -> None:
    case = OnSale()
    first, second = case.book("ADT", "INF"), case.book("ADT", "INF")
    case.choose(first, 0, "13A")
    with pytest.raises(flight_rejections.SeatTaken) as refused:
        case.choose(second, 0, "13C")
    assert refused.value.parameters["reason"] == "infant_on_this_side"
    case.choose(second, 0, "13D")
    third = case.book("ADT")
    case.choose(third, 0, "13B")


def test_a_passenger_takes_one_seat_of_a_flight() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT")
    two = (Place(0, "10A"), Place(0, "10B"))
    with pytest.raises(rejections.NoSuchPart) as refused:
        case.airline.submit(ChooseSeats(booking, 0, two, at_gate=True))
    assert refused.value.parameters == {"field": "seats", "reason": "two_seats_for_one_passenger"}


def test_two_infants_of_a_party_are_not_on_one_side_of_a_row() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT", "INF", "INF")
    with pytest.raises(flight_rejections.SeatNotAllowed):
        case.airline.submit(ChooseSeats(booking, 0, (Place(0, "13A"), Place(1, "13B"))))
    case.check_in(booking)
    seats = [str(each) for each in case.seats(booking)[:2]]
    assert {(seat[:-1], seat[-1] in "ABC") for seat in seats} == {("13", True), ("13", False)}


def test_infants_are_seated_automatically_on_sides_without_one() -> None:
    case = OnSale()
    bookings = [case.book("ADT", "INF") for _ in range(8)]
    for booking in bookings:
        case.check_in(booking)
    given = [str(case.seats(each)[0]) for each in bookings]
    assert len({(seat[:-1], seat[-1] in "ABC") for seat in given}) == 8
    assert all(int(seat[:-1]) != EXIT for seat in given)


def test_after_another_aircraft_no_two_infants_are_on_one_side() -> None:
    case = OnSale()
    first, second = case.book("ADT", "INF"), case.book("ADT", "INF")
    case.choose(first, 0, "13C")
    case.choose(second, 0, "13D")
    narrow = CabinLayout("Y", 40, 10, "CDEF", ())
    case.airline.submit(ChangeEquipment(case.flight, (narrow,), "technical"))
    left = [each for _, each in case.airline.flight(case.flight).seats.items() if each.infant]
    assert len(left) == 1
    for booking in (first, second):
        case.airline.submit(ReviewSeats(booking, case.flight, "technical"))
        case.check_in(booking)
    seats = [str(case.seats(each)[0]) for each in (first, second)]
    assert len({(seat[:-1], seat[-1] in "CD") for seat in seats}) == 2


def test_a_flight_takes_a_limited_number_of_infants() -> None:
    case = OnSale(seats=120)
    bookings = [case.book("ADT", "INF") for _ in range(INFANTS)]
    with pytest.raises(flight_rejections.SeatsUnavailable) as refused:
        case.book("ADT", "INF")
    assert refused.value.parameters["reason"] == "infants"
    case.book("ADT", "CHD")
    case.airline.cancel(bookings[0], Part((1,), None))
    case.book("ADT", "INF")


def test_a_cabin_takes_no_more_infants_than_it_has_masks_for() -> None:
    case = OnSale(seats=9)
    for _ in range(3):
        case.book("ADT", "INF")
    with pytest.raises(flight_rejections.SeatsUnavailable):
        case.book("ADT", "INF")


def test_infants_of_a_lapsed_hold_leave_room_for_others() -> None:
    case = OnSale(seats=9)
    held = [case.airline.book(case.flight, "ADT", "INF") for _ in range(3)]
    case.airline.wait(minutes=16)
    case.airline.submit(expire(held[0]))
    case.book("ADT", "INF")
    with pytest.raises(flight_rejections.SeatsUnavailable):
        case.book("ADT", "INF")


def test_no_exchange_brings_more_infants_than_the_new_flight_takes() -> None:
    case = OnSale(seats=9)
    for _ in range(3):
        case.book("ADT", "INF")
    other = case.airline.schedule("SV2", in_days=11)
    late = case.airline.ticketed(other, "ADT", "INF")
    with pytest.raises(flight_rejections.SeatsUnavailable):
        case.airline.exchange(late, case.flight)
    alone = case.airline.ticketed(other, "ADT")
    case.airline.exchange(alone, case.flight)


def test_an_infant_goes_with_its_party_to_a_better_cabin_of_a_full_flight() -> None:
    case = OnSale(seats=9, business=150_000)
    bookings = [case.book("ADT", "INF") for _ in range(3)]
    case.airline.exchange(bookings[0], case.flight, cabin="J")
    case.book("ADT", "INF")
    with pytest.raises(flight_rejections.SeatsUnavailable):
        case.book("ADT", "INF")


def test_a_waitlisted_infant_is_offered_seats_once_there_is_room_for_it() -> None:
    case = OnSale(seats=9)
    bookings = [case.book("ADT", "INF") for _ in range(3)]
    waitlisted = case.airline.book(case.flight, "ADT", "INF", mode="waitlist")
    case.airline.submit(OfferSeats(case.flight))
    assert case.airline.booking(waitlisted).status is Status.PENDING
    case.airline.cancel(bookings[0], Part((1,), None))
    case.airline.submit(OfferSeats(case.flight))
    assert case.airline.booking(waitlisted).status is Status.RESERVED


def family_at_exit(case: OnSale) -> str:
    """Two adults and an infant on the lap of the first; the second has paid for leg room."""
    booking: str = case.airline.ticketed(
        case.flight, "ADT", "ADT", "INF", extras=(ExtraChoice("LEGROOM", 1, 0),)
    )
    assert case.seats(booking) == [None, f"{EXIT}A", None]
    return booking


@pytest.mark.parametrize("checked_in", [False, True])
def test_who_has_the_infant_after_another_adult_left_leaves_the_exit_and_gets_the_money_back(
    checked_in: bool,
) -> None:
    case = OnSale()
    booking = family_at_exit(case)
    if checked_in:
        case.check_in(booking)
        case.airline.submit(UndoCheckIn(booking, 0, (0,), at_gate=False))
    before = case.airline.booking(booking)
    quote = case.airline.cancel(booking, Part((0,), None))
    after = case.airline.booking(booking)
    (seat,) = list(case.airline.flight(case.flight).seats.items())
    assert seat[0] == case.seats(booking)[1] == "13A"
    assert (seat[1].passenger, seat[1].infant) == (1, True)
    assert after.extras == ()
    assert after.owed().amount == quote.refund + before.extras[0].total
    assert any(isinstance(each, letters.SeatLetter) for each in case.airline.log.outbox)


def test_who_stays_in_a_safe_seat_keeps_it_with_the_infant() -> None:
    case = OnSale()
    booking = case.book("ADT", "ADT", "INF")
    case.choose(booking, 1, "10C")
    case.airline.cancel(booking, Part((0,), None))
    assert case.seats(booking)[1] == "10C"
    assert case.airline.flight(case.flight).seats.get("10C").infant


def test_a_paid_seat_that_is_exchanged_at_check_in_is_refunded() -> None:
    case = OnSale()
    booking = case.book("ADT", legroom=True)
    young = DocumentFindings(under_guardian_age=True)
    box = sealed.Sealed("sub_passenger", b"document")
    case.airline.submit(RecordDocument(booking, 0, box, young))
    case.check_in(booking)
    after = case.airline.booking(booking)
    assert (case.seats(booking), after.extras, after.owed().amount) == (["13A"], (), 11_500)
    assert any(isinstance(each, letters.SeatLetter) for each in case.airline.log.outbox)


def test_who_took_a_plain_seat_instead_of_the_paid_one_keeps_it_at_check_in() -> None:
    case = OnSale()
    booking = case.book("ADT", legroom=True)
    case.choose(booking, 0, "14C")
    case.check_in(booking)
    after = case.airline.booking(booking)
    assert (case.seats(booking), len(after.extras), after.owed().amount) == (["14C"], 1, 0)
