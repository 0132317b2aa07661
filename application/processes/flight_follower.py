"""Carries a flight's change out for every booking on it, in chunks, with progress.

Each booking's command has its id from the flight's event, so that a run which was interrupted,
or two at once, do nothing twice: starting again from the beginning is always safe.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from application import ports
from application.booking.release_hold import HoldReleaser
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.payment import gateway
from application.processes import follow_flight_when_changed as process
from application.queries import FlightTask
from domain.booking import states
from domain.booking.state import Booking
from domain.inventory.events import FlightCancelled
from domain.inventory.state import Flight
from domain.kernel import ids
from domain.kernel.fold import fold

CHUNK_SIZE = 32
ACTOR = "system"


class FlightTasks(Protocol):
    """Where the follow-ups stand; survives any process."""

    async def open(self, flight: str, version: int, kind: str) -> None:
        """Begin a follow-up; again changes nothing."""
        ...

    async def progress(
        self, flight: str, version: int, *, total: int, done: int, failed: int, finished: bool
    ) -> None:
        """How far it has come."""
        ...

    async def of(self, flight: str) -> Sequence[FlightTask]:
        """All follow-ups of a flight in the order of its events."""
        ...


class FlightFollower:
    """`report` is told of bookings that could not be followed up; they are tried again."""

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
        """Begin no further chunk: whoever claims the task next goes on."""
        self._stopping = True

    async def follow(self, flight: str, version: int) -> None:
        """Work the event of this version off; raises Unavailable, and may then be called again.

        Concerned is who was on the flight when it happened: who came later has booked it as it is
        now. `failed` counts those that have to be tried again.
        """
        history = await self._bus.history(flight)
        recorded = history[version - 1]
        names: list[str] = []
        if not process.is_moot(recorded, _folded(history)):
            names = process.bookings(_folded(history[:version]))
        done = failed = 0
        for start in range(0, len(names), CHUNK_SIZE):
            if self._stopping:
                return
            chunk = names[start : start + CHUNK_SIZE]
            well = await asyncio.gather(*(self._tell(recorded, name) for name in chunk))
            done += sum(well)
            failed += len(chunk) - sum(well)
            await self._tasks.progress(
                flight, version, total=len(names), done=done, failed=failed, finished=False
            )
        await self._tasks.progress(
            flight, version, total=len(names), done=done, failed=failed, finished=failed == 0
        )

    async def _tell(self, recorded: ports.RecordedEvent, stream: str) -> bool:
        """One booking; False when it has to be tried again."""
        cause = follow_up.Cause(
            id=ids.event_id(recorded.stream, recorded.version),
            actor=ACTOR,
            correlation_id=recorded.correlation_id,
        )
        try:
            booking = (await self._bus.current(stream_kinds.BOOKING, stream))[0]
            assert booking is not None, "only bookings have seats or wait for some"
            if isinstance(recorded.event, FlightCancelled):
                await self._end_session(recorded.stream, stream, booking, cause)
            if process.must_wait(recorded, booking):
                return False
            command = process.command(recorded, stream)
            await self._bus.submit(follow_up.envelope(cause, f"{process.NAME}:{stream}", command))
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one booking's trouble must not stop the others
            self._report(stream, error)
            return False
        return True

    async def _end_session(
        self, flight: str, stream: str, booking: Booking, cause: follow_up.Cause
    ) -> None:
        """Nobody should be able to pay for a flight that does not go; late money is parked."""
        moving = process.is_moving_to(flight, booking) and not booking.modification_paid
        if booking.status not in states.UNPAID and not moving:
            return
        try:
            await self._releaser.end_live_session(stream, booking, cause=cause)
        except gateway.GatewayFailure as error:
            self._report(stream, error)


def _folded(history: Sequence[ports.RecordedEvent]) -> Flight:
    flight: Flight | None = None
    flight = fold(stream_kinds.FLIGHT.evolve, flight, (recorded.event for recorded in history))
    assert flight is not None
    return flight
