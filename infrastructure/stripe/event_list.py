"""Stripe's list of events, as it becomes the port's types."""

import datetime as dt
import logging
from typing import Any

import msgspec

from application.payment import backfill_events as port
from application.payment.gateway import NotGenuine
from application.read_list import Page
from infrastructure.stripe import webhook
from infrastructure.stripe.calls import Endpoint, StripeCalls

PAGE_SIZE = 100

logger = logging.getLogger(__name__)


class _Head(msgspec.Struct, frozen=True):
    """What every event has, whatever it is about."""

    id: str
    type: str
    created: int


class _Events(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    has_more: bool


LIST_EVENTS = Endpoint("get", "/v1/events", _Events)


class StripeEventList:
    """Implements EventList over the calls of the payment gateway: one pace for both."""

    def __init__(self, calls: StripeCalls) -> None:
        self._calls = calls

    async def list_events(
        self,
        *,
        undelivered_only: bool,
        created_since: dt.datetime,
        created_before: dt.datetime | None = None,
        after: str | None = None,
    ) -> Page[port.ListedEvent]:
        """See EventList."""
        created = {"gte": int(created_since.timestamp())}
        if created_before is not None:
            created["lt"] = int(created_before.timestamp())
        params: dict[str, Any] = {"limit": PAGE_SIZE, "created": created}
        if undelivered_only:
            params["delivery_success"] = False
        if after is not None:
            params["starting_after"] = after
        page = (await self._calls.send(LIST_EVENTS, params=params)).content
        return Page([_listed(bytes(each)) for each in page.data], page.has_more)


def _listed(body: bytes) -> port.ListedEvent:
    """Return the event; one that we cannot read has no object, so that the list goes on."""
    head = msgspec.json.decode(body, type=_Head)
    try:
        object_id = webhook.decode(body).object_id
    except NotGenuine:
        logger.warning("event %s of Stripe's list cannot be read", head.id)
        object_id = None
    created = dt.datetime.fromtimestamp(head.created, dt.UTC)
    return port.ListedEvent(head.id, head.type, object_id, created, body)
