"""What happens to a flight concerns its bookings: these events in, exactly these commands out."""

import datetime as dt
from typing import Any

import pytest

from application.booking.choose_seats import ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.disruption import TellDisruption
from application.booking.grant_refund import GrantRefund
from application.inventory.cancel_flight import CancelFlight
from application.inventory.change_equipment import ChangeEquipment
from application.inventory.depart_flight import DepartFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.processes import follow_flight_when_changed as process
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.inventory.events import CabinLayout
from tests.support.house import START, House, Runs

LEAVES = START + dt.timedelta(days=10)
LATER = dt.timedelta(hours=5)


def other_aircraft(flight: str) -> ChangeEquipment:
    """With a smaller cabin."""
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


def told(flight: str, booking: str, later: dt.timedelta, *, material: bool) -> TellDisruption:
    """Of times so much later."""
    times = NewTimes(LEAVES + later, LEAVES + later + dt.timedelta(hours=2))
    return TellDisruption(booking, flight, "rescheduled", "late inbound", material, times)


def cases(flight: str, booking: str) -> list[tuple[Any, Any]]:
    """What operations do, and what it means for one booking."""
    minutes = dt.timedelta(minutes=20)
    return [
        (other_aircraft(flight), ReviewSeats(booking, flight, "smaller aircraft")),
        (
            other_times(flight, LATER),
            told(flight, booking, LATER, material=True),
        ),
        (
            other_times(flight, LATER + minutes),
            told(flight, booking, LATER + minutes, material=False),
        ),
        (
            CancelFlight(flight_id=flight, reason="storm"),
            TellDisruption(booking, flight, "cancelled", "storm", material=True),
        ),
    ]


def test_each_change_of_a_flight_means_one_command_for_each_booking() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.book(flight)
    for operation, expected in cases(flight, booking):
        house.submit(operation)
        assert process.concerns(house.last(flight))
        assert process.command(house.last(flight), booking) == expected


def test_a_departure_closes_the_flight_for_each_booking() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.book(flight)
    assert not process.concerns(house.last(flight))
    house.submit(DepartFlight(flight_id=flight, departed_at=LEAVES))
    assert process.concerns(house.last(flight))
    assert process.command(house.last(flight), booking) == CloseFlight(booking, flight)


async def test_every_change_opens_one_task_however_often_the_log_is_read() -> None:
    house = House()
    runs = Runs(house)
    flight = house.schedule("SV1")
    house.book(flight)
    house.submit(other_times(flight, LATER))
    house.submit(CancelFlight(flight_id=flight, reason="storm"))
    for _ in range(3):
        await runs.to_the_end()
    assert [(task.version, task.kind) for task in await runs.tasks.of(flight)] == [
        (3, "flight.rescheduled.1"),
        (4, "flight.cancelled.1"),
    ]
    assert runs.commands() == []


def test_holders_owners_and_who_waits_are_named_in_a_fixed_order() -> None:
    house = House()
    flight = house.schedule("SV1", seats=3)
    named = [house.book(flight), house.book(flight, "ADT", "ADT")]
    house.pay(named[0])
    named.append(house.book(flight, mode="waitlist"))
    gone = house.book(house.schedule("SV2"))
    assert process.bookings(house.flight(flight)) == sorted(named)
    assert gone not in process.bookings(house.flight(flight))


@pytest.mark.parametrize("ends", ["cancelled", "departed"])
def test_other_times_need_not_be_told_once_the_flight_is_cancelled_or_gone(ends: str) -> None:
    house = House()
    flight = house.schedule("SV1")
    house.submit(other_times(flight, -LATER))
    told = house.last(flight)
    assert not process.is_moot(told, house.flight(flight))
    house.submit(
        CancelFlight(flight_id=flight, reason="storm")
        if ends == "cancelled"
        else DepartFlight(flight_id=flight, departed_at=LEAVES)
    )
    assert process.is_moot(told, house.flight(flight))
    assert not process.is_moot(house.last(flight), house.flight(flight))


async def test_who_is_just_being_ticketed_hears_of_other_times_afterwards() -> None:
    house = House()
    runs = Runs(house)
    flight = house.schedule("SV1")
    booking = house.book(flight)
    house.pay(booking)
    house.submit(other_times(flight, LATER))
    told = house.last(flight)
    assert process.must_wait(told, house.booking(booking))
    await runs.runner.run_again(booking)
    assert not process.must_wait(told, house.booking(booking))


def test_who_has_paid_for_a_cancelled_flight_does_not_wait_for_tickets() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.book(flight)
    house.pay(booking)
    house.submit(CancelFlight(flight_id=flight, reason="storm"))
    assert not process.must_wait(house.last(flight), house.booking(booking))


def test_whose_money_finance_gives_back_waits_for_no_tickets() -> None:
    house = House()
    flight = house.schedule("SV1")
    booking = house.book(flight)
    house.pay(booking)
    house.submit(other_times(flight, LATER))
    told = house.last(flight)
    house.submit(GrantRefund(booking_id=booking, reason="bereavement"))
    assert house.booking(booking).status is Status.PAID
    assert not process.must_wait(told, house.booking(booking))


async def test_a_change_onto_a_flight_is_told_of_it_once_the_change_is_over() -> None:
    house = House()
    runs = Runs(house)
    booking = house.book(house.schedule("SV1"))
    house.pay(booking)
    await runs.to_the_end()
    dearer = house.schedule("SV2", fare=90_000)
    house.modify(booking, dearer)
    house.submit(CancelFlight(flight_id=dearer, reason="storm"))
    told = house.last(dearer)
    assert process.bookings(house.flight(dearer)) == [booking]
    assert process.must_wait(told, house.booking(booking))
    house.pay(booking)
    assert process.must_wait(told, house.booking(booking))
    await runs.runner.run_again(booking)
    assert not process.must_wait(told, house.booking(booking))
