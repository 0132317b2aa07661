"""Follow-ups of one flight take effect in the order of its events, in whatever order they run."""

import datetime as dt
import itertools
from typing import Any, cast

import pytest

from application.booking.check_in import Board, CheckIn
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.reinstate_flight import ReinstateFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.processes.follow_flight_when_changed import FlightFollower
from domain.booking.coupons import CouponStatus
from domain.pricing.price import PassengerType
from tests.support import invariants
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

HOUR = dt.timedelta(hours=1)
C = CouponStatus


class Following:
    """A connection; of two passengers one has boarded. The first flight is about to leave."""

    def __init__(self, *party: PassengerType) -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.flight = self.airline.schedule("SV1")
        self.later = self.airline.schedule("SV2", in_days=10.25, route=("JED", "AHB"))
        self.booking = self.airline.ticketed((self.flight, self.later), *(party or ("ADT", "ADT")))
        self.airline.clock.now = self.airline.flight(self.flight).departs_at - 1.5 * HOUR
        self.airline.submit(CheckIn(self.booking, 0, None))
        if not party:
            self.airline.submit(Board(self.booking, 0, (0,)))
        self.airline.wait(hours=1.5)
        self.reports: list[Exception] = []
        self.follower = FlightFollower(
            bus=cast(Any, self.runs.bus),
            releaser=cast(Any, None),  # nothing here is unpaid
            tasks=self.runs.tasks,
            report=lambda _, error: self.reports.append(error),
        )

    def depart(self) -> int:
        """The flight is recorded as departed now; the version of that event."""
        self.airline.submit(DepartFlight(self.flight, self.airline.clock()))
        version: int = self.airline.last(self.flight).version
        return version

    def withdraw(self, *, hours: int = 1) -> int:
        """It has not; it leaves so many hours from now."""
        leaves = self.airline.clock() + hours * HOUR
        self.airline.submit(WithdrawDeparture(self.flight, leaves, leaves + 2 * HOUR, "crew"))
        version: int = self.airline.last(self.flight).version
        return version - 1

    async def follow(self, *versions: int, flight: str | None = None) -> None:
        """What the worker does for these events of a flight."""
        await self.runs.to_the_end()
        for version in versions:
            await self.follower.follow(flight or self.flight, version)
        assert self.reports == []

    def statuses(self) -> list[CouponStatus]:
        return [each.status for each in self.airline.booking(self.booking).coupons]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_a_flight_that_leaves_again_at_once_closes_its_bookings(
    order: tuple[int, ...],
) -> None:
    case = Following()
    events = [case.depart()]
    withdrawn = case.withdraw()
    events += [withdrawn, withdrawn + 1]
    case.airline.wait(hours=1)
    events.append(case.depart())
    await case.follow(*(events[each] for each in order))
    assert case.statuses() == [C.FLOWN, C.OPEN, C.MISSED, C.MISSED]
    rules = [each.rule for each in invariants.entries_of(case.airline.log)]
    assert rules.count("no_show") - rules.count("departure_withdrawn") == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_flight_that_is_cancelled_after_all_is_answered_by_its_no_shows_too(
    order: tuple[int, ...],
) -> None:
    case = Following()
    events = [case.depart()]
    if order[0] == 0:
        await case.follow(events[0])
    events.append(case.withdraw())
    case.airline.submit(CancelFlight(case.flight, "technical"))
    events.append(case.airline.last(case.flight).version)
    await case.follow(*(events[each] for each in order))
    assert case.statuses() == [C.LIFTED, C.OPEN, C.CHECKED_IN, C.OPEN]
    asked = {each.segment: each.kind for each in case.airline.booking(case.booking).disruptions}
    assert asked[0] == "cancelled"


async def test_a_booking_that_was_not_closed_yet_has_nothing_to_reopen() -> None:
    case = Following()
    before = case.airline.booking(case.booking)
    departed = case.depart()
    withdrawn = case.withdraw()
    await case.follow(withdrawn, departed, departed, withdrawn)
    assert case.airline.booking(case.booking) == before


async def test_other_times_than_before_are_announced_to_passengers_who_are_not_on_board() -> None:
    case = Following()
    await case.follow(case.depart())
    withdrawn = case.withdraw(hours=3)
    await case.follow(withdrawn + 1)
    (asked, *_) = case.airline.booking(case.booking).disruptions
    assert (asked.segment, asked.kind, asked.material) == (0, "rescheduled", True)
    assert [each.topic for each in case.airline.log.outbox].count("mail.disruption") == 1


@pytest.mark.parametrize("change", ["cancelled", "moved", "reinstated"])
async def test_what_happened_to_their_later_flight_meanwhile_is_announced_to_no_shows(
    change: str,
) -> None:
    case = Following("ADT")
    airline = case.airline
    await case.follow(case.depart())
    flight = airline.flight(case.later)
    if change == "moved":
        airline.submit(
            RescheduleFlight(
                case.later, flight.departs_at + 5 * HOUR, flight.arrives_at + 5 * HOUR, "crew"
            )
        )
    else:
        airline.submit(CancelFlight(case.later, "technical"))
    if change == "reinstated":
        airline.submit(ReinstateFlight(case.later, "technical"))
    versions = range(1, airline.last(case.later).version + 1)
    await case.follow(
        *(each for each in versions if (case.later, each) in case.runs.tasks.known),
        flight=case.later,
    )
    assert airline.booking(case.booking).disruptions == ()
    await case.follow(case.withdraw())
    (asked,) = [d for d in airline.booking(case.booking).disruptions if d.segment == 1]
    assert (asked.kind, asked.material) == (
        "cancelled" if change == "cancelled" else "rescheduled",
        True,
    )
