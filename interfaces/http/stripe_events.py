"""Routes of finance for Stripe events: what became of each, the parked ones, and the replay."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.payment import read_events
from application.payment import replay_event as use_case
from interfaces.http import auth
from interfaces.http.problems import invalid
from interfaces.http.strict_request import StrictRequest

PAGE_LIMIT = read_events.LIMIT
State = Annotated[Literal["new", "done", "ignored", "parked"] | None, QueryParameter(name="state")]


class StripeEventResponse(msgspec.Struct, rename="camel"):
    """An event as it was received: new, done, ignored or parked; `reason` says why.

    A new one is tried again at `dueAt` after `tries` failures of ours, or because Stripe was away
    `waits` times. `object` is the id of the object at Stripe that it is about.
    """

    event: str
    type: str
    object: str
    state: str
    reason: str | None
    received_at: dt.datetime
    finished_at: dt.datetime | None
    tries: int
    waits: int
    due_at: dt.datetime | None


class StripeEventsResponse(msgspec.Struct, rename="camel"):
    """The newest first; `nextCursor` is null on the last page."""

    events: list[StripeEventResponse]
    next_cursor: str | None


class EffectResponse(msgspec.Struct, rename="camel"):
    """An event of our log that followed from it."""

    position: int
    stream: str
    event: str
    recorded_at: dt.datetime


class StripeEventDetailsResponse(msgspec.Struct, rename="camel"):
    """An event with what it caused, in the order of the log; nothing where it changed nothing."""

    event: StripeEventResponse
    effects: list[EffectResponse]


class ParkedEventResponse(msgspec.Struct, rename="camel"):
    """One parked event: the object at Stripe that it is about, and why it is parked."""

    event: str
    type: str
    object: str
    reason: str
    received_at: dt.datetime


class ParkedEventsResponse(msgspec.Struct, rename="camel"):
    """Events that wait for staff, the oldest first."""

    events: list[ParkedEventResponse]


class ReplayedEventResponse(msgspec.Struct, rename="camel"):
    """`state` is new until the worker has processed the event."""

    event: str
    state: str


class ReplayRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The reason for which the events are parked."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ReplayedEventsResponse(msgspec.Struct, rename="camel"):
    """How many parked events are processed again."""

    replayed: int


@get("/api/admin/stripe-events", **auth.signed_in("reconcile"))
async def list_stripe_events(
    request: StrictRequest,
    state_: State = None,
    type_: Annotated[str | None, QueryParameter(name="type")] = None,
    object_: Annotated[str | None, QueryParameter(name="object")] = None,
    cursor: Annotated[str | None, QueryParameter()] = None,
    limit: Annotated[int, QueryParameter()] = 50,
) -> StripeEventsResponse:
    """Stripe's events as we received them, the newest first, by state, type or object at Stripe."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid("limit", f"1 to {PAGE_LIMIT} is expected")
    asked = read_events.EventQuestion(state_, type_, object_, cursor, limit)
    page = await read_events.find_events(request.ports.stripe_events, asked)
    return StripeEventsResponse([_event(each) for each in page.events], page.next_before)


@get("/api/admin/stripe-events/{event_id:str}", **auth.signed_in("reconcile"))
async def read_stripe_event(
    request: StrictRequest, event_id: FromPath[str]
) -> StripeEventDetailsResponse:
    """What was done with an event of Stripe: its tries, its outcome, and what it changed."""
    found = await read_events.read_event(request.ports.stripe_events, event_id)
    return StripeEventDetailsResponse(
        _event(found.event),
        [
            EffectResponse(each.position, each.stream, each.tag, each.recorded_at)
            for each in found.effects
        ],
    )


def _event(event: read_events.StoredEvent) -> StripeEventResponse:
    return StripeEventResponse(
        event=event.id,
        type=event.type,
        object=event.object,
        state=event.state,
        reason=event.reason,
        received_at=event.received_at,
        finished_at=event.finished_at,
        tries=event.tries,
        waits=event.waits,
        due_at=event.due_at if event.state == "new" else None,
    )


@get("/api/admin/stripe-events/parked", **auth.signed_in("reconcile"))
async def read_parked_events(request: StrictRequest) -> ParkedEventsResponse:
    """Stripe events that could not be processed and wait for staff."""
    found = await use_case.parked_events(request.ports.parked_events)
    return ParkedEventsResponse(
        [
            ParkedEventResponse(each.id, each.type, each.object, each.reason, each.received_at)
            for each in found
        ]
    )


@post(
    "/api/admin/stripe-events/{event_id:str}/replay",
    status_code=200,
    **auth.signed_in("reconcile"),
)
async def replay_event(request: StrictRequest, event_id: FromPath[str]) -> ReplayedEventResponse:
    """Process a parked event again; any other event stays as it is."""
    event = await use_case.replay_event(request.ports.parked_events, event_id)
    return ReplayedEventResponse(event=event.id, state=event.state)


@post("/api/admin/stripe-events/replay", status_code=200, **auth.signed_in("reconcile"))
async def replay_parked_events(
    request: StrictRequest, data: JSONBody[ReplayRequest]
) -> ReplayedEventsResponse:
    """Process all events again that are parked for this reason, once its cause is removed."""
    replayed = await use_case.replay_all(request.ports.parked_events, data.reason)
    return ReplayedEventsResponse(replayed)


ROUTES = (
    list_stripe_events,
    read_stripe_event,
    read_parked_events,
    replay_event,
    replay_parked_events,
)
