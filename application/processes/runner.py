"""Runs processes over the log: for each event its commands, then the checkpoint.

A command that was carried out before is a replay, so a run that ended between command and
checkpoint repeats itself harmlessly. A refusal or a bug is told to `report`: the
booking then stays paid, and a
timer calls `confirm_again`.
"""

import asyncio
from collections.abc import Callable

from application import ports, steps, streams
from application.desk import Desk
from application.processes import confirm_when_paid
from domain.kernel import ids

READ_LIMIT = 1_000
ACTOR = "system"


class ProcessRunner:
    """Reads the log from a position on and submits what follows from each event."""

    def __init__(
        self,
        *,
        log: ports.EventLog,
        desk: Desk,
        stock: ports.TicketStock,
        airline_code: str,
        report: Callable[[str, Exception], None],
    ) -> None:
        self._log = log
        self._desk = desk
        self._stock = stock
        self._airline_code = airline_code
        self._report = report

    async def run_from(self, position: int) -> int:
        """Work off what the log holds after the position, READ_LIMIT events at most.

        Returns the position up to which everything is done; raises Unavailable.
        """
        done = position
        paid: list[ports.RecordedEvent] = []
        async for recorded in self._log.read_log(after=position, limit=READ_LIMIT):
            if confirm_when_paid.concerns(recorded):
                paid.append(recorded)
            done = recorded.position
        # Together, so that the dispatcher makes one append of many confirmations.
        await asyncio.gather(*(self._confirm(recorded) for recorded in paid))
        return done

    async def confirm_again(self, booking_stream: str) -> None:
        """Confirm a booking whose confirmation failed when it was paid; confirmed is harmless."""
        for recorded in await self._desk.history(booking_stream):
            if confirm_when_paid.concerns(recorded):
                await self._confirm(recorded)

    async def _confirm(self, recorded: ports.RecordedEvent) -> None:
        found = await self._desk.current(streams.BOOKING, recorded.stream)
        booking = found[0]
        assert booking is not None, "the log holds its payment"
        serials = await self._stock.draw(len(booking.passengers))
        command = confirm_when_paid.command(
            recorded, airline_code=self._airline_code, ticket_serials=tuple(serials)
        )
        cause = steps.Cause(
            id=ids.event_id(recorded.stream, recorded.version),
            actor=ACTOR,
            correlation_id=recorded.correlation_id,
        )
        try:
            await self._desk.submit(steps.order(cause, confirm_when_paid.NAME, command))
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one booking's trouble must not stop the others
            self._report(recorded.stream, error)
