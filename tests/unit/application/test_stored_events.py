"""Stored Stripe events: each is processed by its type, and one that fails stops no other."""

from typing import Any, cast

import msgspec
import pytest

from application import ports
from application.commands import follow_up
from application.payment import event_retries, gateway, stripe_event_types
from application.payment.collect import Collector
from application.payment.process_event import (
    Handled,
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

    async def read(self, event_id: str) -> InboxEvent | None:
        return self._events.get(event_id)

    async def finish(self, event_id: str, *, state: Handled, reason: str | None = None) -> None:
        self.outcomes[event_id] = (state, reason)

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


def stored(number: int, event_type: str, state: str = "new") -> InboxEvent:
    """Return an event about an object of the same number."""
    return InboxEvent(f"evt_{number}", event_type, f"object_{number}", state, tries=0)


async def process(stripe: Stripe, *events: InboxEvent) -> MemoryInbox:
    """Process the events, and one that the inbox does not have."""
    inbox = MemoryInbox(*events)
    both: Any = stripe
    processor = StoredEventProcessor(
        inbox=inbox, collector=cast(Collector, both), refunder=cast(Refunder, both)
    )
    await processor.process(ProcessStripeEvents((*(e.id for e in events), "evt_unknown")))
    return inbox


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("session", stripe_event_types.SESSION),
        ("intent", stripe_event_types.INTENT),
        ("refund", stripe_event_types.REFUND),
    ],
)
async def test_the_object_of_each_type_is_asked_about(kind: str, types: frozenset[str]) -> None:
    stripe = Stripe()
    events = [stored(number, name) for number, name in enumerate(sorted(types))]
    inbox = await process(stripe, *events)
    assert stripe.asked == [(kind, event.object, event.id) for event in events]
    assert inbox.outcomes == {event.id: ("done", None) for event in events}


async def test_what_is_stored_and_needs_no_action_is_ignored() -> None:
    stripe = Stripe()
    (rest,) = stripe_event_types.SUPPORTED - stripe_event_types.PROCESSED
    inbox = await process(stripe, stored(1, rest))
    assert stripe.asked == []
    assert inbox.outcomes == {"evt_1": ("ignored", None)}


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
