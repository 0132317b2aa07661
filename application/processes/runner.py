"""Runs the processes over the log: their actions for each event, then the checkpoint.

A command that was carried out before is a replay, so a run that ended before its checkpoint is
repeated without effect. A rejection or a bug is passed to `report` and stops no other event; a
timer calls `run_again` for the booking later.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Container, Iterable

from application import ports, telemetry
from application.commands.bus import CommandBus
from application.inventory.airports import Airports
from application.invoicing.ports import IssuingPorts
from application.processes import offer_seats_when_released
from application.processes.flight_tasks import FlightTasks
from application.processes.process import Process, ProcessContext, cause_of
from application.processes.registry import PROCESSES
from domain.kernel import ids

READ_LIMIT = 1_000
# What follows from an event is done within a second; after this time something went wrong.
EXPECTED_WITHIN = dt.timedelta(seconds=30)
_PROCESSES_BY_TYPE = {
    event_type: tuple(process for process in PROCESSES if event_type in process.starts_on)
    for event_type in {each for process in PROCESSES for each in process.starts_on}
}


class ProcessRunner:
    """Reads the log from a position and runs the processes that its events start."""

    def __init__(
        self,
        *,
        log: ports.EventLog,
        bus: CommandBus,
        stock: ports.TicketStock,
        tasks: FlightTasks,
        airports: Airports,
        airline_code: str,
        clock: ports.Clock,
        report: Callable[[str, Exception], None],
        invoicing: IssuingPorts | None = None,
    ) -> None:
        self._log = log
        self._bus = bus
        self._context = ProcessContext(
            bus=bus,
            stock=stock,
            flight_tasks=tasks,
            airports=airports,
            airline_code=airline_code,
            clock=clock,
            invoicing=invoicing,
        )
        self._report = report

    async def run_from(self, position: int) -> int:
        """Run for the events after the position, READ_LIMIT events at most.

        Returns the position up to which everything is done; raises Unavailable.
        """
        done = position
        found: list[ports.RecordedEvent] = []
        last: dict[tuple[str, str], tuple[Process, ports.RecordedEvent]] = {}
        finished: set[uuid.UUID] = set()
        async for recorded in self._log.read_log(after=position, limit=READ_LIMIT):
            finished.add(recorded.command_id)
            started = _started_by(recorded)
            if any(not process.once_per_stream for process in started):
                found.append(recorded)
            for process in started:
                if process.once_per_stream:
                    last[process.name, recorded.stream] = (process, recorded)
            done = recorded.position
        # Together, so that the dispatcher makes one append of many commands.
        await _together(self._run_all(recorded, finished) for recorded in found)
        await _together(self._run(process, recorded) for process, recorded in last.values())
        return done

    async def run_again(self, booking_id: str) -> None:
        """Run for all events of a booking again; what is done already has no effect."""
        for recorded in await self._bus.history(booking_id):
            await self._run_all(recorded)

    async def offer_again(self, flight_id: str) -> None:
        """Offer free seats of a flight to its waitlist, whatever made them free."""
        history = await self._bus.history(flight_id)
        if history:
            await self._run(offer_seats_when_released.PROCESS, history[-1])

    async def _run_all(
        self, recorded: ports.RecordedEvent, finished: Container[uuid.UUID] = ()
    ) -> None:
        """Run what the event starts and what has not been done in its own append."""
        for process in _started_by(recorded):
            if process.once_per_stream:
                continue
            if ids.step_command_id(cause_of(recorded).id, process.name) not in finished:
                await self._run(process, recorded)

    async def _run(self, process: Process, recorded: ports.RecordedEvent) -> None:
        """Report what goes wrong with one event, so that the others are processed."""
        work = telemetry.begun(recorded.correlation_id, "event")
        try:
            with telemetry.carrying(work), telemetry.span("process", process=process.name):
                await process.run(recorded, self._context)
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one event's failure must not stop the others
            self._report(recorded.stream, error)


def _started_by(recorded: ports.RecordedEvent) -> list[Process]:
    by_type = _PROCESSES_BY_TYPE.get(type(recorded.event), ())
    return [process for process in by_type if process.is_started_by(recorded.event)]


async def _together(runs: Iterable[Awaitable[None]]) -> None:
    """Wait for all to end before the first error is raised: none continues after a failed run."""
    for result in await asyncio.gather(*runs, return_exceptions=True):
        if result is not None:
            raise result
