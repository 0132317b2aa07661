"""The actions that are open on a booking: `availableActions` of the public contract."""

import datetime as dt
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


def available_actions(
    booking: Booking,
    facts: Sequence[SegmentFacts],
    *,
    window: CheckInWindow,
    at_gate: bool,
    now: dt.datetime,
) -> tuple[Action, ...]:
    """The actions whose guards pass now; decisions call the same guards.

    `facts` of each segment; none for a booking without tickets, where nothing depends on them.
    """
    situation = Situation(tuple(facts), window, at_gate, now)

    def open_of(
        actions: tuple[Part, ...], is_open: Callable[[Part, Booking, Situation], bool]
    ) -> list[Part]:
        return [action for action in actions if is_open(action, booking, situation)]

    return (
        *open_of(get_args(sale.SaleAction), sale.is_open),
        *open_of(get_args(cancellation.CancellationAction), cancellation.is_open),
        *open_of(get_args(modification.ModificationAction), modification.is_open),
        *open_of(get_args(passenger_details.PassengerDetailAction), passenger_details.is_open),
        *open_of(get_args(seats.SeatAction), seats.is_open),
        *open_of(get_args(check_in.CheckInAction), check_in.is_open),
        *open_of(get_args(disruption.DisruptionAction), disruption.is_open),
        *open_of(get_args(division.DivisionAction), division.is_open),
    )
