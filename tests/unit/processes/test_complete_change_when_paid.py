"""A paid change is completed: which commands follow from which events."""

from application.booking.complete_change import CompleteChange
from application.processes import complete_change_when_paid
from tests.support.house import AIRLINE, House, Runs


async def changing() -> tuple[House, Runs, str, str]:
    """Return the airline, its processes, a booking with an accepted change, the new flight."""
    house = House()
    runs = Runs(house)
    booking = house.book(house.schedule("SV1"), "ADT", "ADT")
    dearer = house.schedule("SV2", fare=90_000)
    house.pay(booking)
    await runs.to_the_end()
    house.modify(booking, dearer)
    runs.commands()
    return house, runs, booking, dearer


async def test_an_accepted_change_alone_starts_nothing() -> None:
    house, runs, booking, _ = await changing()
    assert not complete_change_when_paid.PROCESS.is_started_by(house.last(booking))
    await runs.runner.run_again(booking)
    assert [type(each).__name__ for each in runs.commands()] == ["ConfirmBooking"]


async def test_a_paid_change_is_completed_with_a_serial_for_each_passenger() -> None:
    house, runs, booking, dearer = await changing()
    before = len(house.log.events)
    house.pay(booking)
    assert complete_change_when_paid.PROCESS.is_started_by(house.last(booking))
    await runs.runner.run_from(before)
    assert runs.commands() == [CompleteChange(booking, AIRLINE, (3, 4))]
    assert house.booking(booking).segments[0].flight == dearer
    assert house.booking(booking).modification is None


async def test_run_again_over_the_same_events_it_changes_nothing_twice() -> None:
    house, runs, booking, _ = await changing()
    house.pay(booking)
    await runs.to_the_end()
    after = house.booking(booking)
    length = len(house.log.events)
    for _ in range(2):
        await runs.to_the_end()
        await runs.runner.run_again(booking)
    assert len(house.log.events) == length
    assert house.booking(booking) == after
    assert [message.topic for message in house.log.outbox] == [
        "mail.booking_confirmed",
        "mail.change_completed",
    ]
