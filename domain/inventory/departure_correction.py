"""The correction of a departure that was recorded by mistake, within its accounting day."""

import datetime as dt

from domain.inventory import operations, rejections
from domain.inventory.events import DepartureWithdrawn, FlightEvent
from domain.inventory.state import Flight, FlightStatus
from domain.kernel import entries, sealed

# Policy: so long after the accounting day of a departure it is final, and what it made the airline
# owe to no-shows is refunded: a withdrawal of the last minute is followed up by then.
FINAL_AFTER = dt.timedelta(hours=1)


def withdraw(
    flight: Flight,
    *,
    departs_at: dt.datetime,
    arrives_at: dt.datetime,
    reason: str,
    material: dt.timedelta,
    now: dt.datetime,
    note: sealed.Sealed | None = None,
) -> list[FlightEvent]:
    """Withdraw the departure; the flight leaves at these times, as `operations.reschedule` asks.

    A repeat records nothing. Rejects FlightNotDeparted, FlightOver (cancelled), DepartureFinal and
    InvalidSchedule.
    """
    if _is_withdrawn(flight) and (departs_at, arrives_at) == (flight.departs_at, flight.arrives_at):
        return []
    if flight.status is FlightStatus.CANCELLED:
        raise rejections.FlightOver(status=flight.status)
    if flight.status is not FlightStatus.DEPARTED or flight.departed_at is None:
        raise rejections.FlightNotDeparted(status=flight.status)
    departed_on = entries.accounting_day(flight.departed_at)
    if entries.accounting_day(now) != departed_on:
        raise rejections.DepartureFinal(
            reason="accounting_day_over", departed_on=departed_on.isoformat()
        )
    operations.require_times(departs_at, arrives_at, now=now)
    withdrawn = DepartureWithdrawn(departed_at=flight.departed_at, reason=reason, note=note)
    moved = operations.reschedule(
        operations.evolve(flight, withdrawn),
        departs_at=departs_at,
        arrives_at=arrives_at,
        reason=reason,
        material=material,
        now=now,
        note=note,
    )
    return [withdrawn, *moved]


def _is_withdrawn(flight: Flight) -> bool:
    """Whether a departure of the flight was withdrawn, and it has not left since."""
    withdrawn = any(each.kind == DepartureWithdrawn.tag for each in flight.changes)
    return withdrawn and flight.status is FlightStatus.SCHEDULED


def last_final_day(now: dt.datetime) -> dt.date:
    """The last accounting day whose departures can no longer be withdrawn."""
    return entries.accounting_day(now - FINAL_AFTER) - dt.timedelta(days=1)


def is_final(departed_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Whether a departure at this instant can no longer be withdrawn."""
    return entries.accounting_day(departed_at) <= last_final_day(now)
