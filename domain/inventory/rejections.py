"""The reasons for which a decision about a flight is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class SeatsUnavailable(Rejection):
    """Fewer seats are free in the cabin than were requested."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class TooManyUnpaidSeats(Rejection):
    """The account or the address would hold more seats without having paid than its limit.

    `is_first` is whether the limit has refused nothing before in its window.
    """

    code: ClassVar[str] = "RATE_LIMITED"
    is_first: bool = False

    def __init__(self, *, retry_after_seconds: int, **parameters: str | int) -> None:
        super().__init__(**parameters)
        self.retry_after_seconds = retry_after_seconds


class FlightNotFound(Rejection):
    """There is no such departure."""

    code: ClassVar[str] = "NOT_FOUND"


class AirportNotServed(Rejection):
    """The airline does not fly to or from this airport."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CabinNotFound(Rejection):
    """The departure has no such cabin."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "cabin"
    reason: ClassVar[str | None] = "not_on_this_flight"


class SalesClosed(Rejection):
    """The sale of the departure has ended: seats can no longer be held."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class InvalidSchedule(Rejection):
    """The schedule is inconsistent: cabins, seats, fares or times contradict each other."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "cabins"


class FlightAlreadyScheduled(Rejection):
    """The number has a departure on this day already: with other facts, or cancelled.

    A second departure needs an operational suffix; a cancelled one can be reinstated.
    """

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoDepartures(Rejection):
    """The carrier has no departure on these days that could be exported."""

    code: ClassVar[str] = "NOT_FOUND"


class SeatTaken(Rejection):
    """Another passenger has the seat, or it was requested twice."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class SeatUnknown(Rejection):
    """The cabin has no such seat."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    reason: ClassVar[str | None] = "no_such_seat"


class SeatNotAllowed(Rejection):
    """The passenger may not sit there: at an exit, or with an infant beside another infant."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class FlightOver(Rejection):
    """The flight is cancelled or has departed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class FlightNotDeparted(Rejection):
    """No departure is recorded that could be withdrawn."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class DepartureFinal(Rejection):
    """The accounting day of the departure is over: it can no longer be withdrawn."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class FlightNotDue(Rejection):
    """A flight cannot depart before its gate has closed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
