"""Released seats are offered: which commands follow from which events."""

from application.booking.offer_seats import OfferSeats
from application.processes import offer_seats_when_released
from domain.booking.states import Status
from tests.support.house import House, Runs


def queueing(seats: int, waiting: int) -> tuple[House, Runs, str, str, list[str]]:
    """Return a full flight, the booking that fills it, and waitlisted bookings of one seat."""
    house = House()
    flight = house.schedule("SV1", seats=seats)
    first = house.book(flight, *(["ADT"] * seats))  # type: ignore[list-item]  # of a literal
    queue = [house.book(flight, mode="waitlist") for _ in range(waiting)]
    return house, Runs(house), flight, first, queue


async def test_released_seats_are_offered_to_the_first_until_none_is_left() -> None:
    house, runs, flight, first, queue = queueing(seats=2, waiting=3)
    house.cancel(first)
    await runs.to_the_end()
    assert [house.booking(each).status for each in queue] == [
        Status.RESERVED,
        Status.RESERVED,
        Status.PENDING,
    ]
    # Once for each booking that gets seats, and once that changes nothing.
    assert runs.commands()[:3] == [OfferSeats(flight)] * 3
    assert [m.topic for m in house.log.outbox].count("mail.seats_offered") == 2


async def test_run_again_over_the_same_events_no_booking_is_offered_seats_twice() -> None:
    house, runs, _, first, queue = queueing(seats=2, waiting=3)
    house.cancel(first)
    await runs.to_the_end()
    length = len(house.log.events)
    for _ in range(3):
        await runs.to_the_end()
    assert len(house.log.events) == length
    assert house.booking(queue[2]).status is Status.PENDING


async def test_without_a_waitlist_a_release_starts_nothing() -> None:
    house, runs, flight, first, _ = queueing(seats=2, waiting=0)
    house.cancel(first)
    assert offer_seats_when_released.PROCESS.is_started_by(house.last(flight))
    await runs.to_the_end()
    assert runs.commands() == []


async def test_a_long_queue_is_served_a_bounded_number_at_a_time_and_the_sweep_goes_on() -> None:
    house = House()
    runs = Runs(house)
    limit = offer_seats_when_released.OFFER_LIMIT
    flight = house.schedule("SV1", seats=27)
    full = [house.book(flight, *(["ADT"] * 9)) for _ in range(3)]  # type: ignore[list-item]
    queue = [house.book(flight, mode="waitlist") for _ in range(limit + 5)]
    for each in full:
        house.cancel(each)
    await runs.to_the_end()
    offered = [house.booking(each).status is Status.RESERVED for each in queue]
    assert offered == [True] * limit + [False] * 5
    await runs.runner.offer_again(flight)
    assert all(house.booking(each).status is Status.RESERVED for each in queue)
