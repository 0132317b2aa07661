"""The state of a period."""

import msgspec

from domain.period.events import ReopeningReason


class Period(msgspec.Struct, frozen=True):
    """A month that was closed at least once.

    `closed_by` is who closed it last, `known` the log position that it was closed on.
    `reopening_asked_by` is the user whose request waits for another's approval.
    """

    closed: bool
    closed_by: str
    known: int
    reopening_asked_by: str | None = None
    reason: ReopeningReason | None = None
