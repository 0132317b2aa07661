"""Assess the claim of a booking for a flight that was cancelled, left late or refused to board it.

It waits for no departure to be final: a timer assesses again then, and offers what is owed.
"""

import datetime as dt

from application.commands import stream_kinds
from application.compensation.assess_claim import assessment_of
from application.compensation.impacts import denies_boarding
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.booking.check_in_events import DepartureWithdrawn
from domain.booking.events import (
    BookingCancelled,
    CouponsCancelled,
    CouponsFlown,
    DisruptionOffered,
    ModificationCompleted,
)
from domain.compensation.regimes import LEAST_DELAY
from domain.kernel.events import DomainEvent

NAME = "assess_claim_when_disrupted"


async def assess(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Bring the claims for the flights of the event up to date."""
    for flight_id in await _flights(recorded, context):
        command = await assessment_of(
            context.bus, context.airports, context.clock, recorded.stream, flight_id
        )
        if command is not None:
            await context.submit(recorded, f"{NAME}:{flight_id}", command)


async def _flights(recorded: RecordedEvent, context: ProcessContext) -> list[str]:
    """Return the flights for which something may be owed, or is owed no more."""
    booking = await context.booking(recorded.stream)
    match recorded.event:
        case ModificationCompleted(modification=modification):
            history = (await context.bus.history(recorded.stream))[: recorded.version - 1]
            before = stream_kinds.state_after(stream_kinds.BOOKING, history)
            return [before.segments[modification.segment].flight]
        case CouponsFlown(segment=segment, departed_at=departed_at):
            flight_id = booking.segments[segment].flight
            return [flight_id] if await _is_late(flight_id, departed_at, context) else []
        case DisruptionOffered(segment=segment) | DepartureWithdrawn(segment=segment):
            return [booking.segments[segment].flight]
        case BookingCancelled(coupons=coupons) | CouponsCancelled(coupons=coupons):
            return sorted({booking.segments[each.segment].flight for each in coupons})
        case other:
            raise AssertionError(f"{other.tag} starts no assessment")


async def _is_late(
    flight_id: str, departed_at: dt.datetime | None, context: ProcessContext
) -> bool:
    """Whether the flight left so late that any regime gives something: most leave in time, and
    their histories are not read.
    """
    flight = await context.flight(flight_id)
    first = flight.scheduled_departs_at or flight.departs_at
    return departed_at is not None and departed_at - first >= LEAST_DELAY


def _is_wanted(event: DomainEvent) -> bool:
    match event:
        case BookingCancelled() | CouponsCancelled() | ModificationCompleted():
            return denies_boarding(event)
        case _:
            return True


PROCESS = Process(
    name=NAME,
    starts_on=(
        DisruptionOffered,
        CouponsFlown,
        DepartureWithdrawn,
        BookingCancelled,
        CouponsCancelled,
        ModificationCompleted,
    ),
    run=assess,
    wanted=_is_wanted,
)
