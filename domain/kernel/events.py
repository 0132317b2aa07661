"""The root of all stored events: frozen, with a stable tag, without their envelope.

A tag such as `booking.reserved.1` is a storage contract: once an event of it is stored, neither
the tag nor the meaning of its fields ever changes; a new shape gets the next number and an upcast.
"""

from typing import ClassVar

import msgspec


class DomainEvent(msgspec.Struct, frozen=True):
    """Something that happened. Position, time, actor and command are in the envelope beside it."""

    tag: ClassVar[str]
