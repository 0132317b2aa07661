"""What one batch decides: what is recorded, on which versions it counts, and what is left out."""

from collections.abc import Callable

import pytest

from application import ports
from application.commands import stream_kinds
from application.commands.command import Reply
from application.commands.context import DecisionContext
from application.payment.refund_payment import SendRefund
from domain.booking.events import BookingReserved
from domain.booking.rejections import LocatorTaken
from domain.booking.states import Status
from domain.inventory.events import FlightCancelled, FlightDeparted
from domain.inventory.state import FlightStatus
from domain.kernel.sealed import Sealed
from tests.support import examples, memory_log
from tests.support.examples import BOOKING, FLIGHT, HOLD_UNTIL
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess
from tests.support.scripted_command import Scripted

Script = Callable[[DecisionContext], Reply]
TASK = SendRefund(payment_id="payment-ABC234-1", refund="1")
KEY = ports.WrappedKey("subject", b"key")
STRIPE_EVENT = ports.StripeEvent("evt_1", "type", "pi_1", Sealed("subject", b"box"), KEY)


class Process:
    """One process on a log that keeps what it was asked to append."""

    def __init__(self) -> None:
        clock = Clock(examples.NOW)
        self.log = MemoryLog(clock)
        self.appends: list[ports.Batch] = []
        write = self.log.append

        def append(batch: ports.Batch) -> ports.Appended:
            self.appends.append(batch)
            return write(batch)

        self.log.append = append  # type: ignore[method-assign]
        self.process = MemoryProcess(self.log, clock=clock, random_bytes=lambda count: bytes(count))
        self._numbers = iter(range(1, 100))

    def run(self, *scripts: Script) -> list[object]:
        """Outcomes and errors of one batch."""
        commands = [
            memory_log.envelope(Scripted(FLIGHT, script), next(self._numbers)) for script in scripts
        ]
        return list(self.process.submit_together(commands))

    def tags(self) -> list[tuple[str, str]]:
        """Stream and tag of every event in the log."""
        return [(recorded.stream, recorded.event.tag) for recorded in self.log.events]


@pytest.fixture
def process() -> Process:
    return Process()


def schedule(context: DecisionContext) -> Reply:
    """Put the flight on sale."""
    context.load(stream_kinds.FLIGHT, FLIGHT)
    context.record(FLIGHT, [examples.scheduled()])
    return Reply(FLIGHT)


def cancel(context: DecisionContext) -> Reply:
    """Cancel the flight, which must be scheduled."""
    flight = context.load(stream_kinds.FLIGHT, FLIGHT)
    assert flight is not None
    assert flight.status is FlightStatus.SCHEDULED
    context.record(FLIGHT, [FlightCancelled("weather")])
    return Reply(FLIGHT)


def test_a_load_after_a_record_returns_the_state_after_the_recorded_events(
    process: Process,
) -> None:
    def script(context: DecisionContext) -> Reply:
        assert context.load(stream_kinds.FLIGHT, FLIGHT) is None
        context.record(FLIGHT, [examples.scheduled()])
        flight = context.load(stream_kinds.FLIGHT, FLIGHT)
        assert flight is not None
        context.record(FLIGHT, [FlightCancelled("weather")])
        flight = context.load(stream_kinds.FLIGHT, FLIGHT)
        assert flight is not None
        assert flight.status is FlightStatus.CANCELLED
        return Reply(FLIGHT, {"made": "1"})

    (outcome,) = process.run(script)
    assert outcome.answer == ports.Answer(FLIGHT, 2, {"made": "1"})
    assert outcome.state.status is FlightStatus.CANCELLED
    assert process.tags() == [(FLIGHT, "flight.scheduled.1"), (FLIGHT, "flight.cancelled.1")]


def test_events_of_one_stream_stay_together_in_the_order_of_their_records(
    process: Process,
) -> None:
    def script(context: DecisionContext) -> Reply:
        assert context.begin(stream_kinds.BOOKING, BOOKING)
        context.record(BOOKING, [examples.draft()])
        context.load(stream_kinds.FLIGHT, FLIGHT)
        context.record(FLIGHT, [examples.scheduled()])
        context.record(BOOKING, [BookingReserved(hold_until=HOLD_UNTIL)])
        return Reply(BOOKING)

    (outcome,) = process.run(script)
    assert outcome.answer.version == 2
    assert outcome.state.status is Status.RESERVED
    assert process.tags() == [
        (BOOKING, "booking.initiated.1"),
        (BOOKING, "booking.reserved.1"),
        (FLIGHT, "flight.scheduled.1"),
    ]


def test_without_events_nothing_is_written_sent_or_stored(process: Process) -> None:
    def script(context: DecisionContext) -> Reply:
        context.load(stream_kinds.FLIGHT, FLIGHT)
        context.record(FLIGHT, [])
        context.enqueue(TASK)
        context.store_keys([KEY])
        context.finish_stripe_event(STRIPE_EVENT)
        return Reply(FLIGHT)

    (outcome,) = process.run(script)
    assert outcome.answer == ports.Answer(FLIGHT, 0)
    assert not outcome.written
    (batch,) = process.appends
    assert (*batch.commands, *batch.events, *batch.outbox, *batch.keys) == ()
    assert batch.stripe_events == []
    assert len(batch.asked) == 1


def test_what_is_stored_with_events_goes_into_their_append(process: Process) -> None:
    def script(context: DecisionContext) -> Reply:
        context.enqueue(TASK)
        context.store_keys([KEY])
        context.finish_stripe_event(STRIPE_EVENT)
        return schedule(context)

    (outcome,) = process.run(script)
    assert outcome.written
    (batch,) = process.appends
    assert (batch.outbox, batch.keys) == ([TASK], [KEY])
    assert batch.stripe_events == [STRIPE_EVENT]


@pytest.mark.parametrize("error", [LocatorTaken(), RuntimeError("a bug")])
def test_a_decision_that_raises_leaves_nothing_to_those_after_it(
    process: Process, error: Exception
) -> None:
    def script(context: DecisionContext) -> Reply:
        context.enqueue(TASK)
        context.store_keys([KEY])
        context.finish_stripe_event(STRIPE_EVENT)
        cancel(context)
        assert context.begin(stream_kinds.BOOKING, BOOKING)
        raise error

    def begin(context: DecisionContext) -> Reply:
        assert context.begin(stream_kinds.BOOKING, BOOKING)
        context.record(BOOKING, [examples.draft()])
        return Reply(BOOKING)

    process.run(schedule)
    failed, cancelled, begun = process.run(script, cancel, begin)
    assert failed is error
    assert cancelled.answer == ports.Answer(FLIGHT, 2)
    assert begun.answer == ports.Answer(BOOKING, 1)
    assert process.log.outbox == []
    assert process.appends[-1].keys == []
    assert process.appends[-1].stripe_events == []


def test_a_decision_that_is_made_again_for_a_missing_stream_counts_once(process: Process) -> None:
    made: list[str] = []

    def script(context: DecisionContext) -> Reply:
        made.append("again")
        assert context.begin(stream_kinds.BOOKING, BOOKING)
        context.record(BOOKING, [examples.draft()])
        context.load(stream_kinds.FLIGHT, FLIGHT)
        return Reply(BOOKING)

    process.run(script)
    assert len(made) == 2
    assert process.tags() == [(BOOKING, "booking.initiated.1")]


def test_a_decision_counts_on_the_version_that_the_log_must_still_have(process: Process) -> None:
    def read(context: DecisionContext) -> Reply:
        flight = context.load(stream_kinds.FLIGHT, FLIGHT)
        assert flight is not None
        assert flight.status is FlightStatus.DEPARTED
        return Reply(FLIGHT)

    def depart(context: DecisionContext) -> Reply:
        context.load(stream_kinds.FLIGHT, FLIGHT)
        context.record(FLIGHT, [FlightDeparted(departed_at=examples.DEPARTS_AT)])
        context.load(stream_kinds.FLIGHT, FLIGHT)
        return Reply(FLIGHT)

    process.run(schedule)
    departed, empty = process.run(depart, read)
    assert (departed.answer.version, empty.answer.version) == (2, 2)
    assert process.appends[-1].reads == {FLIGHT: 1}


def test_a_stream_that_an_earlier_command_of_the_batch_begins_is_not_new_to_a_later_one(
    process: Process,
) -> None:
    def begin(context: DecisionContext) -> Reply:
        if not context.begin(stream_kinds.BOOKING, BOOKING):
            raise LocatorTaken()
        assert not context.begin(stream_kinds.BOOKING, BOOKING)
        context.record(BOOKING, [examples.draft()])
        return Reply(BOOKING)

    begun, refused = process.run(begin, begin)
    assert begun.answer == ports.Answer(BOOKING, 1)
    assert isinstance(refused, LocatorTaken)
    assert process.appends[-1].reads == {}


def test_to_write_or_to_answer_about_a_stream_that_was_never_read_is_a_bug(
    process: Process,
) -> None:
    def write(context: DecisionContext) -> Reply:
        context.record(BOOKING, [examples.draft()])
        return Reply(BOOKING)

    written, answered = process.run(write, lambda _: Reply(BOOKING))
    assert isinstance(written, AssertionError)
    assert isinstance(answered, AssertionError)
    assert process.tags() == []
