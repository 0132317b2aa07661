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


class ChangeUnderWay(Rejection):
    """A modification waits for its money: pay it or let it lapse first."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoChangeUnderWay(Rejection):
    """There is no modification to pay, complete or let lapse."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ChangeRefused(Rejection):
    """The modification breaks a rule: other route, departed, lower cabin, part of the party."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class CouponNotOpen(Rejection):
    """The passenger's flight is used, refunded or at the gate already."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoSuchPart(Rejection):
    """The booking has no such passenger or flight."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class PartUnfit(Rejection):
    """What would be left of the party breaks a rule: children or infants without an adult."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class JourneyUnfit(Rejection):
    """The flights do not follow each other, or are more than a booking takes."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CheckInClosed(Rejection):
    """Check-in has not opened yet or is over."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class BoardingClosed(Rejection):
    """The gate is closed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class DocumentMissing(Rejection):
    """A travel document is needed before check-in, or the one given does not do."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class NameChangeRefused(Rejection):
    """More than a correction: a ticket is not transferable."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class NothingToAnswer(Rejection):
    """The airline has not disturbed this flight, or was answered."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RefundUnfit(Rejection):
    """More than was paid, or less than what is still owed in carriage."""

    code: ClassVar[str] = "REFUND_EXCEEDS_CAPTURED"


class NothingDue(Rejection):
    """There is nothing to pay now."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
