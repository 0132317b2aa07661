"""The actions that are open on a booking: `availableActions` of the public contract."""

import datetime as dt
import functools
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, get_args

from domain.booking import (
    cancellation,
    check_in,
    disruption,
    division,
    modification,
    passenger_details,
    sale,
    seats,
)
from domain.booking.preconditions import CheckInWindow, SegmentFacts, Situation
from domain.booking.state import Booking

Action = Literal[
    sale.SaleAction,
    cancellation.CancellationAction,
    modification.ModificationAction,
    passenger_details.PassengerDetailAction,
    seats.SeatAction,
    check_in.CheckInAction,
    disruption.DisruptionAction,
    division.DivisionAction,
]
Part = TypeVar("Part")
_OpenNow = Callable[[Booking, Situation], bool]


def _guarded(
    actions: tuple[Part, ...], is_open: Callable[[Part, Booking, Situation], bool]
) -> list[tuple[Part, _OpenNow]]:
    return [(action, functools.partial(is_open, action)) for action in actions]


# In the order in which clients see them.
_GUARDED: tuple[tuple[Action, _OpenNow], ...] = (
    *_guarded(get_args(sale.SaleAction), sale.is_open),
    *_guarded(get_args(cancellation.CancellationAction), cancellation.is_open),
    *_guarded(get_args(modification.ModificationAction), modification.is_open),
    *_guarded(get_args(passenger_details.PassengerDetailAction), passenger_details.is_open),
    *_guarded(get_args(seats.SeatAction), seats.is_open),
    *_guarded(get_args(check_in.CheckInAction), check_in.is_open),
    *_guarded(get_args(disruption.DisruptionAction), disruption.is_open),
    *_guarded(get_args(division.DivisionAction), division.is_open),
)
# These pass for no booking without tickets.
_OF_TICKETS: tuple[Action, ...] = (
    "modify",
    *get_args(check_in.CheckInAction),
    *get_args(division.DivisionAction),
)
_BEFORE_TICKETS = tuple([each for each in _GUARDED if each[0] not in _OF_TICKETS])


def available_actions(
    booking: Booking,
    facts: Sequence[SegmentFacts],
    *,
    windows: Sequence[CheckInWindow],
    at_gate: bool,
    now: dt.datetime,
) -> tuple[Action, ...]:
    """The actions whose guards pass now; decisions call the same guards.

    `facts` and `windows` of each segment; none for a booking without tickets, where nothing depends
    on them.
    """
    situation = Situation(tuple(facts), tuple(windows), at_gate, now)
    guarded = _GUARDED if facts else _BEFORE_TICKETS
    return tuple([action for action, is_open in guarded if is_open(booking, situation)])
