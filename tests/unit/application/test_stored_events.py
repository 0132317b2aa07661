"""Stored Stripe events: each is processed by its type, and one that fails stops no other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any, cast

import msgspec
import pytest

from application import ports
from application.commands import follow_up
from application.payment import event_retries, gateway, process_event, stripe_event_types
from application.payment.collect import Collector
from application.payment.process_event import (
    FinishedEvent,
    ProcessStripeEvents,
    StoredEventProcessor,
)
from application.payment.receive_event import InboxEvent
from application.payment.refunding import Refunder
from domain.payment.rejections import PaymentNotFound


class MemoryInbox:
    """`StoredEvents` by id, with the outcomes."""

    def __init__(self, *events: InboxEvent) -> None:
        self._events = {event.id: event for event in events}
        self.outcomes: dict[str, tuple[str, str | None]] = {}
        self.waits: list[float] = []
        # How many events each read and each record of outcomes had.
        self.calls: list[int] = []
        self.away = False

    async def read_all(self, event_ids: Collection[str]) -> list[InboxEvent]:
        self.calls.append(len(event_ids))
        return [self._events[each] for each in event_ids if each in self._events]

    async def finish_all(self, finished: Sequence[FinishedEvent]) -> None:
        self.calls.append(len(finished))
        if self.away:
            raise ports.Unavailable("database")
        self.outcomes.update({each.id: (each.state, each.reason) for each in finished})

    async def postpone(self, event_id: str, *, reason: str, seconds: float) -> bool:
        self.outcomes[event_id] = ("postponed", reason)
        self.waits.append(seconds)
        return False

    async def fail(self, event_id: str, *, reason: str, seconds: float, limit: int) -> bool:
        self.outcomes[event_id] = ("parked" if limit == 1 else "failed", reason)
        self.waits.append(seconds)
        return limit == 1


class Stripe:
    """Collector and refunder: records what is asked about; objects in `errors` raise."""

    def __init__(self, errors: dict[str, Exception] | None = None) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.sweeps = 0
        self._errors = errors or {}

    def _ask(self, kind: str, object_id: str, cause: follow_up.Cause) -> None:
        self.asked.append((kind, object_id, cause.correlation_id))
        if object_id in self._errors:
            raise self._errors[object_id]

    async def learn_session(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("session", object_id, cause)

    async def learn_intent(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("intent", object_id, cause)

    async def learn_refund(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("refund", object_id, cause)

    async def learn_payout(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("payout", object_id, cause)

    async def learn_transactions(self) -> None:
        self.sweeps += 1

    async def learn_dispute(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("dispute", object_id, cause)

    async def learn_warning(self, object_id: str, *, cause: follow_up.Cause) -> None:
        self._ask("warning", object_id, cause)


def stored(number: int, event_type: str, state: str = "new") -> InboxEvent:
    """Return an event about an object of the same number."""
    return InboxEvent(f"evt_{number}", event_type, f"object_{number}", state, tries=0)


async def process(stripe: Stripe, *events: InboxEvent) -> MemoryInbox:
    """Process the events, and one that the inbox does not have."""
    inbox = MemoryInbox(*events)
    both: Any = stripe
    processor = StoredEventProcessor(
        inbox=inbox,
        collector=cast(Collector, both),
        refunder=cast(Refunder, both),
        settlement=both,
        disputes=both,
    )
    await processor.process(ProcessStripeEvents((*(e.id for e in events), "evt_unknown")))
    return inbox


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("session", stripe_event_types.SESSION),
        ("intent", stripe_event_types.INTENT),
        ("refund", stripe_event_types.REFUND),
        ("payout", stripe_event_types.PAYOUT),
        ("dispute", stripe_event_types.DISPUTE),
        ("warning", stripe_event_types.FRAUD_WARNING),
    ],
)
async def test_the_object_of_each_type_is_asked_about(kind: str, types: frozenset[str]) -> None:
    stripe = Stripe()
    events = [stored(number, name) for number, name in enumerate(sorted(types))]
    inbox = await process(stripe, *events)
    assert stripe.asked == [(kind, event.object, event.id) for event in events]
    assert inbox.outcomes == {event.id: ("done", None) for event in events}


async def test_a_charge_whose_transaction_is_there_now_starts_a_sweep() -> None:
    stripe = Stripe()
    (name,) = stripe_event_types.TRANSACTION
    inbox = await process(stripe, stored(1, name))
    assert (stripe.asked, stripe.sweeps) == ([], 1)
    assert inbox.outcomes == {"evt_1": ("done", None)}


@pytest.mark.parametrize("name", sorted(stripe_event_types.IGNORED))
async def test_what_is_stored_and_needs_no_action_is_ignored(name: str) -> None:
    stripe = Stripe()
    inbox = await process(stripe, stored(1, name))
    assert stripe.asked == []
    assert inbox.outcomes == {"evt_1": ("ignored", None)}


def test_a_type_is_processed_by_one_handler_or_ignored_for_one_reason() -> None:
    handled = [name for types in stripe_event_types.HANDLED.values() for name in types]
    assert len(handled) == len(set(handled))
    assert not set(handled) & stripe_event_types.IGNORED.keys()


async def test_an_event_that_was_processed_is_not_processed_again() -> None:
    stripe = Stripe()
    inbox = await process(stripe, stored(1, "refund.updated", state="done"))
    assert (stripe.asked, inbox.outcomes) == ([], {})


@pytest.mark.parametrize(
    "away",
    [
        ports.Unavailable("database"),
        gateway.GatewayUnavailable("status 429"),
        gateway.GatewayTimeout("no answer"),
        gateway.GatewayMisconfigured("status 401"),
    ],
)
async def test_while_stripe_is_away_events_wait_longer_and_longer_and_no_try_counts(
    away: Exception,
) -> None:
    """Fault row 23a: what waits."""
    stripe = Stripe({"object_1": away})
    waits = []
    for number in range(12):
        event = msgspec.structs.replace(stored(1, "refund.updated"), waits=number)
        inbox = await process(stripe, event)
        assert inbox.outcomes == {"evt_1": ("postponed", type(away).__name__)}
        waits += inbox.waits
    assert waits == sorted(waits)
    assert waits[0] == event_retries.FIRST_WAIT_SECONDS
    assert waits[-1] == event_retries.LONGEST_WAIT_SECONDS


async def test_a_definite_no_ends_an_event_at_once_and_what_cannot_be_read_is_parked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Fault row 23b."""
    errors: dict[str, Exception] = {
        "object_1": gateway.GatewayRejected("resource_missing", "No such refund"),
        "object_2": gateway.GatewayUnreadable("unreadable answer"),
        "object_3": gateway.GatewayRejected("parameter_invalid", "Invalid"),
    }
    events = [stored(number, "refund.updated") for number in (1, 2, 3)]
    inbox = await process(Stripe(errors), *events)
    assert inbox.outcomes == {
        "evt_1": ("ignored", "resource_missing"),
        "evt_2": ("parked", "GatewayUnreadable"),
        "evt_3": ("parked", "parameter_invalid"),
    }
    alarms = [each.getMessage() for each in caplog.records if each.levelname == "CRITICAL"]
    assert ["evt_2" in alarms[0], "evt_3" in alarms[1], len(alarms)] == [True, True, 2]


async def test_an_event_that_waits_is_not_tried_because_the_queue_repeats_its_task() -> None:
    stripe = Stripe()
    event = msgspec.structs.replace(stored(1, "refund.updated"), waiting=True)
    inbox = await process(stripe, event)
    assert (stripe.asked, inbox.outcomes) == ([], {})


async def test_an_event_that_fails_stops_no_other() -> None:
    stripe = Stripe({"object_1": ValueError("a bug"), "object_2": PaymentNotFound()})
    events = [stored(number, "refund.updated") for number in (1, 2, 3)]
    inbox = await process(stripe, *events)
    assert inbox.outcomes == {
        "evt_1": ("failed", "ValueError"),
        "evt_2": ("ignored", "NOT_FOUND"),
        "evt_3": ("done", None),
    }


def refunds(count: int) -> list[InboxEvent]:
    """Return so many events about refunds."""
    return [stored(number, "refund.updated") for number in range(1, count + 1)]


async def test_the_events_of_a_task_cost_one_read_and_one_record_of_their_outcomes() -> None:
    inbox = await process(Stripe(), *refunds(16))
    assert inbox.calls == [16 + 1, 16]
    assert len(inbox.outcomes) == 16


class SlowStripe(Stripe):
    """Answers about every object at once but about the first only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.cancelled = False

    async def learn_refund(self, object_id: str, *, cause: follow_up.Cause) -> None:
        try:
            if object_id == "object_1":
                await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await super().learn_refund(object_id, cause=cause)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until this holds."""
    for _ in range(3_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never holds")


@pytest.fixture
async def slow(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[SlowStripe, MemoryInbox, asyncio.Task[None]]]:
    """Three events are processed, and Stripe takes its time for the first."""
    monkeypatch.setattr(process_event, "RECORD_AFTER_SECONDS", 0.01)
    stripe, inbox = SlowStripe(), MemoryInbox(*refunds(3))
    both: Any = stripe
    processor = StoredEventProcessor(
        inbox=inbox,
        collector=cast(Collector, both),
        refunder=cast(Refunder, both),
        settlement=both,
        disputes=both,
    )
    task = ProcessStripeEvents(("evt_1", "evt_2", "evt_3"))
    yield stripe, inbox, asyncio.create_task(processor.process(task))


async def test_an_event_that_takes_long_keeps_no_other_from_being_recorded(slow: Any) -> None:
    stripe, inbox, running = slow
    await until(lambda: len(inbox.outcomes) == 2)
    assert not running.done()
    stripe.answers.set()
    await running
    assert inbox.outcomes.keys() == {"evt_1", "evt_2", "evt_3"}


async def test_outcomes_that_cannot_be_recorded_fail_the_task_once_all_events_have_ended(
    slow: Any,
) -> None:
    stripe, inbox, running = slow
    inbox.away = True
    await until(lambda: len(inbox.calls) == 2)
    inbox.away = False
    stripe.answers.set()
    with pytest.raises(ports.Unavailable):
        await running
    assert inbox.outcomes.keys() == {"evt_1"}


async def test_a_task_that_is_cancelled_leaves_nothing_running(slow: Any) -> None:
    stripe, inbox, running = slow
    await until(lambda: len(inbox.outcomes) == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: stripe.cancelled)
