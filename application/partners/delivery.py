"""The body of a delivery: events as the feed of auditors shows them, nothing sealed is opened."""

import hashlib
from collections.abc import Sequence

import msgspec

from application.audit.read_log import AuditedEvent
from application.audit.shown_event import shown
from application.partners.subscription import Subscription

# A delivery ends before the event that would make it longer; an event alone may be longer.
BODY_LIMIT_BYTES = 256 * 1024
_JSON = msgspec.json.Encoder()


class DeliveryBody(msgspec.Struct, frozen=True, rename="camel"):
    """The events of the subscription behind the position `after`, up to and with `position`.

    `after` is the `position` of the delivery before, so a receiver notices a gap.
    """

    id: str
    subscription: str
    after: int
    position: int
    events: Sequence[msgspec.Raw]


class Delivery(msgspec.Struct, frozen=True):
    """What is sent: its id, the position that it leads to, and the body."""

    id: str
    position: int
    body: bytes


def make_delivery(
    subscription: Subscription, events: Sequence[AuditedEvent], position: int
) -> Delivery:
    """Return the delivery of as many of these events as fit, at least one.

    `position` is how far they lead if all fit. Repeated, the same events have the same id; after a
    replay they have another.
    """
    encoded: list[msgspec.Raw] = []
    length = 0
    for each in events:
        event = _JSON.encode(shown(each))
        length += len(event)
        if encoded and length > BODY_LIMIT_BYTES:
            position = events[len(encoded) - 1].envelope.position
            break
        encoded.append(msgspec.Raw(event))
    after = subscription.delivered
    # Of a subscription to some types, `position` grows with the others: the events are the same.
    last = events[len(encoded) - 1].envelope.position
    named = f"{subscription.id} {subscription.replays} {after} {last}"
    delivery_id = f"dlv_{hashlib.sha256(named.encode()).hexdigest()[:24]}"
    body = DeliveryBody(delivery_id, subscription.id, after, position, encoded)
    return Delivery(delivery_id, position, _JSON.encode(body))
