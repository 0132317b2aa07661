"""Routes of finance for Stripe events that could not be processed: the worklist and the replay."""

import datetime as dt

import msgspec
from litestar import get, post
from litestar.params import FromPath

from application.payment import replay_event as use_case
from interfaces.http import auth
from interfaces.http.strict_request import StrictRequest


class ParkedEventResponse(msgspec.Struct, rename="camel"):
    """One parked event: the object at Stripe that it is about, and why it is parked."""

    event: str
    type: str
    object: str
    reason: str
    received_at: dt.datetime


class ParkedEventsResponse(msgspec.Struct, rename="camel"):
    """The oldest first."""

    events: list[ParkedEventResponse]


class ReplayedEventResponse(msgspec.Struct, rename="camel"):
    """`state` is new until the worker has processed the event."""

    event: str
    state: str


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


ROUTES = (read_parked_events, replay_event)
