"""An airline in memory: real commands on a log without a database, and the bus of its processes.

Rule: every history comes about by commands; no event is written by hand.
"""

import datetime as dt
import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from application import ports
from application.booking import journey
from application.booking.cancel_booking import (
    CancelBooking,
    CancellationQuote,
    Part,
    cancellation_quote,
)
from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking, Mode
from application.booking.modify_booking import ModifyBooking
from application.booking.quote_modification import (
    ModificationQuote,
    modification_quote,
    neighbours_of,
)
from application.commands.command import CommandEnvelope, Outcome
from application.inventory.schedule_flight import ScheduleFlight
from application.payment.record_capture import RecordCapture
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import WantedSegment
from application.processes.runner import ProcessRunner
from application.queries import FlightTask
from domain.booking.state import Booking
from domain.booking.values import Passenger
from domain.inventory.events import CabinLayout, CapacityMove, FareClass, FlightScheduled
from domain.inventory.state import Flight
from domain.kernel import ids, money, sealed
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support import memory_log
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
AIRLINE = "065"


class Airline:
    """One process on one log, and travellers who do what they are told."""

    def __init__(self) -> None:
        self.clock = Clock(START)
        self.log = MemoryLog(self.clock)
        self._numbers = itertools.count(1)
        self._draws = itertools.count(1)
        self._serials = itertools.count(5_000)
        self.process = MemoryProcess(self.log, clock=self.clock, random_bytes=self._draw)

    def _draw(self, count: int) -> bytes:
        return (next(self._draws) * 2_654_435_761 % 2**32).to_bytes(4, "big") * (count // 4)

    def submit(self, command: Any) -> Outcome:
        """One command of somebody outside."""
        return self.process.submit(memory_log.envelope(command, next(self._numbers)))

    def schedule(
        self,
        number: str,
        *,
        seats: int = 9,
        fare: int = 50_000,
        currency: str = "SAR",
        domestic: bool = True,
        in_days: float = 10,
        departs_at: dt.datetime | None = None,
    ) -> str:
        """A flight of one cabin, leaving then or in so many days; its stream."""
        departs_at = departs_at or START + dt.timedelta(days=in_days)
        stream = ids.flight_stream(number, departs_at.date().isoformat())
        scheduled = FlightScheduled(
            number=number,
            origin="RUH",
            destination="JED",
            origin_zone="Asia/Riyadh",
            destination_zone="Asia/Riyadh",
            departs_at=departs_at,
            arrives_at=departs_at + dt.timedelta(hours=2),
            domestic=domestic,
            fares=(FareClass("Y", "Y", money.Money(fare, currency)),),
            moves=(CapacityMove("Y", authorised=seats),),
            layouts=(CabinLayout("Y", seats, 10, "ABCDEF"),),
        )
        self.submit(ScheduleFlight(flight_id=stream, scheduled=scheduled))
        return stream

    def book(
        self,
        flights: str | tuple[str, ...],
        *party: PassengerType,
        mode: Mode = "hold",
        extras: tuple[ExtraChoice, ...] = (),
    ) -> str:
        """A booking of one adult or this party on one or several flights; its stream."""
        kinds = party or ("ADT",)
        names = (flights,) if isinstance(flights, str) else flights
        command = CreateBooking(
            owner="user-1",
            wanted=tuple(WantedSegment(each, "Y") for each in names),
            passengers=tuple(Passenger(kind, sealed.Sealed("p", b"\x00")) for kind in kinds),
            contact=sealed.Sealed("c", b"\x00"),
            keys=(),
            extras=extras,
            mode=mode,
        )
        return self.submit(command).answer.stream

    def pay(self, booking: str) -> str:
        """What is due now; the payment."""
        answer = self.submit(StartCheckout(booking_id=booking)).answer
        self.submit(
            RecordCapture(
                payment_id=answer.stream,
                booking_id=booking,
                attempt=answer.ids["attempt"],
                intent=f"pi_{answer.stream}",
                charge=f"ch_{answer.stream}",
                amount=self.booking(booking).amount_due(),
            )
        )
        return answer.stream

    def ticketed(
        self,
        flights: str | tuple[str, ...],
        *party: PassengerType,
        extras: tuple[ExtraChoice, ...] = (),
    ) -> str:
        """Booked, paid and confirmed; its stream."""
        booking = self.book(flights, *party, extras=extras)
        self.pay(booking)
        self.confirm(booking)
        return booking

    def confirm(self, booking: str) -> None:
        """Tickets for what was paid."""
        state = self.booking(booking)
        count = len(state.passengers) + len(state.extras)
        serials = tuple(next(self._serials) for _ in range(count))
        self.submit(ConfirmBooking(booking, AIRLINE, serials))

    def cancel(self, booking: str, part: Part | None = None) -> CancellationQuote:
        """Give it up, or a part, at its terms; those terms."""
        quote = self.quote_cancellation(booking, part)
        self.submit(CancelBooking(quote=quote, reason="requested"))
        return quote

    def quote_cancellation(self, booking: str, part: Part | None = None) -> CancellationQuote:
        """What giving it up, or a part, costs now."""
        state = self.booking(booking)
        return cancellation_quote(
            booking,
            state,
            tuple(journey.facts_of(self.flight(each.flight)) for each in state.segments),
            part=part or Part(),
            at_gate=False,
            waiver=None,
            now=self.clock(),
        )

    def modify(self, booking: str, to: str) -> None:
        """Accept what a change of the first flight costs."""
        quote = self.quote_change(booking, to)
        serials = tuple(range(900, 900 + len(self.booking(booking).passengers)))
        self.submit(ModifyBooking(quote=quote, airline_code=AIRLINE, serials=serials))

    def quote_change(self, booking: str, to: str) -> ModificationQuote:
        """What another first flight costs now."""
        state = self.booking(booking)
        old = self.flight(state.segments[0].flight)
        return modification_quote(
            booking,
            state,
            old,
            self.flight(to),
            segment=0,
            to=WantedSegment(to, "Y"),
            neighbours=neighbours_of(state, 0, (old,)),
            reason="requested",
            now=self.clock(),
        )

    def booking(self, stream: str) -> Booking:
        """As the log has it now."""
        state: Booking = self.log.state(stream)
        return state

    def flight(self, stream: str) -> Flight:
        """As the log has it now."""
        state: Flight = self.log.state(stream)
        return state

    def last(self, stream: str) -> ports.RecordedEvent:
        """The newest event of a stream."""
        return self.log.streams[stream][-1]

    def tags(self, stream: str) -> list[str]:
        """What happened to a stream."""
        return [recorded.event.tag for recorded in self.log.streams[stream]]


class MemoryBus:
    """`CommandBus`, `EventLog.read_log` and `TicketStock` on the log of an airline.

    `submitted` are the commands of processes; one that names a stream in `broken` meets a bug,
    one in `unavailable` no database.
    """

    def __init__(self, airline: Airline) -> None:
        self._airline = airline
        self.submitted: list[CommandEnvelope] = []
        self.broken: set[str] = set()
        self.unavailable: set[str] = set()
        self._serials = itertools.count(1)

    async def submit(self, envelope: CommandEnvelope) -> Outcome:
        """Carry it out, unless it names what is broken."""
        self.submitted.append(envelope)
        if self.broken.intersection(envelope.command.streams):
            raise RuntimeError("a bug")
        if self.unavailable.intersection(envelope.command.streams):
            raise ports.Unavailable("database")
        return self._airline.process.submit(envelope)

    async def current(self, kind: Any, stream: str) -> tuple[Any, int]:
        """From the log."""
        assert stream.startswith(kind.prefix)
        return self._airline.log.state(stream), self._airline.log.version(stream)

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All of a stream."""
        return list(self._airline.log.streams.get(stream, ()))

    async def read_log(self, *, after: int, limit: int) -> AsyncIterator[ports.RecordedEvent]:
        """As the log stands now."""
        for recorded in self._airline.log.events[after : after + limit]:
            yield recorded

    async def draw(self, count: int) -> list[int]:
        """Fresh numbers."""
        return [next(self._serials) for _ in range(count)]


class MemoryTasks:
    """`FlightTasks` by flight and version."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], FlightTask] = {}

    async def open(self, flight: str, version: int, kind: str) -> None:
        """Once each."""
        fresh = FlightTask(flight, version, kind, total=0, done=0, failed=0, finished=False)
        self.known.setdefault((flight, version), fresh)

    async def progress(
        self, flight: str, version: int, *, total: int, done: int, failed: int, finished: bool
    ) -> None:
        """Keep it."""
        self.known[flight, version] = msgspec.structs.replace(
            self.known[flight, version], total=total, done=done, failed=failed, finished=finished
        )

    async def of(self, flight: str) -> list[FlightTask]:
        """In the order of versions."""
        return [task for (name, _), task in sorted(self.known.items()) if name == flight]


class Runs:
    """A runner over an airline, and what it reported and asked for."""

    def __init__(self, airline: Airline) -> None:
        self.airline = airline
        self.bus = MemoryBus(airline)
        self.tasks = MemoryTasks()
        self.reports: list[tuple[str, Exception]] = []
        self.runner = ProcessRunner(
            log=self.bus,  # type: ignore[arg-type]  # a runner only reads the log
            bus=self.bus,
            stock=self.bus,
            tasks=self.tasks,
            airline_code=AIRLINE,
            report=lambda stream, error: self.reports.append((stream, error)),
        )

    async def to_the_end(self, position: int = 0) -> int:
        """Until nothing follows any more; the position."""
        while True:
            done = await self.runner.run_from(position)
            if done == position:
                return done
            position = done

    def commands(self) -> list[Any]:
        """What was asked for, in order; asks anew from here on."""
        commands = [envelope.command for envelope in self.bus.submitted]
        self.bus.submitted.clear()
        return commands
