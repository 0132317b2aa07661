"""Runs processes over the log: for each event its commands, then the checkpoint.

A command that was carried out before is a replay, so a run that ended between command and
checkpoint repeats itself harmlessly. A refusal or a bug is told to `report` and stops nothing
else; the booking then stays where it was, and a timer calls `run_again` for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from application import ports
from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.processes import (
    complete_change_when_paid,
    confirm_when_paid,
    follow_flight_when_changed,
    offer_seats_when_released,
    refund_when_owed,
)
from application.processes.flight_follower import FlightTasks
from domain.booking.state import Booking
from domain.kernel import ids

READ_LIMIT = 1_000
ACTOR = "system"


class Process(msgspec.Struct, frozen=True):
    """Which events start it, and what it does about one."""

    concerns: Callable[[ports.RecordedEvent], bool]
    follow: Callable[[ports.RecordedEvent], Awaitable[None]]


class ProcessRunner:
    """Reads the log from a position on and submits what follows from each event."""

    def __init__(
        self,
        *,
        log: ports.EventLog,
        bus: CommandBus,
        stock: ports.TicketStock,
        tasks: FlightTasks,
        airline_code: str,
        report: Callable[[str, Exception], None],
    ) -> None:
        self._log = log
        self._bus = bus
        self._stock = stock
        self._tasks = tasks
        self._airline_code = airline_code
        self._report = report
        self._processes = (
            Process(confirm_when_paid.concerns, self._confirm),
            Process(complete_change_when_paid.concerns, self._complete_change),
            Process(refund_when_owed.concerns, self._refund),
            Process(follow_flight_when_changed.concerns, self._follow_flight),
        )
        self._offering = Process(offer_seats_when_released.concerns, self._offer)

    async def run_from(self, position: int) -> int:
        """Work off what the log holds after the position, READ_LIMIT events at most.

        Returns the position up to which everything is done; raises Unavailable.
        """
        done = position
        found: list[ports.RecordedEvent] = []
        queues: dict[str, ports.RecordedEvent] = {}
        async for recorded in self._log.read_log(after=position, limit=READ_LIMIT):
            if any(process.concerns(recorded) for process in self._processes):
                found.append(recorded)
            if self._offering.concerns(recorded):
                queues[recorded.stream] = recorded
            done = recorded.position
        # Together, so that the dispatcher makes one append of many commands.
        await _together(self._follow(recorded) for recorded in found)
        # Afterwards, because what followed may have released seats or taken them.
        await _together(self._safely(self._offering, recorded) for recorded in queues.values())
        return done

    async def run_again(self, booking_stream: str) -> None:
        """Everything that should have followed from a booking's events; done is harmless."""
        for recorded in await self._bus.history(booking_stream):
            await self._follow(recorded)

    async def offer_again(self, flight: str) -> None:
        """Serve the waitlist of a flight, whatever let seats come free."""
        history = await self._bus.history(flight)
        if history:
            await self._safely(self._offering, history[-1])

    async def _follow(self, recorded: ports.RecordedEvent) -> None:
        for process in self._processes:
            if process.concerns(recorded):
                await self._safely(process, recorded)

    async def _safely(self, process: Process, recorded: ports.RecordedEvent) -> None:
        """Nothing that goes wrong with one event may keep the others from being worked off."""
        try:
            await process.follow(recorded)
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one booking's trouble must not stop the others
            self._report(recorded.stream, error)

    async def _confirm(self, recorded: ports.RecordedEvent) -> None:
        booking = await self._booking(recorded.stream)
        serials = await self._stock.draw(len(booking.passengers) + len(booking.extras))
        command = confirm_when_paid.command(
            recorded, airline_code=self._airline_code, serials=tuple(serials)
        )
        await self._submit(recorded, confirm_when_paid.NAME, command)

    async def _complete_change(self, recorded: ports.RecordedEvent) -> None:
        booking = await self._booking(recorded.stream)
        serials = await self._stock.draw(len(booking.passengers))
        command = complete_change_when_paid.command(
            recorded, airline_code=self._airline_code, serials=tuple(serials)
        )
        await self._submit(recorded, complete_change_when_paid.NAME, command)

    async def _refund(self, recorded: ports.RecordedEvent) -> None:
        owed = refund_when_owed.obligation(recorded)
        assert owed is not None
        booking = await self._booking(recorded.stream)
        command = refund_when_owed.command(recorded.stream, booking, owed)
        await self._submit(recorded, refund_when_owed.NAME, command)

    async def _follow_flight(self, recorded: ports.RecordedEvent) -> None:
        await self._tasks.open(recorded.stream, recorded.version, recorded.event.tag)

    async def _offer(self, recorded: ports.RecordedEvent) -> None:
        """Serve the queue until nobody fits; each turn is a step of its own."""
        command = offer_seats_when_released.command(recorded.stream)
        for _ in range(offer_seats_when_released.OFFER_LIMIT):
            found = await self._bus.current(stream_kinds.FLIGHT, recorded.stream)
            flight, version = found
            if flight is None or not flight.waitlist:
                return
            await self._submit(recorded, f"{offer_seats_when_released.NAME}:{version}", command)
            if (await self._bus.current(stream_kinds.FLIGHT, recorded.stream))[1] == version:
                return

    async def _booking(self, stream: str) -> Booking:
        booking = (await self._bus.current(stream_kinds.BOOKING, stream))[0]
        assert booking is not None, "the log holds an event of it"
        return booking

    async def _submit(self, recorded: ports.RecordedEvent, step: str, command: Any) -> None:
        cause = follow_up.Cause(
            id=ids.event_id(recorded.stream, recorded.version),
            actor=ACTOR,
            correlation_id=recorded.correlation_id,
        )
        await self._bus.submit(follow_up.envelope(cause, step, command))


async def _together(works: Iterable[Awaitable[None]]) -> None:
    """All to their end before the first error is raised: none goes on behind a failed run."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if result is not None:
            raise result
