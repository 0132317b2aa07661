"""A paid booking is confirmed: these events in, exactly these commands out."""

import uuid

import pytest

from application.booking.confirm_booking import ConfirmBooking
from application.ports import RecordedEvent
from application.processes import confirm_when_paid
from domain.booking.states import Status
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from tests.support import examples, memory_log
from tests.support.examples import BOOKING, NOW
from tests.unit.application.stage import Stage, capture

HISTORY: tuple[DomainEvent, ...] = (
    examples.scheduled(),
    examples.held(),
    examples.draft(),
    examples.RESERVED,
    examples.REQUESTED,
    examples.started(),
    examples.captured(),
    examples.PAID,
    examples.CONFIRMED,
    examples.sold(),
    examples.EXPIRED,
)


def recorded(event: DomainEvent, position: int = 1) -> RecordedEvent:
    return RecordedEvent(
        position=position,
        stream=BOOKING,
        version=position,
        recorded_at=NOW,
        actor="test",
        command_id=uuid.UUID(int=position),
        correlation_id="c1",
        causation_id=None,
        event=event,
    )


def test_of_a_whole_history_only_paid_starts_it() -> None:
    starting = [event for event in HISTORY if confirm_when_paid.concerns(recorded(event))]
    assert starting == [examples.PAID]


@pytest.mark.parametrize("times", [1, 3])
def test_paid_asks_for_the_confirmation_of_its_booking_however_often_it_is_read(
    times: int,
) -> None:
    commands = {
        confirm_when_paid.command(
            recorded(examples.PAID), airline_code="065", ticket_serials=(1, 2)
        )
        for _ in range(times)
    }
    assert commands == {ConfirmBooking(BOOKING, "065", (1, 2))}


def run(stage: Stage, serials: dict[str, tuple[int, ...]]) -> None:
    """The process over the whole log, with fresh serials, as after a lost checkpoint."""
    for told in list(stage.log.events):
        if not confirm_when_paid.concerns(told):
            continue
        command = confirm_when_paid.command(
            told, airline_code="065", ticket_serials=serials[told.stream]
        )
        cause = ids.event_id(told.stream, told.version)
        number = ids.step_command_id(cause, confirm_when_paid.NAME).int
        stage.process.submit(memory_log.order(command, number))


def test_run_again_over_the_same_events_it_asks_for_nothing_new() -> None:
    stage = Stage()
    stage.schedule()
    first, second = stage.book(), stage.book()
    stage.pay(first)
    run(stage, {first: (1,), second: (2,)})
    stage.submit(stage.confirm_command(first))
    stage.checkout(second)
    stage.submit(capture(second, examples.DUE, intent="pi_2"))
    run(stage, {first: (11,), second: (12,)})
    length = len(stage.log.events)
    run(stage, {first: (21,), second: (22,)})
    assert len(stage.log.events) == length
    assert [stage.log.state(stream).status for stream in (first, second)] == [
        Status.CONFIRMED,
        Status.CONFIRMED,
    ]
    assert stage.log.state(first).tickets[0].number.endswith("01")
    assert stage.log.state(second).tickets[0].number.endswith("12")
    assert len(stage.log.outbox) == 2
