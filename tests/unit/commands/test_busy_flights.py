"""Commands about a flight that another process sells without pause are carried out all the same."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from application import ports
from application.booking.cancel_booking import CancelBooking
from application.booking.check_in import CheckIn
from application.booking.special_services import Place, RequestSpecialService
from application.commands.command import Command, Outcome
from application.commands.dispatcher import ATTEMPT_LIMIT, Dispatcher
from tests.support import memory_log
from tests.support.airline import create_booking
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import MemoryEventLog, MemoryLog
from tests.support.sealed_codes import OPENED, sealed_code

ENOUGH_ATTEMPTS = 4
assert ENOUGH_ATTEMPTS < ATTEMPT_LIMIT


class BusyLog(MemoryEventLog):
    """Another process books the flight each time this one is about to get the log's lock."""

    def __init__(self, memory: MemoryLog, book: Callable[[], object]) -> None:
        super().__init__(memory)
        self._book = book
        self.attempts = 0

    def _others_first(self) -> None:
        self._book()
        self.attempts += 1

    async def append(self, batch: ports.Batch) -> ports.Appended:
        self._others_first()
        return await super().append(batch)

    def locked(self, versions: Mapping[str, int]) -> AbstractAsyncContextManager[Any]:
        self._others_first()
        return super().locked(versions)


class Busy:
    """A flight, a ticketed booking on it, and a paid one that has no tickets yet."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.flight = self.airline.schedule("SV1", seats=400, in_days=1)
        self.booking = self.airline.ticketed(self.flight)
        self.paid = self.airline.book(self.flight)
        self.airline.pay(self.paid)
        self.log = BusyLog(
            self.airline.log, lambda: self.airline.submit(create_booking(self.flight))
        )

    async def submit(self, commands: list[Command]) -> list[Outcome | BaseException]:
        """Carry the commands out in one batch of another process."""
        numbers = itertools.count()
        dispatcher = Dispatcher(
            log=self.log,
            clock=self.airline.clock,
            random_bytes=lambda count: (next(numbers) + 77).to_bytes(4, "big") * (count // 4),
        )
        dispatcher.start()
        outcomes = await asyncio.gather(
            *(
                dispatcher.submit(memory_log.envelope(command, 10**6 + index))
                for index, command in enumerate(commands)
            ),
            return_exceptions=True,
        )
        await dispatcher.stop()
        return outcomes


def confirm(case: Busy) -> Command:
    command: Command = case.airline.confirmation(case.paid)
    return command


def cancel(case: Busy) -> Command:
    return CancelBooking(quote=case.airline.quote_cancellation(case.booking), reason="requested")


def service(case: Busy) -> Command:
    place = Place(0, 0, by_staff=False)
    return RequestSpecialService(case.booking, place, "WCHR", sealed_code("WCHR"), OPENED)


def check_in(case: Busy) -> Command:
    return CheckIn(case.booking, 0, None)


def create(case: Busy) -> Command:
    return create_booking(case.flight)


@pytest.mark.parametrize("command", [confirm, cancel, service, check_in, create])
async def test_a_command_is_carried_out_after_few_attempts_whether_it_names_the_flight_or_not(
    command: Callable[[Busy], Command],
) -> None:
    case = Busy()
    (outcome,) = await case.submit([command(case)])
    assert isinstance(outcome, Outcome)
    assert case.log.attempts <= ENOUGH_ATTEMPTS


async def test_it_does_not_hold_up_a_command_about_another_flight_in_its_batch() -> None:
    case = Busy()
    calm = case.airline.schedule("SV9", seats=5)
    outcomes = await case.submit([confirm(case), create_booking(calm), cancel(case)])
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert case.log.attempts <= ENOUGH_ATTEMPTS
