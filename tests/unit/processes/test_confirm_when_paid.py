"""A paid booking is confirmed: which commands follow from which events."""

import pytest

from application.booking.confirm_booking import ConfirmBooking
from application.processes import confirm_when_paid
from domain.booking.states import Status
from tests.support.airline import AIRLINE
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


def test_of_a_whole_history_only_paid_starts_it() -> None:
    airline = MemoryAirline()
    booking = airline.book(airline.schedule("SV1"))
    payment = airline.pay(booking)
    starting = [
        recorded.event.tag
        for recorded in airline.log.events
        if confirm_when_paid.PROCESS.is_started_by(recorded.event)
    ]
    assert starting == ["booking.paid.1"]
    assert "payment.captured.1" in airline.tags(payment)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_paid_event_confirms_its_booking_once_however_often_it_is_read(
    times: int,
) -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.book(airline.schedule("SV1"))
    airline.pay(booking)
    for _ in range(times):
        await runs.runner.run_again(booking)
    assert len(runs.bus.submitted) == times
    assert len({envelope.id for envelope in runs.bus.submitted}) == 1
    assert runs.commands()[0] == ConfirmBooking(booking, AIRLINE, (1,))


async def test_run_again_over_the_same_events_it_changes_nothing() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    first, second = airline.book(flight), airline.book(flight, "ADT", "CHD")
    airline.pay(first)
    await runs.to_the_end()
    airline.pay(second)
    await runs.to_the_end()
    length = len(airline.log.events)
    for _ in range(3):
        await runs.to_the_end()
    assert len(airline.log.events) == length
    assert [airline.booking(each).status for each in (first, second)] == [Status.CONFIRMED] * 2
    # The tickets are those of the first time, whatever serials later runs drew.
    assert [ticket.number[-1] for ticket in airline.booking(first).tickets] == ["1"]
    assert len(airline.log.outbox) == 2
