"""An event of the log as others are shown it: in the feed, in its stream and in deliveries."""

import datetime as dt
import uuid
from typing import Any

import msgspec

from application.audit.read_log import AuditedEvent


class ShownEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An event of the log with its envelope.

    `data` are its fields as they are stored, with `{"subject", "sealed": true}` for what is sealed;
    `digest` is the SHA-256 of the stored payload in hex.
    """

    position: int
    stream: str
    version: int
    type: str
    recorded_at: dt.datetime
    actor: str
    command_id: uuid.UUID
    correlation_id: str
    causation_id: uuid.UUID | None
    data: dict[str, Any]
    digest: str


def shown(audited: AuditedEvent) -> ShownEvent:
    """Return the event as it is shown."""
    event = audited.envelope
    return ShownEvent(
        position=event.position,
        stream=event.stream,
        version=event.version,
        type=event.tag,
        recorded_at=event.recorded_at,
        actor=event.actor,
        command_id=event.command_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        data=audited.data,
        digest=audited.digest,
    )
