"""A log in memory with one flight, and one process that carries commands out on it."""

import datetime as dt
import itertools
from typing import Any

from application.booking.confirm_booking import ConfirmBooking
from application.booking.create_booking import CreateBooking
from application.booking.expire_booking import ExpireBooking
from application.commands.command import Outcome
from application.inventory.schedule_flight import ScheduleFlight
from application.payment.record_attempt import RecordAttempt, Result
from application.payment.record_capture import RecordCapture
from application.payment.start_checkout import StartCheckout
from application.pricing.journeys import Priced, WantedSegment
from domain.inventory.events import FlightScheduled
from domain.kernel import money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing.price import PassengerType
from tests.support import examples, invariants, memory_log
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess

# Four bytes that spell AAAAAA, BAAAAA, CAAAAA and so on, lowest symbol first.
DRAWS = tuple(number.to_bytes(4, "big") for number in range(8))


class Stage:
    """Submits commands and shows which events they added, by stream."""

    def __init__(self, *, draws: tuple[bytes, ...] = DRAWS) -> None:
        self.clock = Clock(examples.NOW)
        self.log = MemoryLog(self.clock)
        self._invariants = invariants.Invariants(self.log)
        self._bytes = itertools.cycle(draws)
        self.process = self.another_process()
        self._envelopes = itertools.count(1)
        self._serials = itertools.count(1)

    def another_process(self) -> MemoryProcess:
        """A process on the same log that remembers nothing yet."""
        return MemoryProcess(self.log, clock=self.clock, random_bytes=lambda _: next(self._bytes))

    def submit(self, command: Any) -> Outcome:
        """Carry it out; the oracles hold afterwards. Raises its rejection."""
        try:
            return self.process.submit(memory_log.envelope(command, next(self._envelopes)))
        finally:
            self._invariants.check()

    def added(self, command: Any) -> dict[str, list[DomainEvent]]:
        """The events that the command added, by stream, all of them in one append."""
        before = len(self.log.events)
        self.submit(command)
        added: dict[str, list[DomainEvent]] = {}
        for recorded in self.log.events[before:]:
            added.setdefault(recorded.stream, []).append(recorded.event)
        return added

    def schedule(self, scheduled: FlightScheduled | None = None) -> None:
        """Put the flight on sale."""
        facts = scheduled or examples.scheduled()
        self.submit(ScheduleFlight(flight_id=examples.FLIGHT, scheduled=facts))

    def book(self, *party: PassengerType, quoted: Priced | None = None) -> str:
        """A reserved booking for one adult or this party; its stream."""
        return self.submit(create(*party, quoted=quoted)).answer.stream

    def checkout(self, booking: str) -> tuple[str, str]:
        """Payment stream and attempt of a started checkout."""
        answer = self.submit(StartCheckout(booking_id=booking)).answer
        return answer.stream, answer.ids["attempt"]

    def record(self, booking: str, result: Result) -> Outcome:
        """What became of the booking's first attempt."""
        return self.submit(RecordAttempt(payment_of(booking), attempt_of(booking), result))

    def pay(self, booking: str) -> None:
        """Checkout and capture of exactly the amount due."""
        self.checkout(booking)
        self.submit(capture(booking, self.log.state(booking).amount_due()))

    def confirm_command(self, booking: str) -> ConfirmBooking:
        """With fresh serials for each passenger."""
        count = len(self.log.state(booking).passengers)
        serials = tuple(next(self._serials) for _ in range(count))
        return ConfirmBooking(booking_id=booking, airline_code="065", serials=serials)

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.clock.advance(dt.timedelta(**duration))


def create(
    *party: PassengerType,
    flight: str = examples.FLIGHT,
    cabin: str = "Y",
    quoted: Priced | None = None,
) -> CreateBooking:
    """Book for one adult or for this party."""
    kinds: tuple[PassengerType, ...] = party or ("ADT",)
    return CreateBooking(
        owner="user-1",
        wanted=(WantedSegment(flight, cabin),),
        passengers=tuple(examples.passenger(kind, number) for number, kind in enumerate(kinds)),
        contact=sealed.Sealed("subject-0", b"\x00contact"),
        keys=(),
        quoted=quoted,
    )


def payment_of(booking: str) -> str:
    """The first payment of a booking."""
    return booking.replace("booking-", "payment-") + "-1"


def attempt_of(booking: str) -> str:
    """Its first attempt."""
    return payment_of(booking) + "-a1"


def capture(
    booking: str, amount: money.Money, *, intent: str = "pi_1", attempt: str | None = None
) -> RecordCapture:
    """Stripe took this much for the booking's first attempt."""
    return RecordCapture(
        payment_id=payment_of(booking),
        booking_id=booking,
        attempt=attempt_of(booking) if attempt is None else attempt,
        intent=intent,
        charge=f"ch_{intent}",
        amount=amount,
    )


def expire(booking: str) -> ExpireBooking:
    """Let the hold lapse."""
    return ExpireBooking(booking_id=booking, reason="hold_lapsed")
