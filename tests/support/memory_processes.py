"""What runs processes without waiting: bus, stock and tasks on the log of an airline in memory."""

import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, Protocol

import msgspec

from application import ports
from application.commands.command import CommandEnvelope, Outcome
from application.invoicing.ports import IssuingPorts
from application.processes.immediate_steps import ImmediateSteps
from application.processes.runner import ProcessRunner
from application.queries import FlightTask
from infrastructure.airports.world import load_airports
from tests.support.airline import AIRLINE
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess


class Running(Protocol):
    """What processes follow: a log, and the process that carries their commands out."""

    log: MemoryLog
    process: MemoryProcess
    clock: Clock


class MemoryStock:
    """Serials from `first` on; `take` gives none while it is `empty`."""

    def __init__(self, *, first: int = 1) -> None:
        self.empty = False
        self._serials = itertools.count(first)
        self._taken: dict[str, tuple[int, ...]] = {}

    def fresh(self, count: int) -> list[int]:
        """Those that follow."""
        return [next(self._serials) for _ in range(count)]

    async def draw(self, count: int) -> list[int]:
        """See the port."""
        return self.fresh(count)

    def take(self, count: int, *, key: str) -> tuple[int, ...] | None:
        """See the port."""
        if self.empty:
            return None
        if len(self._taken.get(key, ())) != count:
            self._taken[key] = tuple(self.fresh(count))
        return self._taken[key]


class MemoryBus:
    """`CommandBus` and `EventLog.read_log` on the log of an airline, and a stock of tickets.

    `submitted` are the commands of processes; one that names a stream in `broken` meets a bug,
    one in `unavailable` no database.
    """

    def __init__(self, airline: Running, *, stock: MemoryStock | None = None) -> None:
        self._airline = airline
        self.submitted: list[CommandEnvelope] = []
        self.broken: set[str] = set()
        self.unavailable: set[str] = set()
        self.stock = stock or MemoryStock()

    async def submit(self, envelope: CommandEnvelope) -> Outcome:
        """Carry it out, unless it names what is broken."""
        self.submitted.append(envelope)
        if self.broken.intersection(envelope.command.streams):
            raise RuntimeError("a bug")
        if self.unavailable.intersection(envelope.command.streams):
            raise ports.Unavailable("database")
        return self._airline.process.submit(envelope)

    async def stored_answer(
        self, command_id: uuid.UUID, _fingerprint: bytes
    ) -> ports.Answer | None:
        """From the log."""
        known = self._airline.log.commands.get(command_id)
        return None if known is None else known.answer

    async def current(self, kind: Any, stream: str) -> tuple[Any, int]:
        """From the log."""
        assert stream.startswith(kind.prefix)
        return self._airline.log.state(stream), self._airline.log.version(stream)

    async def current_all(self, kind: Any, streams: Collection[str]) -> dict[str, tuple[Any, int]]:
        """Each from the log."""
        return {stream: await self.current(kind, stream) for stream in streams}

    def remembered(self, kind: Any, stream: str) -> Any:
        """From the log."""
        assert stream.startswith(kind.prefix)
        return self._airline.log.state(stream)

    async def history(self, stream: str) -> list[ports.RecordedEvent]:
        """All of a stream."""
        return list(self._airline.log.streams.get(stream, ()))

    async def read_log(self, *, after: int, limit: int) -> AsyncIterator[ports.RecordedEvent]:
        """As the log stands now."""
        for recorded in self._airline.log.events[after : after + limit]:
            yield recorded


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


class ProcessRuns:
    """A runner over an airline, and what it reported and asked for."""

    def __init__(
        self,
        airline: Running,
        *,
        stock: MemoryStock | None = None,
        issuing: Callable[[MemoryBus], IssuingPorts] | None = None,
    ) -> None:
        self.airline = airline
        self.bus = MemoryBus(airline, stock=stock)
        self.tasks = MemoryTasks()
        self.reports: list[tuple[str, Exception]] = []
        self.runner = ProcessRunner(
            log=self.bus,  # type: ignore[arg-type]  # a runner only reads the log
            bus=self.bus,
            stock=self.bus.stock,
            tasks=self.tasks,
            airports=load_airports(),
            airline_code=AIRLINE,
            clock=airline.clock,
            report=lambda stream, error: self.reports.append((stream, error)),
            invoicing=None if issuing is None else issuing(self.bus),
        )

    def decide_with_causes(self, *, wanted: bool = True) -> None:
        """Let what follows be decided in the append of its cause, or not any more."""
        steps = ImmediateSteps(self.bus.stock, airline_code=AIRLINE)
        self.airline.process.follow_ups = steps if wanted else None

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
