"""The thirteen states of a booking, and its twenty-nine transitions as one table."""

from enum import StrEnum


class Status(StrEnum):
    """The state of a booking; the values are part of the public contract."""

    INITIATED = "initiated"
    PENDING = "pending"
    RESERVED = "reserved"
    PAID = "paid"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    BOARDED = "boarded"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    PAYMENT_FAILED = "payment_failed"
    NO_SHOW = "no_show"
    REFUNDED = "refunded"
    EXPIRED = "expired"


S = Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    S.INITIATED: frozenset({S.PENDING, S.RESERVED, S.EXPIRED, S.CANCELLED}),
    S.PENDING: frozenset({S.RESERVED, S.PAID, S.EXPIRED, S.CANCELLED, S.PAYMENT_FAILED}),
    S.RESERVED: frozenset({S.PAID, S.EXPIRED, S.CANCELLED}),
    S.PAID: frozenset({S.CONFIRMED, S.CANCELLED, S.REFUNDED}),
    S.CONFIRMED: frozenset({S.CHECKED_IN, S.CANCELLED, S.REFUNDED, S.NO_SHOW}),
    S.CHECKED_IN: frozenset({S.BOARDED, S.CANCELLED, S.NO_SHOW}),
    S.BOARDED: frozenset({S.COMPLETED, S.CANCELLED}),
    S.COMPLETED: frozenset({S.REFUNDED}),
    S.CANCELLED: frozenset({S.REFUNDED}),
    S.PAYMENT_FAILED: frozenset({S.PENDING, S.CANCELLED}),
    S.NO_SHOW: frozenset({S.REFUNDED}),
    S.REFUNDED: frozenset(),
    S.EXPIRED: frozenset(),
}

# Beside the table: a departure recorded by mistake is withdrawn, by operations, within its
# accounting day. What it closed is open again.
CORRECTIONS: dict[Status, frozenset[Status]] = {
    S.NO_SHOW: frozenset({S.CONFIRMED, S.CHECKED_IN}),
    S.COMPLETED: frozenset({S.CHECKED_IN, S.BOARDED}),
    S.BOARDED: frozenset({S.CHECKED_IN}),
    S.CANCELLED: frozenset({S.CONFIRMED, S.CHECKED_IN}),
}

# Beside the table: money that came too late brings an expired booking back, while there are seats.
RESEATINGS: dict[Status, frozenset[Status]] = {S.EXPIRED: frozenset({S.RESERVED})}

TERMINAL = frozenset(status for status, targets in TRANSITIONS.items() if not targets)
# Tickets are issued and the journey is not over.
TICKETED = frozenset({S.CONFIRMED, S.CHECKED_IN, S.BOARDED})
# Nothing is flown any more.
ENDED = TERMINAL | {S.CANCELLED, S.COMPLETED, S.NO_SHOW}
# On the waitlist: no seats are held.
WAITLISTED = frozenset({S.PENDING, S.PAYMENT_FAILED})
UNPAID = frozenset({S.INITIATED, S.PENDING, S.RESERVED, S.PAYMENT_FAILED})


def may_move(before: Status, after: Status) -> bool:
    """Whether the table allows the step (B1); no state has a step to itself."""
    return after in TRANSITIONS[before]


def may_correct(before: Status, after: Status) -> bool:
    """Whether a withdrawn departure may lead from one status to the other; CHECKED_IN to BOARDED
    is a transition besides.
    """
    return after in CORRECTIONS.get(before, ()) or (before, after) == (S.CHECKED_IN, S.BOARDED)


def may_reseat(before: Status, after: Status) -> bool:
    """Whether late money may lead from one status to the other."""
    return after in RESEATINGS.get(before, ())
