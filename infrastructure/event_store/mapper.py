"""Our events for the `eventsourcing` library: msgspec structs under stable tags.

A topic is the event's tag (`booking.cancelled.1`), never a Python path, and the state is the
codec's canonical JSON: the library and our own append store the same bytes.
"""

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    JSONTranscoder,
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
)

from domain.kernel.events import DomainEvent
from infrastructure.event_store import codec
from infrastructure.event_store.stored_events import Envelope, LedgerEvent, LedgerNotification


class StreamEvent(msgspec.Struct, frozen=True):
    """One of our events with its stream and version: a domain event in the library's terms.

    `envelope` is None for an event that was not read from our log.
    """

    originator_id: str
    originator_version: int
    event: DomainEvent
    envelope: Envelope | None = None


class EventMapper(Mapper[str]):
    """The library's mapper for StreamEvent; without compression and without a cipher.

    Personal data is sealed inside the events, and the database checks entries in the bytes.
    """

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Return the row of one of our events; the append adds its envelope."""
        assert isinstance(domain_event, StreamEvent)
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=domain_event.event.tag,
            state=codec.encode(domain_event.event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> StreamEvent:
        """Return the event of a row; raises MapperDeserialisationError, which names the tag."""
        try:
            event = codec.decode(stored_event.topic, stored_event.state)
        except (codec.UnknownTag, codec.CorruptPayload) as error:
            raise MapperDeserialisationError(
                f"{stored_event.originator_id} version {stored_event.originator_version}: {error}"
            ) from error
        envelope = None
        if isinstance(stored_event, LedgerEvent | LedgerNotification):
            envelope = stored_event.envelope
        return StreamEvent(
            originator_id=str(stored_event.originator_id),
            originator_version=stored_event.originator_version,
            event=event,
            envelope=envelope,
        )
