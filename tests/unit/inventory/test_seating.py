"""Seats of a flight: chosen, given at check-in, never one for two."""

import msgspec
import pytest

from domain.inventory import rejections, seat_map, seating
from domain.inventory.events import (
    BoardingPlace,
    CabinLayout,
    CheckInAccepted,
    Place,
    SeatsAssigned,
)
from domain.inventory.fold import evolve
from domain.inventory.seating import SeatNeed
from domain.inventory.state import Flight
from domain.kernel.events import DomainEvent
from tests.support import examples, scenario
from tests.support.examples import BOOKING, held

OTHER = "booking-XYZ789"
LAYOUT = CabinLayout("Y", seat_count=7, first_row=10, letters="ABC")
SCHEDULED = msgspec.structs.replace(examples.scheduled(economy=7), layouts=(LAYOUT,))


def given(*events: DomainEvent) -> scenario.Scenario[Flight]:
    return scenario.given(evolve, SCHEDULED, held(seats=3), held(OTHER, seats=3), *events)


def assigned(*places: tuple[int, str], booking: str = BOOKING) -> SeatsAssigned:
    return SeatsAssigned(booking, tuple(Place(*place) for place in places))


def assign(
    state: scenario.Scenario[Flight], *places: tuple[int, str], booking: str = BOOKING
) -> scenario.Outcome:
    wanted = tuple(Place(*place) for place in places)
    return state.when(seating.assign, booking=booking, places=wanted, cabin="Y")


def check_in(
    state: scenario.Scenario[Flight], *party: tuple[int, bool], booking: str = BOOKING
) -> scenario.Outcome:
    needs = tuple(SeatNeed(index, takes_seat) for index, takes_seat in party)
    return state.when(seating.accept_check_in, booking=booking, passengers=needs, cabin="Y")


def test_the_rows_are_filled_from_the_front_and_the_last_may_be_short() -> None:
    assert seat_map.seats(LAYOUT) == ("10A", "10B", "10C", "11A", "11B", "11C", "12A")


@pytest.mark.parametrize(
    ("row", "kind"), [(10, "front"), (11, "front"), (12, "plain"), (18, "legroom"), (19, "plain")]
)
def test_rows_in_front_and_at_the_exit_are_sold_dearer(row: int, kind: str) -> None:
    twenty_rows = CabinLayout("Y", 120, 10, "ABCDEF")
    assert seat_map.category(twenty_rows, f"{row}A") == kind
    business = msgspec.structs.replace(twenty_rows, cabin="J")
    assert seat_map.category(business, f"{row}A") == "plain"


def test_free_seats_are_given_as_chosen() -> None:
    assign(given(), (0, "10A"), (1, "10B")).then(assigned((0, "10A"), (1, "10B")))


def test_no_passenger_gets_a_seat_that_another_has() -> None:
    taken = given(assigned((0, "10A"), booking=OTHER))
    assign(taken, (0, "10A")).then_rejected(rejections.SeatTaken, seat="10A")
    assign(taken, (0, "10B"), (1, "10A")).then_rejected(rejections.SeatTaken, seat="10A")


def test_two_of_one_booking_do_not_get_one_seat() -> None:
    assign(given(), (0, "10A"), (1, "10A")).then_rejected(rejections.SeatTaken)
    seated = given(assigned((0, "10A")))
    assign(seated, (1, "10A")).then_rejected(rejections.SeatTaken, seat="10A")


def test_two_of_one_booking_may_swap() -> None:
    seated = given(assigned((0, "10A"), (1, "10B")))
    assign(seated, (0, "10B"), (1, "10A")).then(assigned((0, "10B"), (1, "10A")))


def test_another_seat_leaves_the_previous_one_free() -> None:
    moved = given(assigned((0, "10A")), assigned((0, "11A")))
    assign(moved, (0, "10A"), booking=OTHER).then(assigned((0, "10A"), booking=OTHER))


def test_the_same_seats_again_record_nothing() -> None:
    assign(given(assigned((0, "10A"))), (0, "10A")).then_nothing()


@pytest.mark.parametrize("seat", ["12B", "9A", "1A", "", "10", "A10"])
def test_a_seat_that_the_cabin_lacks_is_refused(seat: str) -> None:
    assign(given(), (0, seat)).then_rejected(rejections.SeatUnknown, seat=seat)


def test_a_party_is_seated_in_one_row_where_there_is_one() -> None:
    first_row_broken = given(assigned((0, "10B"), booking=OTHER))
    outcome = check_in(first_row_broken, (0, True), (1, True), (2, True))
    outcome.then(
        CheckInAccepted(
            BOOKING,
            (BoardingPlace(0, "11A", 1), BoardingPlace(1, "11B", 2), BoardingPlace(2, "11C", 3)),
        )
    )


def test_a_chosen_seat_is_kept_and_a_lap_infant_gets_none() -> None:
    outcome = check_in(given(assigned((0, "11B"))), (0, True), (1, False))
    outcome.then(CheckInAccepted(BOOKING, (BoardingPlace(0, "11B", 1), BoardingPlace(1, None, 2))))


def test_sequence_numbers_go_on_from_those_before() -> None:
    earlier = CheckInAccepted(OTHER, (BoardingPlace(0, "10A", 1), BoardingPlace(1, "10B", 2)))
    outcome = check_in(given(earlier), (0, True))
    outcome.then(CheckInAccepted(BOOKING, (BoardingPlace(0, "12A", 3),)))


def test_checking_in_again_records_nothing_and_gives_no_new_number() -> None:
    earlier = CheckInAccepted(BOOKING, (BoardingPlace(0, "10A", 1),))
    check_in(given(earlier), (0, True)).then_nothing()
    outcome = check_in(given(earlier), (0, True), (1, True))
    outcome.then(CheckInAccepted(BOOKING, (BoardingPlace(1, "12A", 2),)))


def test_who_finds_no_seat_left_has_a_number_without_a_seat() -> None:
    seats = seat_map.seats(LAYOUT)
    full = tuple(BoardingPlace(number, seat, number + 1) for number, seat in enumerate(seats))
    outcome = check_in(given(CheckInAccepted(OTHER, full)), (0, True), (1, True))
    after = len(seats)
    waiting = (BoardingPlace(0, None, after + 1), BoardingPlace(1, None, after + 2))
    outcome.then(CheckInAccepted(BOOKING, waiting))


def test_a_cabin_without_a_map_checks_in_without_seat_numbers() -> None:
    unmapped = scenario.given(evolve, examples.scheduled(), held())
    outcome = check_in(unmapped, (0, True))
    outcome.then(CheckInAccepted(BOOKING, (BoardingPlace(0, None, 1),)))
