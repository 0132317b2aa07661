"""A log of bookings in every state, made by the property machine and stored through the library."""

import functools
import itertools
from collections.abc import Sequence

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from application import ports
from application.ports import RecordedEvent
from infrastructure.event_store import ledger_application
from infrastructure.event_store.ledger_application import LedgerApplication
from infrastructure.event_store.mapper import StreamEvent
from tests.property.booking_machine.refunds import Back
from tests.support import hypothesis_profile

# A history of bookings with each of these has used most of the fold.
WANTED = frozenset({"booking.confirmed.1", "booking.cancelled.1", "booking.seats_chosen.1"})
# About every tenth round finds one.
ROUND_LIMIT = 400
STEPS = 70


@functools.cache
def generate() -> tuple[RecordedEvent, ...]:
    """Return a log with every tag of WANTED; prints the seed of the machine.

    It is made once per process: tests need its content, not a new log.
    """
    logs: list[list[RecordedEvent]] = []

    class Kept(Back):
        def teardown(self) -> None:
            super().teardown()
            logs.append(self.log.events)

    machine = hypothesis_profile.machine(examples=2, steps=STEPS)
    for number in range(ROUND_LIMIT):
        run_state_machine_as_test(seed(machine.seed + number)(Kept), settings=machine.settings)
        for events in logs:
            if {each.event.tag for each in events} >= WANTED:
                print(f"seed {machine.seed}, round {number}, {len(events)} events")
                return tuple(events)
        logs.clear()
    raise AssertionError(f"no log with {sorted(WANTED)} from seed {machine.seed}")


def ledger(dsn: str) -> LedgerApplication:
    """Return the library's application over the log of this database."""
    return LedgerApplication({ledger_application.DATABASE_URL: dsn})


def store(ledger: LedgerApplication, events: Sequence[RecordedEvent]) -> None:
    """Append the events, one save per command."""
    for _, group in itertools.groupby(events, lambda each: each.command_id):
        save(ledger, list(group))


def save(ledger: LedgerApplication, events: Sequence[RecordedEvent]) -> None:
    """Append the events of one command."""
    last = events[-1]
    ledger.save(
        *(StreamEvent(each.stream, each.version, each.event) for each in events),
        command=ports.CommandRecord(
            id=last.command_id,
            fingerprint=b"",
            answer=ports.Answer(last.stream, last.version),
            actor=last.actor,
            correlation_id=last.correlation_id,
            causation_id=last.causation_id,
        ),
    )
