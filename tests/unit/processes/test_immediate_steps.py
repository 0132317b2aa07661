"""What follows from a payment, a cancellation or a release is in the append of its cause."""

from collections.abc import Callable
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import ports
from application.commands import stream_kinds
from application.processes import immediate_steps
from domain.booking.states import Status
from domain.kernel import ids
from domain.kernel.rejections import Rejection
from infrastructure.event_store import codec
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns


class Appends:
    """Counts the appends of an airline's log that wrote something, with the events of each."""

    def __init__(self, airline: MemoryAirline) -> None:
        self.tags: list[list[str]] = []
        self._append: Callable[[ports.Batch], ports.Appended] = airline.log.append
        airline.log.append = self._counted  # type: ignore[method-assign]

    def _counted(self, batch: ports.Batch) -> ports.Appended:
        appended = self._append(batch)
        if appended.written:
            self.tags.append([new.event.tag for new in batch.events])
        return appended


def with_steps() -> tuple[MemoryAirline, ProcessRuns]:
    """Return an airline whose commands are followed up in their own append."""
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    runs.decide_with_causes()
    return airline, runs


async def test_a_payment_its_tickets_and_its_seats_are_one_append_with_the_letter() -> None:
    airline, runs = with_steps()
    booking = airline.book(airline.schedule("SV1"))
    appends = Appends(airline)
    airline.pay(booking)
    assert airline.booking(booking).status is Status.CONFIRMED
    paying = appends.tags[-1]
    assert paying == [
        "payment.captured.1",
        "booking.paid.1",
        "booking.confirmed.1",
        "flight.seats_sold.1",
    ]
    assert [each.topic for each in airline.log.outbox] == ["mail.booking_confirmed"]
    await runs.to_the_end()
    assert runs.commands() == []
    assert runs.reports == []


async def test_a_dearer_change_is_completed_with_its_payment() -> None:
    airline, runs = with_steps()
    booking = airline.ticketed(airline.schedule("SV1"))
    later = airline.schedule("SV2", fare=90_000)
    airline.modify(booking, later)
    appends = Appends(airline)
    airline.pay(booking)
    assert "booking.modification_completed.1" in appends.tags[-1]
    assert airline.booking(booking).segments[0].flight == later
    await runs.to_the_end()
    assert runs.commands() == []


async def test_a_refund_is_requested_with_the_cancellation_that_owes_it() -> None:
    airline, runs = with_steps()
    booking = airline.ticketed(airline.schedule("SV1"))
    appends = Appends(airline)
    airline.cancel(booking)
    assert "payment.refund_requested.1" in appends.tags[-1]
    assert [each.topic for each in airline.log.outbox].count("refund_payment") == 1
    await runs.to_the_end()
    assert runs.commands() == []


async def test_released_seats_are_offered_in_their_own_append_until_none_is_left() -> None:
    airline, runs = with_steps()
    flight = airline.schedule("SV1", seats=2)
    first = airline.book(flight, "ADT", "ADT")
    queue = [airline.book(flight, mode="waitlist") for _ in range(3)]
    appends = Appends(airline)
    airline.cancel(first)
    assert appends.tags[-1].count("flight.seats_offered.1") == 2
    states = [airline.booking(each).status for each in queue]
    assert states == [Status.RESERVED, Status.RESERVED, Status.PENDING]
    length = len(airline.log.events)
    await runs.to_the_end()
    assert len(airline.log.events) == length


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_offer_is_caused_by_the_last_event_of_the_flight_at_once_or_by_the_runner(
    at_once: bool,
) -> None:
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    runs.decide_with_causes(wanted=at_once)
    flight = airline.schedule("SV1", seats=1, business=150_000)
    upgraded = airline.ticketed(flight)
    airline.book(flight, mode="waitlist")
    airline.modify(upgraded, flight, cabin="J")
    airline.pay(upgraded)
    await runs.to_the_end()
    released, sold, offered = airline.log.streams[flight][-3:]
    assert [each.event.tag for each in (released, sold, offered)] == [
        "flight.seats_released.1",
        "flight.seats_sold.1",
        "flight.seats_offered.1",
    ]
    assert offered.causation_id == ids.event_id(flight, sold.version)


async def test_a_step_that_fails_leaves_its_cause_recorded_and_is_done_by_the_runner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    airline, runs = with_steps()
    booking = airline.book(airline.schedule("SV1"))

    class Refused(Rejection):
        code = "INTERNAL"

    def fails(_command: object, _context: object) -> None:
        raise Refused()

    confirming = "application.booking.confirm_booking.ConfirmBooking.decide"
    with monkeypatch.context() as patched:
        patched.setattr(confirming, fails)
        airline.pay(booking)
    assert airline.booking(booking).status is Status.PAID
    await runs.to_the_end()
    assert airline.booking(booking).status is Status.CONFIRMED


async def test_without_serials_at_hand_a_booking_is_paid_and_confirmed_by_the_runner() -> None:
    airline, runs = with_steps()
    booking = airline.book(airline.schedule("SV1"))
    runs.bus.stock.empty = True
    airline.pay(booking)
    assert airline.booking(booking).status is Status.PAID
    await runs.to_the_end()
    assert airline.booking(booking).status is Status.CONFIRMED


def test_a_decision_that_is_made_again_issues_the_same_tickets() -> None:
    airline, runs = with_steps()
    booking = airline.book(airline.schedule("SV1"))
    airline.process.cache.clear()
    airline.pay(booking)
    (ticket,) = airline.booking(booking).tickets
    assert int(ticket.number[3:]) == 1
    assert runs.bus.stock.fresh(1) == [2]


def test_every_step_of_the_registry_starts_from_events_that_are_stored() -> None:
    started = {each for _, step in immediate_steps.STEPS for each in step.starts_on}
    assert len(immediate_steps.STEPS) == 7
    assert {each.tag for each in started} <= set(stream_kinds.EVENT_TYPES)


JOURNEYS = st.lists(st.sampled_from(("book", "pay", "cancel", "change", "wait")), max_size=12)


async def carried_out(journey: list[str], steps_wanted: list[bool]) -> MemoryAirline:
    """Return an airline after these verbs on its newest booking, each run to its end."""
    airline = MemoryAirline()
    runs = ProcessRuns(airline)
    flight = airline.schedule("SV1", seats=2)
    others = [airline.schedule(f"SV{n}", fare=70_000 + n * 5_000) for n in range(2, 15)]
    bookings: list[str] = []
    for verb, wanted in zip(journey, steps_wanted, strict=False):
        runs.decide_with_causes(wanted=wanted)
        try:
            if verb == "book":
                bookings.append(airline.book(flight, "ADT"))
            elif verb == "wait":
                bookings.append(airline.book(flight, mode="waitlist"))
            elif not bookings:
                continue
            elif verb == "pay":
                airline.pay(bookings[-1])
            elif verb == "cancel":
                airline.cancel(bookings.pop(0))
            else:
                airline.modify(bookings[-1], others.pop())
        except Rejection:
            pass
        await runs.to_the_end()
    assert runs.reports == []
    return airline


def stored(airline: MemoryAirline) -> dict[str, list[tuple[str, bytes]]]:
    """Return every stream as it is stored."""
    return {
        stream: [(each.event.tag, codec.encode(each.event)) for each in recorded]
        for stream, recorded in airline.log.streams.items()
    }


@given(journey=JOURNEYS, steps_wanted=st.lists(st.booleans(), min_size=12, max_size=12))
async def test_with_steps_in_the_append_or_in_the_runner_the_log_is_the_same_to_the_byte(
    journey: list[str], steps_wanted: list[bool]
) -> None:
    # The same ciphertext in both.
    with mock.patch("os.urandom", bytes):
        mixed = await carried_out(journey, steps_wanted)
        alone = await carried_out(journey, [False] * 12)
    assert stored(mixed) == stored(alone)
    assert sorted(map(str, mixed.log.outbox)) == sorted(map(str, alone.log.outbox))
