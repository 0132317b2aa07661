"""Two airlines that carry out the same commands, and have to come to the same log.

On one every step that follows from an event is decided in its append. On the other some steps are,
and the processes that read the log do the rest, as after a crash.
"""

import asyncio
import functools
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from application import ports
from application.commands.command import CommandEnvelope, Outcome
from application.commands.follow_up import FollowUp
from application.processes.immediate_steps import STEPS, ImmediateSteps
from application.processes.offer_seats_when_released import NAME as OFFER
from domain.inventory.events import EquipmentChanged
from domain.kernel.rejections import Rejection
from infrastructure.event_store import codec
from tests.property.booking_machine.machine import AIRLINE, World
from tests.property.booking_machine.refunds import Back
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess
from tests.support.memory_processes import MemoryStock, ProcessRuns

# What processes draw is above all that the rules of the machine draw.
FIRST_SERIAL = 1_000_000
TICKET_NUMBER = re.compile(rf"{AIRLINE}000[1-9]\d{{6}}")


class EveryStep:
    """`FollowUps` with every step, but for offers of the seats of another aircraft.

    Bookings have their seats reviewed then as well, which only processes do. The two touch nothing
    of each other, but the versions of the flight tell which of them came first.
    """

    def __init__(self, steps: ImmediateSteps) -> None:
        self._steps = steps

    def after(
        self, events: Sequence[ports.NewEvent], state_of: Callable[[str], Any]
    ) -> list[FollowUp]:
        """See the port."""
        found = self._steps.after(events, state_of)
        return _of_booking(found) if _changes_equipment(events) else found


class SomeSteps:
    """`FollowUps` that leaves about half of the steps to the processes that read the log.

    That is settled before a step takes serials, which would otherwise be missing later.
    """

    tally: ClassVar[Counter[tuple[str, bool]]] = Counter()

    def __init__(self, stock: MemoryStock, pattern: int) -> None:
        self._by_process = {
            process.name: ImmediateSteps(stock, airline_code=AIRLINE, steps=[(process, step)])
            for process, step in STEPS
        }
        self._offers = ImmediateSteps(stock, airline_code=AIRLINE, steps=())
        self._pattern = pattern

    def after(
        self, events: Sequence[ports.NewEvent], state_of: Callable[[str], Any]
    ) -> list[FollowUp]:
        """See the port."""
        found = []
        for new in events:
            for process, step in STEPS:
                if isinstance(new.event, step.starts_on) and self._is_wanted(process.name, new):
                    found += _of_booking(self._by_process[process.name].after([new], state_of))
        if _changes_equipment(events):
            return found
        offers = self._offers.after(events, state_of)
        return found + [each for each in offers if self._is_wanted(OFFER, each)]

    def _is_wanted(self, name: str, cause: ports.NewEvent | FollowUp) -> bool:
        """The same whenever the batch is decided again."""
        drawn = random.Random(f"{self._pattern} {name} {cause.stream} {cause.version}")
        wanted = drawn.random() < 0.5
        SomeSteps.tally[name, wanted] += 1
        return wanted


def _changes_equipment(events: Sequence[ports.NewEvent]) -> bool:
    return any(isinstance(each.event, EquipmentChanged) for each in events)


def _of_booking(steps: Sequence[FollowUp]) -> list[FollowUp]:
    return [each for each in steps if each.step != OFFER]


class Side:
    """An airline whose processes follow its log.

    A step that could not be decided at once has taken serials in vain: tickets are compared by the
    order in which their numbers appear in the log.
    """

    def __init__(self, log: MemoryLog, process: MemoryProcess, clock: Clock) -> None:
        self.log = log
        self.process = process
        self.clock = clock
        self.stock = MemoryStock(first=FIRST_SERIAL)
        self.steps = ImmediateSteps(self.stock, airline_code=AIRLINE)
        self._runs = ProcessRuns(self, stock=self.stock)
        self._position = 0
        self._seen = 0
        self._tickets: dict[str, str] = {}

    def submit(self, process: MemoryProcess, envelope: CommandEnvelope) -> Outcome | Rejection:
        """Carry the command out through a process, and run what follows to the end."""
        (result,) = process.submit_together([envelope])
        if not isinstance(result, Outcome | Rejection):
            raise result
        self._position = _event_loop().run_until_complete(self._runs.to_the_end(self._position))
        for _, error in self._runs.reports:
            if not isinstance(error, Rejection):
                raise error
        return result

    def named(self, text: str) -> str:
        """Return the text with a name in place of each ticket number that processes drew."""
        return TICKET_NUMBER.sub(
            lambda found: self._tickets.setdefault(found[0], f"ticket {len(self._tickets)}"), text
        )

    def reports(self) -> list[tuple[str, str]]:
        """Return what the processes reported: the stream and the rejection."""
        return [(stream, repr(error)) for stream, error in self._runs.reports]

    def news(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return by stream what was recorded since the last time, as it is stored."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        new = self.log.events[self._seen :]
        for each in sorted(new, key=lambda each: (each.stream, each.version)):
            payload = self.named(codec.encode(each.event).decode())
            stored: tuple[Any, ...] = (each.event.tag, payload)
            stored += (each.version, each.recorded_at)
            stored += (each.actor, each.command_id, each.correlation_id, each.causation_id)
            found.setdefault(each.stream, []).append(stored)
        self._seen = len(self.log.events)
        return found


class TwoAirlines(Back):
    """Everything that may happen to bookings, on both airlines."""

    def __init__(self) -> None:
        super().__init__()
        self.last_draw = bytes(4)
        self.some = Side(self.log, self.processes[0], self.clock)
        log = MemoryLog(self.clock)
        # It repeats the random bytes, whichever decisions had to be made again.
        process = MemoryProcess(log, clock=self.clock, random_bytes=lambda _count: self.last_draw)
        self.every = Side(log, process, self.clock)
        process.follow_ups = EveryStep(self.every.steps)

    @initialize(pattern=st.integers(0, 2**32))
    def switch_off(self, pattern: int) -> None:
        """Some steps are left to the processes that read the log, by a pattern."""
        for process in self.processes:
            process.follow_ups = SomeSteps(self.some.stock, pattern)

    def _draw(self, count: int) -> bytes:
        self.last_draw = super()._draw(count)
        return self.last_draw

    def submit_envelopes(
        self, process: int, envelopes: list[CommandEnvelope]
    ) -> list[Outcome | Rejection]:
        """One after the other: a command of the same batch would come before what follows."""
        return [self._submit_to_both(self.processes[process], each) for each in envelopes]

    def _submit_to_both(
        self, process: MemoryProcess, envelope: CommandEnvelope
    ) -> Outcome | Rejection:
        results = []
        for side, carried_out_by in ((self.some, process), (self.every, self.every.process)):
            results.append(side.submit(carried_out_by, envelope))
        first, second = results
        if isinstance(first, Outcome) and isinstance(second, Outcome):
            assert (first.answer, first.replayed) == (second.answer, second.replayed)
        else:
            assert repr(first) == repr(second)
        assert self.some.news() == self.every.news(), f"after {envelope.command}"
        self.note(envelope, first)
        return first

    @invariant()
    def everything_holds(self) -> None:
        """The books and the seats of the airline with some steps are in order."""
        World.tally["steps"] += 1
        self.log_invariants.check()

    def teardown(self) -> None:
        """Both logs are the same at the end, and so is what is kept beside them."""
        super().teardown()
        some, every = self.some.log, self.every.log
        assert some.streams.keys() == every.streams.keys()
        for stream in sorted(some.streams):
            states = [side.named(str(side.log.state(stream))) for side in (self.some, self.every)]
            assert states[0] == states[1], f"{stream}\n{states[0]}\n{states[1]}"
        assert some.capacity == every.capacity
        for kept in ("commands", "outbox"):
            texts = [
                sorted(side.named(str(each)) for each in _values(getattr(side.log, kept)))
                for side in (self.some, self.every)
            ]
            assert texts[0] == texts[1]
        assert self.some.reports() == self.every.reports()


@functools.cache
def _event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _values(kept: Any) -> Iterable[Any]:
    return kept.values() if isinstance(kept, dict) else kept
