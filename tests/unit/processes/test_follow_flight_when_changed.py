"""A flight's change is followed up for its bookings: which commands follow from which events."""

import datetime as dt
from typing import Any

import pytest

from application.booking.choose_seats import ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.grant_refund import GrantRefund
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.processes import follow_flight_when_changed as process
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.inventory.events import CabinLayout
from tests.support.airline import START
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

LEAVES = START + dt.timedelta(days=10)
LATER = dt.timedelta(hours=5)


def other_aircraft(flight: str) -> ChangeEquipment:
    """Return a change to an aircraft with a smaller cabin."""
    layout = CabinLayout("Y", 6, 10, "ABCDEF")
    return ChangeEquipment(flight_id=flight, layouts=(layout,), reason="smaller aircraft")


def other_times(flight: str, later: dt.timedelta) -> RescheduleFlight:
    """So much later."""
    return RescheduleFlight(
        flight_id=flight,
        departs_at=LEAVES + later,
        arrives_at=LEAVES + later + dt.timedelta(hours=2),
        reason="late inbound",
    )


def moved(flight: str, booking: str, later: dt.timedelta, *, material: bool) -> OfferDisruption:
    """Return what follows from times so much later."""
    times = NewTimes(LEAVES + later, LEAVES + later + dt.timedelta(hours=2))
    return OfferDisruption(booking, flight, "rescheduled", "late inbound", material, times)


def cases(flight: str, booking: str) -> list[tuple[Any, Any]]:
    """Return commands of operations with the command that follows for one booking."""
    minutes = dt.timedelta(minutes=20)
    return [
        (other_aircraft(flight), ReviewSeats(booking, flight, "smaller aircraft")),
        (
            other_times(flight, LATER),
            moved(flight, booking, LATER, material=True),
        ),
        (
            other_times(flight, LATER + minutes),
            moved(flight, booking, LATER + minutes, material=False),
        ),
        (
            CancelFlight(flight_id=flight, reason="storm"),
            OfferDisruption(booking, flight, "cancelled", "storm", material=True),
        ),
    ]


def test_each_change_of_a_flight_means_one_command_for_each_booking() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    for operation, expected in cases(flight, booking):
        airline.submit(operation)
        assert process.PROCESS.is_started_by(airline.last(flight).event)
        assert process.command(airline.last(flight), booking) == expected


def test_a_departure_closes_the_flight_for_each_booking() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    assert not process.PROCESS.is_started_by(airline.last(flight).event)
    airline.submit(DepartFlight(flight_id=flight, departed_at=LEAVES))
    assert process.PROCESS.is_started_by(airline.last(flight).event)
    assert process.command(airline.last(flight), booking) == CloseFlight(booking, flight)


async def test_every_change_opens_one_task_however_often_the_log_is_read() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    airline.book(flight)
    airline.submit(other_times(flight, LATER))
    airline.submit(CancelFlight(flight_id=flight, reason="storm"))
    for _ in range(3):
        await runs.to_the_end()
    assert [(task.version, task.kind) for task in await runs.tasks.of(flight)] == [
        (3, "flight.rescheduled.1"),
        (4, "flight.cancelled.1"),
    ]
    assert runs.commands() == []


def test_seated_and_waitlisted_bookings_are_followed_up_in_a_fixed_order() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=3)
    named = [airline.book(flight), airline.book(flight, "ADT", "ADT")]
    airline.pay(named[0])
    named.append(airline.book(flight, mode="waitlist"))
    gone = airline.book(airline.schedule("SV2"))
    assert process.bookings(airline.flight(flight)) == sorted(named)
    assert gone not in process.bookings(airline.flight(flight))


@pytest.mark.parametrize("ends", ["cancelled", "departed"])
def test_other_times_are_superseded_once_the_flight_is_cancelled_or_departed(ends: str) -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    airline.submit(other_times(flight, -LATER))
    changed = airline.last(flight)
    assert not process.is_superseded(changed, airline.flight(flight))
    airline.submit(
        CancelFlight(flight_id=flight, reason="storm")
        if ends == "cancelled"
        else DepartFlight(flight_id=flight, departed_at=LEAVES)
    )
    assert process.is_superseded(changed, airline.flight(flight))
    assert not process.is_superseded(airline.last(flight), airline.flight(flight))


async def test_a_booking_about_to_be_ticketed_is_followed_up_afterwards() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    airline.pay(booking)
    airline.submit(other_times(flight, LATER))
    changed = airline.last(flight)
    assert process.must_wait(changed, airline.booking(booking))
    await runs.runner.run_again(booking)
    assert not process.must_wait(changed, airline.booking(booking))


def test_a_paid_booking_on_a_cancelled_flight_does_not_wait_for_tickets() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    airline.pay(booking)
    airline.submit(CancelFlight(flight_id=flight, reason="storm"))
    assert not process.must_wait(airline.last(flight), airline.booking(booking))


def test_a_paid_booking_with_a_granted_refund_does_not_wait_for_tickets() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1")
    booking = airline.book(flight)
    airline.pay(booking)
    airline.submit(other_times(flight, LATER))
    changed = airline.last(flight)
    airline.submit(GrantRefund(booking_id=booking, by="usr_finance"))
    assert airline.booking(booking).status is Status.PAID
    assert not process.must_wait(changed, airline.booking(booking))


async def test_a_booking_changing_onto_a_flight_is_followed_up_after_the_change() -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    booking = airline.book(airline.schedule("SV1"))
    airline.pay(booking)
    await runs.to_the_end()
    dearer = airline.schedule("SV2", fare=90_000)
    airline.modify(booking, dearer)
    airline.submit(CancelFlight(flight_id=dearer, reason="storm"))
    changed = airline.last(dearer)
    assert process.bookings(airline.flight(dearer)) == [booking]
    assert process.must_wait(changed, airline.booking(booking))
    airline.pay(booking)
    assert process.must_wait(changed, airline.booking(booking))
    await runs.runner.run_again(booking)
    assert not process.must_wait(changed, airline.booking(booking))
