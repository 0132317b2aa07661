"""Released seats are offered: which commands follow from which events."""

from application.booking.offer_seats import OfferSeats
from application.processes import offer_seats_when_released
from domain.booking.states import Status
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


def queueing(seats: int, waiting: int) -> tuple[MemoryAirline, ProcessRuns, str, str, list[str]]:
    """Return a full flight, the booking that fills it, and waitlisted bookings of one seat."""
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=seats)
    first = airline.book(flight, *(["ADT"] * seats))  # type: ignore[list-item]  # of a literal
    queue = [airline.book(flight, mode="waitlist") for _ in range(waiting)]
    return airline, ProcessRuns(airline), flight, first, queue


async def test_released_seats_are_offered_to_the_first_until_none_is_left() -> None:
    airline, runs, flight, first, queue = queueing(seats=2, waiting=3)
    airline.cancel(first)
    await runs.to_the_end()
    assert [airline.booking(each).status for each in queue] == [
        Status.RESERVED,
        Status.RESERVED,
        Status.PENDING,
    ]
    # Once for each booking that gets seats, and once that changes nothing.
    assert runs.commands()[:3] == [OfferSeats(flight)] * 3
    assert [m.topic for m in airline.log.outbox].count("mail.seats_offered") == 2


async def test_run_again_over_the_same_events_no_booking_is_offered_seats_twice() -> None:
    airline, runs, _, first, queue = queueing(seats=2, waiting=3)
    airline.cancel(first)
    await runs.to_the_end()
    length = len(airline.log.events)
    for _ in range(3):
        await runs.to_the_end()
    assert len(airline.log.events) == length
    assert airline.booking(queue[2]).status is Status.PENDING


async def test_without_a_waitlist_a_release_starts_nothing() -> None:
    airline, runs, flight, first, _ = queueing(seats=2, waiting=0)
    airline.cancel(first)
    assert offer_seats_when_released.PROCESS.is_started_by(airline.last(flight).event)
    await runs.to_the_end()
    assert runs.commands() == []


async def test_a_long_queue_is_served_a_bounded_number_at_a_time_and_the_sweep_goes_on() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    limit = offer_seats_when_released.OFFER_LIMIT
    flight = airline.schedule("SV1", seats=27)
    full = [airline.book(flight, *(["ADT"] * 9)) for _ in range(3)]  # type: ignore[list-item]
    queue = [airline.book(flight, mode="waitlist") for _ in range(limit + 5)]
    for each in full:
        airline.cancel(each)
    await runs.to_the_end()
    offered = [airline.booking(each).status is Status.RESERVED for each in queue]
    assert offered == [True] * limit + [False] * 5
    await runs.runner.offer_again(flight)
    assert all(airline.booking(each).status is Status.RESERVED for each in queue)
