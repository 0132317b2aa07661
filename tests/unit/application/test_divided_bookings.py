"""Who may divide a booking, whose contact the new one has, and what follows a divided booking."""

import msgspec
import pytest

from application.booking.booking_details import read_booking
from application.booking.check_in import CheckIn
from application.booking.divide_booking import DivideBooking, divide_booking
from application.booking.people import Contact
from application.booking.read_history import read_history
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.processes.follow_flight_when_changed import with_divided_off
from domain.booking import rejections
from domain.booking.passenger_details import NOTHING_OPENED
from domain.identity.rejections import NotAllowed
from domain.identity.roles import Role
from domain.inventory import seating
from domain.inventory.events import CabinLayout
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import MemoryProcess, envelope
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases


async def party(*types: PassengerType) -> tuple[MemoryUseCases, str]:
    """A paid booking of these passengers."""
    cases = MemoryUseCases()
    return cases, await cases.ticketed(cases.airline.schedule(), *(types or ("ADT", "ADT")))


@pytest.mark.parametrize("role", ["customer", "support", "gate", "admin"])
async def test_the_owner_support_and_the_gate_divide_a_booking(role: Role) -> None:
    cases, booking = await party()
    caller = cases.caller(role)
    divided = await divide_booking(cases.ports, caller, booking, passengers=(1, 1))
    assert divided.booking.owner == CUSTOMER.user
    again = await divide_booking(cases.ports, caller, booking, passengers=(1, 1))
    assert (again.booking_id, again.replayed) == (divided.booking_id, True)


@pytest.mark.parametrize("role", ["ops", "finance", "auditor"])
async def test_other_staff_do_not(role: Role) -> None:
    cases, booking = await party()
    with pytest.raises(NotAllowed):
        await divide_booking(cases.ports, cases.caller(role), booking, passengers=(1,))


async def test_a_stranger_learns_nothing_of_the_booking() -> None:
    cases, booking = await party()
    with pytest.raises(rejections.BookingNotFound):
        await divide_booking(cases.ports, cases.caller("agent"), booking, passengers=(1,))


@pytest.mark.parametrize("leaving", [0, 1])
async def test_each_booking_can_be_written_to_after_those_of_the_other_were_erased(
    leaving: int,
) -> None:
    for erased in (leaving, 1 - leaving):
        cases, booking = await party()
        divided = await divide_booking(cases.ports, cases.caller(), booking, passengers=(leaving,))
        old = cases.airline.booking(booking)
        cases.vault.erase(old.passengers[erased].name.subject)
        kept = old if erased == leaving else divided.booking
        (contact,) = await cases.vault.open_all([kept.contact])
        assert contact is not None
        assert msgspec.json.decode(contact, type=Contact).email == "noura@example.com"


async def test_both_histories_name_the_other_booking_and_the_price_counts_who_is_left() -> None:
    cases, booking = await party("ADT", "ADT", "CHD")
    divided = await divide_booking(cases.ports, cases.caller(), booking, passengers=(1, 2))
    for name, other in ((booking, divided.booking_id), (divided.booking_id, booking)):
        entries = await read_history(cases.ports, CUSTOMER, name)
        assert [each.related for each in entries if each.related] == [other]
    left = await read_booking(cases.ports, CUSTOMER, booking)
    assert {(each.passenger_type, each.passenger_count) for each in left.price_lines} == {
        ("ADT", 1)
    }
    assert sum(each.amount for each in left.price_lines) == left.booking.price_now().total().amount


async def test_the_action_is_open_while_a_passenger_can_leave() -> None:
    cases, booking = await party()
    assert "divide" in (await read_booking(cases.ports, CUSTOMER, booking)).available_actions
    await divide_booking(cases.ports, cases.caller(), booking, passengers=(1,))
    assert "divide" not in (await read_booking(cases.ports, CUSTOMER, booking)).available_actions
    cases, booking = await party("ADT", "CHD", "INF")
    assert "divide" not in (await read_booking(cases.ports, CUSTOMER, booking)).available_actions


def test_a_change_of_the_flight_is_followed_up_for_who_left_since_it_happened() -> None:
    airline = MemoryAirline()
    flight = airline.schedule()
    booking = airline.ticketed(flight, "ADT", "ADT", "ADT")
    airline.submit(CancelFlight(flight, "technical"))
    version = len(airline.log.streams[flight])
    first = airline.submit(DivideBooking(booking, (1, 2))).answer.stream
    second = airline.submit(DivideBooking(first, (1,))).answer.stream
    later = airline.log.streams[flight][version:]
    assert with_divided_off([booking], later) == [booking, first, second]
    assert with_divided_off(["booking-ZZZZZZ"], later) == ["booking-ZZZZZZ"]


def test_a_passenger_on_standby_stays_on_standby_with_the_number_in_the_line() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(seats=2)
    booking = airline.ticketed(flight, "ADT", "ADT")
    airline.wait(days=8.5)
    airline.submit(CheckIn(booking, 0, None, codes=NOTHING_OPENED))
    airline.submit(ChangeEquipment(flight, (CabinLayout("Y", 1, 10, "AB"),), "technical"))
    lost = airline.flight(flight)
    seated = next(seat.passenger for _, seat in lost.seats.items())
    waiting = 1 - seated
    assert seating.bookings_on_standby(lost) == [booking]
    new = airline.submit(DivideBooking(booking, (waiting,))).answer.stream
    assert seating.bookings_on_standby(airline.flight(flight)) == [new]


def test_a_locator_that_the_flight_knows_is_drawn_again() -> None:
    """Another process divided the same flight under it, and its new booking was not read yet."""
    airline = MemoryAirline()
    flight = airline.schedule()
    bookings = [airline.ticketed(flight, "ADT", "ADT") for _ in range(2)]
    draws = iter([b"same", b"same", b"else"])
    divided = [
        MemoryProcess(airline.log, clock=airline.clock, random_bytes=lambda _count: next(draws))
        .submit(envelope(DivideBooking(booking_id=each, passengers=(1,)), 1_000 + number))
        .answer.stream
        for number, each in enumerate(bookings)
    ]
    assert len(set(divided)) == 2
