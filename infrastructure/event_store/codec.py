"""Stored bytes of events: canonical JSON by msgspec under a stable tag, one encoding per value.

The tag stands beside the payload, not in it. These bytes are what audit proofs will hash.
"""

import msgspec

from application.commands import stream_kinds
from domain.kernel.events import DomainEvent


class UnknownTag(Exception):
    """An event of a tag that this release does not know: never skipped, always named."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class CorruptPayload(Exception):
    """Stored bytes that do not decode as their tag says."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decoders: dict[str, msgspec.json.Decoder[DomainEvent]] = {
    tag: msgspec.json.Decoder(event_type) for tag, event_type in stream_kinds.EVENT_TYPES.items()
}


def encode(event: DomainEvent) -> bytes:
    """The payload of an event."""
    return _encode(event)


def decode(tag: str, payload: bytes) -> DomainEvent:
    """The event; raises UnknownTag or CorruptPayload."""
    decoder = _decoders.get(tag)
    if decoder is None:
        raise UnknownTag(tag)
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise CorruptPayload(f"{tag}: {error}") from error
