"""Follow up a flight's change for every booking on it, in chunks, with progress.

The process only opens a flight task; the worker then calls `FlightFollower.follow`. The id of each
booking's command comes from the flight's event, so a run that was interrupted may begin again and
two runs at once do nothing twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from application import ports
from application.booking.choose_seats import ReviewSeats
from application.booking.close_flight import CloseFlight
from application.booking.offer_disruption import OfferDisruption
from application.booking.release_hold import HoldReleaser
from application.booking.reopen_flight import ReopenFlight
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command
from application.payment import gateway
from application.ports import RecordedEvent
from application.processes.flight_tasks import FlightTasks
from application.processes.process import Process, ProcessContext, cause_of
from domain.booking import states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.booking.values import NewTimes
from domain.inventory.events import (
    DepartureWithdrawn,
    EquipmentChanged,
    FlightCancelled,
    FlightDeparted,
    FlightReinstated,
    FlightRescheduled,
    SeatsDivided,
)
from domain.inventory.state import Flight, FlightStatus
from domain.kernel.fold import fold
from domain.payment.rejections import AttemptPending

NAME = "follow_flight_when_changed"
CHUNK_SIZE = 32


class FollowFlight(ports.BackgroundTask, frozen=True):
    """Follow up the event of this version for every booking on the flight."""

    topic: ClassVar[str] = "follow_flight"

    flight_id: str
    version: int


async def open_task(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Open the flight task of the event."""
    await context.flight_tasks.open(recorded.stream, recorded.version, recorded.event.tag)


PROCESS = Process(
    name=NAME,
    starts_on=(
        FlightCancelled,
        FlightReinstated,
        FlightRescheduled,
        EquipmentChanged,
        FlightDeparted,
        DepartureWithdrawn,
    ),
    run=open_task,
)


class FlightFollower:
    """Calls `report` for each booking that failed; it is tried again."""

    def __init__(
        self,
        *,
        bus: CommandBus,
        releaser: HoldReleaser,
        tasks: FlightTasks,
        report: Callable[[str, Exception], None],
    ) -> None:
        self._bus = bus
        self._releaser = releaser
        self._tasks = tasks
        self._report = report
        self._stopping = False

    def stop(self) -> None:
        """Begin no further chunk; the process that claims the task next continues."""
        self._stopping = True

    async def follow(self, flight_id: str, version: int) -> None:
        """Follow up the event of this version; raises Unavailable and may then be called again.

        The event concerns the bookings that were on the flight when it happened, and those divided
        off them since: later ones booked the flight as it was then.
        """
        history = await self._bus.history(flight_id)
        recorded = history[version - 1]
        before = times_before(history, version)
        withdrawn = withdrawn_departures(history[: version - 1])
        found: list[str] = []
        if not is_superseded(recorded, _folded(history)):
            found = with_divided_off(bookings(_folded(history[:version])), history[version:])
        done = failed = 0
        for start in range(0, len(found), CHUNK_SIZE):
            if self._stopping:
                return
            chunk = found[start : start + CHUNK_SIZE]
            succeeded = await asyncio.gather(
                *(
                    self._follow_booking(recorded, booking_id, before, withdrawn)
                    for booking_id in chunk
                )
            )
            done += sum(succeeded)
            failed += len(chunk) - sum(succeeded)
            await self._tasks.progress(
                flight_id, version, total=len(found), done=done, failed=failed, finished=False
            )
        await self._tasks.progress(
            flight_id, version, total=len(found), done=done, failed=failed, finished=failed == 0
        )

    async def _follow_booking(
        self,
        recorded: RecordedEvent,
        booking_id: str,
        before: NewTimes | None,
        withdrawn: Sequence[RecordedEvent],
    ) -> bool:
        """Return False when the booking has to be tried again.

        A departure that was withdrawn before the event is taken back first: the event concerns
        the passengers whom the departure made no-shows.
        """
        for each in withdrawn:
            if not await self._follow_one(each, booking_id, None):
                return False
        return await self._follow_one(recorded, booking_id, before)

    async def _follow_one(
        self, recorded: RecordedEvent, booking_id: str, before: NewTimes | None
    ) -> bool:
        """Follow up one event for one booking; False when that has to be tried again."""
        cause = cause_of(recorded)
        try:
            booking = (await self._bus.current(stream_kinds.BOOKING, booking_id))[0]
            assert booking is not None, "only bookings have seats or are on a waitlist"
            if isinstance(recorded.event, FlightCancelled):
                await self._end_session(recorded.stream, booking_id, booking, cause)
            if must_wait(recorded, booking):
                return False
            step = f"{NAME}:{booking_id}"
            following = command(recorded, booking_id, before=before)
            outcome = await self._bus.submit(follow_up.envelope(cause, step, following))
            if isinstance(recorded.event, DepartureWithdrawn):
                later = outcome.answer.ids.values()
                await self._follow_later_flights(recorded, booking_id, sorted(later))
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one booking's failure must not stop the others
            self._report(booking_id, error)
            return False
        return True

    async def _follow_later_flights(
        self, recorded: RecordedEvent, booking_id: str, flight_ids: Sequence[str]
    ) -> None:
        """Follow up what happened to these flights while passengers had lost them by mistake."""
        departed = last_departure(await self._bus.history(recorded.stream), recorded.version)
        cause = cause_of(recorded)
        for flight_id in flight_ids:
            history = await self._bus.history(flight_id)
            flight = _folded(history)
            for each in history:
                if each.position < departed or not is_announced(each, flight):
                    continue
                before = times_before(history, each.version)
                following = command(each, booking_id, before=before)
                step = f"{NAME}:{booking_id}:{flight_id}:{each.version}"
                await self._bus.submit(follow_up.envelope(cause, step, following))

    async def _end_session(
        self, flight_id: str, booking_id: str, booking: Booking, cause: follow_up.Cause
    ) -> None:
        """Expire the checkout session of a cancelled flight; money that still comes is parked."""
        moving = is_moving_to(flight_id, booking) and not booking.modification_paid
        if booking.status not in states.UNPAID and not moving:
            return
        try:
            await self._releaser.end_live_session(booking_id, booking, cause=cause)
        except (gateway.GatewayFailure, AttemptPending) as error:
            self._report(booking_id, error)


def bookings(flight: Flight) -> list[str]:
    """Return all bookings with seats on the flight or on its waitlist, in a fixed order."""
    seated = {booking_id for booking_id, _ in flight.allocations.items()}
    return sorted(seated | {waiting.booking for waiting in flight.waitlist})


def with_divided_off(found: Sequence[str], later: Sequence[RecordedEvent]) -> list[str]:
    """Return the bookings, and those that passengers of them have left for since, in order."""
    known = dict.fromkeys(found)
    for recorded in later:
        event = recorded.event
        if isinstance(event, SeatsDivided) and event.booking in known:
            known[event.into] = None
    return list(known)


def is_superseded(recorded: RecordedEvent, flight: Flight) -> bool:
    """Return whether the event no longer matters to any booking.

    So it is with other times or another aircraft of a flight that has been cancelled or has
    departed since, and with the cancellation of one that has been reinstated: that later event is
    followed up by itself.
    """
    if isinstance(recorded.event, FlightCancelled):
        return flight.status is not FlightStatus.CANCELLED
    announced = isinstance(recorded.event, FlightReinstated | FlightRescheduled | EquipmentChanged)
    return announced and flight.status is not FlightStatus.SCHEDULED


def is_announced(recorded: RecordedEvent, flight: Flight) -> bool:
    """Return whether passengers are told of the event of their flight, and it still matters."""
    changed = FlightCancelled | FlightReinstated | FlightRescheduled | EquipmentChanged
    return isinstance(recorded.event, changed) and not is_superseded(recorded, flight)


def withdrawn_departures(history: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """Return the withdrawals of departures, in order."""
    return [each for each in history if isinstance(each.event, DepartureWithdrawn)]


def last_departure(history: Sequence[RecordedEvent], version: int) -> int:
    """Return the position of the last departure before the event of this version."""
    departed = [each for each in history[: version - 1] if isinstance(each.event, FlightDeparted)]
    return departed[-1].position


def is_moving_to(flight_id: str, booking: Booking) -> bool:
    """Return whether an accepted modification will put the booking on the flight."""
    return booking.modification is not None and booking.modification.to.flight == flight_id


def must_wait(recorded: RecordedEvent, booking: Booking) -> bool:
    """Return whether the event concerns the booking only after another step has finished.

    The booking is about to get its tickets, or its seats on this flight, or it is on a flight that
    has departed, or has not after all, and about to be modified. A booking paid for a cancelled
    flight is cancelled at once.
    """
    if is_moving_to(recorded.stream, booking):
        return True
    closes = isinstance(recorded.event, FlightDeparted | DepartureWithdrawn)
    if closes and booking.awaits_change:
        return True
    ticketing = booking.status is Status.PAID and not booking.obligations
    return ticketing and not isinstance(recorded.event, FlightCancelled)


def times_before(history: Sequence[RecordedEvent], version: int) -> NewTimes | None:
    """Return the times of the flight before the event of this version; None for its first."""
    if version == 1:
        return None
    flight = _folded(history[: version - 1])
    return NewTimes(flight.departs_at, flight.arrives_at)


def command(recorded: RecordedEvent, booking_id: str, *, before: NewTimes | None = None) -> Command:
    """Return the command that follows from the event for one booking; `before` are the times that
    the flight had.
    """
    flight_id = recorded.stream
    match recorded.event:
        case FlightCancelled(reason=reason):
            return OfferDisruption(booking_id, flight_id, "cancelled", reason, material=True)
        case FlightRescheduled(departs_at, arrives_at, reason, material):
            times = NewTimes(departs_at, arrives_at)
            return OfferDisruption(
                booking_id, flight_id, "rescheduled", reason, material, times, before
            )
        case FlightReinstated(reason, departs_at, arrives_at):
            # Whoever was told that it is cancelled may stay with it, move or be refunded.
            times = NewTimes(departs_at, arrives_at)
            return OfferDisruption(booking_id, flight_id, "rescheduled", reason, True, times)
        case EquipmentChanged(reason=reason):
            return ReviewSeats(booking_id, flight_id, reason)
        case FlightDeparted():
            return CloseFlight(booking_id, flight_id)
        case DepartureWithdrawn(departed_at, reason):
            return ReopenFlight(booking_id, flight_id, departed_at, reason)
        case other:
            raise AssertionError(f"{other.tag} starts no follow-up")


def _folded(history: Sequence[RecordedEvent]) -> Flight:
    flight: Flight | None = None
    flight = fold(stream_kinds.FLIGHT.evolve, flight, (recorded.event for recorded in history))
    assert flight is not None
    return flight
