"""All processes together: interleaved events, and failures that stop nothing else."""

from typing import Any

from application import ports
from application.booking.confirm_booking import ConfirmBooking
from application.booking.offer_seats import OfferSeats
from application.payment.refund_payment import RefundPayment
from domain.booking.states import Status
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


async def test_of_interleaved_events_each_booking_gets_exactly_what_follows_from_its_own() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1", seats=3)
    first, second, third = (airline.book(flight) for _ in range(3))
    waiting = airline.book(flight, mode="waitlist")
    airline.pay(first)
    airline.cancel(second)
    airline.pay(third)
    airline.cancel(first)
    await runs.to_the_end()
    asked: list[tuple[type, Any]] = [
        (type(each), getattr(each, "booking_id", None) or each.flight_id)
        for each in runs.commands()
    ]
    assert asked[:3] == [
        (ConfirmBooking, first),
        (ConfirmBooking, third),
        (RefundPayment, first),
    ]
    assert set(asked[3:]) == {(OfferSeats, flight)}
    assert airline.booking(first).status is Status.CANCELLED
    assert airline.booking(third).status is Status.CONFIRMED
    assert airline.booking(waiting).status is Status.RESERVED
    # A confirmation that came too late was rejected and reported, and stopped nothing else.
    assert [stream for stream, _ in runs.reports] == [first]


async def test_a_bug_in_one_booking_is_reported_and_stops_no_other_and_is_run_again() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    bookings = [airline.book(flight) for _ in range(3)]
    for each in bookings:
        airline.pay(each)
    runs.bus.broken.add(bookings[1])
    position = await runs.to_the_end()
    assert position == len(airline.log.events)
    assert [(stream, str(error)) for stream, error in runs.reports] == [(bookings[1], "a bug")]
    statuses = [airline.booking(each).status for each in bookings]
    assert statuses == [Status.CONFIRMED, Status.PAID, Status.CONFIRMED]
    runs.bus.broken.clear()
    await runs.runner.run_again(bookings[1])
    assert airline.booking(bookings[1]).status is Status.CONFIRMED


async def test_without_a_database_nothing_is_left_running_and_the_position_does_not_move() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    bookings = [airline.book(flight) for _ in range(3)]
    for each in bookings:
        airline.pay(each)
    runs.bus.unavailable.add(bookings[0])
    raised = None
    try:
        await runs.runner.run_from(0)
    except ports.Unavailable as error:
        raised = error
    assert raised is not None
    # The other commands were submitted before the run ended.
    assert [airline.booking(each).status for each in bookings[1:]] == [Status.CONFIRMED] * 2
    runs.bus.unavailable.clear()
    await runs.to_the_end()
    assert airline.booking(bookings[0]).status is Status.CONFIRMED
    assert runs.reports == []


async def test_a_log_longer_than_one_run_is_read_to_its_end_without_gaps() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1", seats=300)
    bookings = [airline.book(flight) for _ in range(260)]
    for each in bookings:
        airline.pay(each)
    positions = [0]
    while True:
        reached = await runs.runner.run_from(positions[-1])
        if reached == positions[-1]:
            break
        positions.append(reached)
    assert len(positions) > 2
    assert all(airline.booking(each).status is Status.CONFIRMED for each in bookings)
    assert len(runs.commands()) == len(bookings)
