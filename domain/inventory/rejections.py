"""Why a flight says no."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class SeatsUnavailable(Rejection):
    """Fewer seats are free in the cabin than were asked for."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class FlightNotFound(Rejection):
    """No such departure."""

    code: ClassVar[str] = "NOT_FOUND"


class CabinNotFound(Rejection):
    """The departure has no such cabin."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SalesClosed(Rejection):
    """The departure is too near or past: nothing can be held on it any more."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class ScheduleUnfit(Rejection):
    """The departure contradicts itself: cabins, seats, fares or times do not fit together."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class FlightScheduledOtherwise(Rejection):
    """The departure exists already with other facts."""

    code: ClassVar[str] = "BOOKING_CONFLICT"


class SeatTaken(Rejection):
    """Somebody else has the seat, or it was asked for twice."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class SeatUnknown(Rejection):
    """The cabin has no such seat."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class NoSeatLeft(Rejection):
    """More people than seats: those without one wait at the gate."""

    code: ClassVar[str] = "SEATS_UNAVAILABLE"


class FlightOver(Rejection):
    """The flight was cancelled or has left."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class FlightNotDue(Rejection):
    """A flight cannot leave before its gate has closed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
