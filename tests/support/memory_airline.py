"""The test airline in memory: one process on one log, every command followed by all invariants."""

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

from application import ports
from application.commands.command import Command, Outcome
from domain.kernel.events import DomainEvent
from tests.support import memory_log
from tests.support.airline import START, Airline, Steps
from tests.support.invariants import Invariants
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess


class MemoryAirline(Airline):
    """Verbs return at once; `draws` are random bytes for locators, else AAAAAA, BAAAAA and on."""

    clock: Clock

    def __init__(self, *, draws: Iterable[bytes] | None = None) -> None:
        super().__init__(Clock(START))
        self.log = MemoryLog(self.clock)
        numbers = (number.to_bytes(4, "big") for number in itertools.count())
        self._draws = itertools.cycle(draws) if draws is not None else numbers
        self._envelopes = itertools.count(1)
        self._invariants = Invariants(self.log)
        self.process = self.another_process()

    def another_process(self) -> MemoryProcess:
        """A process on the same log that remembers nothing yet."""
        return MemoryProcess(
            self.log,
            clock=self.clock,
            random_bytes=lambda count: (next(self._draws) * -(-count // 4))[:count],
        )

    def submit(self, command: Command) -> Outcome:
        """Carry a command out; all invariants hold afterwards. Raises its rejection."""
        try:
            return self.process.submit(memory_log.envelope(command, next(self._envelopes)))
        finally:
            self._invariants.check()

    def carry_out(self, steps: Steps) -> Any:
        """Run the steps to their end; the result of the verb."""
        answer: Any = None
        while True:
            try:
                wanted = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = self.log.state(wanted) if isinstance(wanted, str) else self.submit(wanted)

    def added(self, command: Command) -> dict[str, list[DomainEvent]]:
        """The events that the command added, by stream, all of them in one append."""
        before = len(self.log.events)
        self.submit(command)
        added: dict[str, list[DomainEvent]] = {}
        for recorded in self.log.events[before:]:
            added.setdefault(recorded.stream, []).append(recorded.event)
        return added

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.advance(dt.timedelta(**duration))

    def last(self, stream: str) -> ports.RecordedEvent:
        """The newest event of a stream."""
        return self.log.streams[stream][-1]

    def tags(self, stream: str) -> list[str]:
        """What happened to a stream."""
        return [recorded.event.tag for recorded in self.log.streams[stream]]
