"""Stored bytes of events: canonical JSON by msgspec under a stable tag, one encoding per value.

The tag is stored beside the payload, not in it. Audit proofs will hash these bytes.
"""

import msgspec

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent


class UnknownTag(Exception):
    """An event has a tag that this release does not know; the message contains the tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class CorruptPayload(Exception):
    """Stored bytes that do not decode as the type of their tag."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decoders: dict[str, msgspec.json.Decoder[DomainEvent]] = {
    tag: msgspec.json.Decoder(event_type) for tag, event_type in stream_kinds.EVENT_TYPES.items()
}


def encode(event: DomainEvent) -> bytes:
    """Return the payload of an event."""
    return _encode(event)


def decode(tag: str, payload: bytes) -> DomainEvent:
    """Return the event; raises UnknownTag or CorruptPayload."""
    decoder = _decoders.get(tag)
    if decoder is None:
        raise UnknownTag(tag)
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise CorruptPayload(f"{tag}: {error}") from error
