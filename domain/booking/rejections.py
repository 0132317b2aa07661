"""Why a booking says no."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class BookingNotFound(Rejection):
    """No such booking, or somebody else's."""

    code: ClassVar[str] = "NOT_FOUND"


class TransitionRefused(Rejection):
    """The state table has no such step from where the booking stands."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class BookingHasExpired(Rejection):
    """The hold lapsed; the seats are on sale again."""

    code: ClassVar[str] = "BOOKING_EXPIRED"


class HoldStillRuns(Rejection):
    """A hold cannot lapse before its deadline."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class AmountDiffers(Rejection):
    """The captured money is not exactly the amount due in its currency."""

    code: ClassVar[str] = "PAYMENT_REQUIRED"


class LocatorTaken(Rejection):
    """The record locator belongs to another booking; a new one is drawn."""

    code: ClassVar[str] = "BOOKING_CONFLICT"


class PassengersUnfit(Rejection):
    """The party breaks a rule: nobody adult, more infants than laps, more than nine."""

    code: ClassVar[str] = "VALIDATION_ERROR"
