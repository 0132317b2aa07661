"""The event by which a hold is extended because Stripe did not answer, and its root.

The fields are a storage contract, as in `events.py`.
"""

import datetime as dt
from typing import ClassVar, Literal

from domain.kernel.events import DomainEvent


class HoldExtensionFact(DomainEvent, frozen=True):
    """Root of the events of holds that are extended."""

    capability: ClassVar[Literal["hold_extension"]] = "hold_extension"


class HoldExtended(HoldExtensionFact, frozen=True):
    """The hold ends later, because Stripe did not open the session of this attempt to pay."""

    tag: ClassVar[str] = "booking.hold_extended.1"
    attempt: str
    hold_until: dt.datetime


HoldExtensionEvent = HoldExtended
