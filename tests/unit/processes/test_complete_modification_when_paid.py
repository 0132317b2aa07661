"""A paid modification is completed: which commands follow from which events."""

from application.booking.complete_modification import CompleteModification
from application.processes import complete_modification_when_paid
from tests.support.airline import AIRLINE
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


async def changing() -> tuple[MemoryAirline, ProcessRuns, str, str]:
    """Return a ticketed booking with an accepted unpaid modification, and its new flight."""
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.book(airline.schedule("SV1"), "ADT", "ADT")
    dearer = airline.schedule("SV2", fare=90_000)
    airline.pay(booking)
    await runs.to_the_end()
    airline.modify(booking, dearer)
    runs.commands()
    return airline, runs, booking, dearer


async def test_an_accepted_modification_alone_starts_nothing() -> None:
    airline, runs, booking, _ = await changing()
    assert not complete_modification_when_paid.PROCESS.is_started_by(airline.last(booking).event)
    await runs.runner.run_again(booking)
    assert [type(each).__name__ for each in runs.commands()] == ["ConfirmBooking"]


async def test_a_paid_change_is_completed_with_a_serial_for_each_passenger() -> None:
    airline, runs, booking, dearer = await changing()
    before = len(airline.log.events)
    airline.pay(booking)
    assert complete_modification_when_paid.PROCESS.is_started_by(airline.last(booking).event)
    await runs.runner.run_from(before)
    assert runs.commands() == [CompleteModification(booking, AIRLINE, (3, 4))]
    assert airline.booking(booking).segments[0].flight == dearer
    assert airline.booking(booking).modification is None


async def test_run_again_over_the_same_events_it_changes_nothing_twice() -> None:
    airline, runs, booking, _ = await changing()
    airline.pay(booking)
    await runs.to_the_end()
    after = airline.booking(booking)
    length = len(airline.log.events)
    for _ in range(2):
        await runs.to_the_end()
        await runs.runner.run_again(booking)
    assert len(airline.log.events) == length
    assert airline.booking(booking) == after
    assert [message.topic for message in airline.log.outbox] == [
        "mail.booking_confirmed",
        "mail.change_completed",
    ]
