"""Words of operations about a flight are sealed; passengers are told a reason by its code."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from application.booking import letter_reasons
from application.booking.offer_disruption import OfferDisruption
from application.inventory.cabin_plan import PlannedCabin
from application.inventory.cancel_flight import cancel_flight
from application.inventory.change_equipment import change_equipment
from application.inventory.operated_flight import OperatedFlight, read_flight
from application.inventory.ports import FlightPorts
from application.inventory.reinstate_flight import reinstate_flight
from application.inventory.reschedule_flight import reschedule_flight
from application.processes import follow_flight_when_changed as process
from domain.inventory import operations
from domain.inventory.events import FlightCancelled
from infrastructure.airports.world import load_airports
from tests.support.memory_use_cases import MemoryUseCases

WORDS = "Captain Al-Harbi is ill"
Use = Callable[["Operations", str], Awaitable[OperatedFlight]]


class Operations:
    """A flight with a ticketed booking, and the ports of those who run it."""

    def __init__(self) -> None:
        self.cases = MemoryUseCases()
        self.airline = self.cases.airline
        self.flight = self.airline.schedule(seats=9)
        absent: Any = None
        self.ports = FlightPorts(
            bus=self.cases.ports.bus,
            clock=self.airline.clock,
            vault=self.cases.vault,
            airports=load_airports(),
            tasks=_no_tasks,
            booking_statuses=absent,
            oversold_cabins=absent,
            overdue_flights=absent,
            unanswered_cancellations=absent,
            unanswered_moves=absent,
        )


async def _no_tasks(_flight: str) -> list[Any]:
    return []


async def cancel(case: Operations, reason: str) -> OperatedFlight:
    return await cancel_flight(case.ports, case.cases.caller("ops"), case.flight, reason=reason)


async def reinstate(case: Operations, reason: str) -> OperatedFlight:
    await cancel(case, "crew")
    return await reinstate_flight(case.ports, case.cases.caller("ops"), case.flight, reason=reason)


async def reschedule(case: Operations, reason: str) -> OperatedFlight:
    known = case.airline.flight(case.flight)
    later = dt.timedelta(hours=1)
    return await reschedule_flight(
        case.ports,
        case.cases.caller("ops"),
        case.flight,
        departs_at=known.departs_at + later,
        arrives_at=known.arrives_at + later,
        reason=reason,
    )


async def equip(case: Operations, reason: str) -> OperatedFlight:
    return await change_equipment(
        case.ports,
        case.cases.caller("ops"),
        case.flight,
        cabins=(PlannedCabin("Y", 6, 11, "ABCDEF"),),
        reason=reason,
    )


@pytest.mark.parametrize("use", [cancel, reinstate, reschedule, equip])
async def test_words_about_a_flight_are_sealed_and_read_by_operations(use: Use) -> None:
    case = Operations()
    operated = await use(case, WORDS)
    assert (operated.changes[-1].reason, operated.changes[-1].note) == ("operational", WORDS)
    case.cases.vault.close()
    assert (await read_flight(case.ports, case.flight)).changes == operated.changes
    assert not any(word in case.cases.stored() for word in (b"Harbi", b"ill"))
    (change,) = case.airline.flight(case.flight).changes[-1:]
    case.cases.vault.erase(change.note.subject)
    assert (await read_flight(case.ports, case.flight)).changes[-1].note is None


@pytest.mark.parametrize("use", [cancel, reinstate, reschedule, equip])
@pytest.mark.parametrize("code", operations.REASONS)
async def test_a_reason_that_is_a_code_needs_no_note(use: Use, code: str) -> None:
    operated = await use(Operations(), code)
    assert (operated.changes[-1].reason, operated.changes[-1].note) == (code, None)


async def test_what_follows_for_a_booking_has_the_code_and_not_the_words() -> None:
    case = Operations()
    booking = case.airline.ticketed(case.flight)
    await cancel(case, WORDS)
    offered = process.command(case.airline.last(case.flight), booking)
    assert isinstance(offered, OfferDisruption)
    case.airline.submit(offered)
    assert offered.reason == "operational"
    assert b"Harbi" not in case.cases.stored()


def test_every_code_has_words_in_both_languages() -> None:
    assert letter_reasons.REASONS.keys() == set(operations.REASONS)
    assert all(set(words) == {"en", "ar"} for words in letter_reasons.REASONS.values())


def test_a_reason_that_was_stored_as_a_text_is_read_as_before() -> None:
    case = Operations()
    flight = operations.evolve(case.airline.flight(case.flight), FlightCancelled("no crew"))
    assert [each.reason for each in flight.changes] == ["no crew"]
