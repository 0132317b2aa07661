"""The root of all stored events: frozen, named by a stable tag, without envelope.

A tag such as `booking.reserved.1` is a storage contract: once an event of it is stored, neither
the tag nor the meaning of its fields ever changes; a new shape gets the next number and an upcast.
"""

from typing import ClassVar

import msgspec


class DomainEvent(msgspec.Struct, frozen=True):
    """A fact. The envelope (position, time, actor, command) is stored beside it, not in it."""

    tag: ClassVar[str]
