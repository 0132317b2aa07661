"""The reasons for which a decision about a booking is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class BookingNotFound(Rejection):
    """There is no such booking, or it belongs to another user."""

    code: ClassVar[str] = "NOT_FOUND"


class ForeignBooking(BookingNotFound):
    """The booking belongs to another user; the answer is that of a booking that is not there."""


class FindRefused(BookingNotFound):
    """Reference and surname open no booking; the answer is that of a booking that is not there."""


class AttachedElsewhere(Rejection):
    """Another account has the booking; it stays there (B12)."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class InvalidReason(Rejection):
    """The reason is none of the codes."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class TransitionRefused(Rejection):
    """The table of transitions has no such step from the status of the booking."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class BookingHasExpired(Rejection):
    """The deadline of the booking has passed; its seats are on sale again."""

    code: ClassVar[str] = "BOOKING_EXPIRED"


class HoldStillRuns(Rejection):
    """A hold cannot expire before its deadline."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class AmountDiffers(Rejection):
    """The captured money is not exactly the amount due in its currency."""

    code: ClassVar[str] = "PAYMENT_REQUIRED"


class LocatorTaken(Rejection):
    """The record locator belongs to another booking; a new one is drawn."""

    code: ClassVar[str] = "BOOKING_CONFLICT"


class InvalidParty(Rejection):
    """The party breaks a rule: no adult, more infants than adults, more than nine passengers."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "passengers"


class InvalidBirthDate(Rejection):
    """A birth date is missing, impossible, or not that of the passenger type on the flights."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ModificationPending(Rejection):
    """An accepted modification is not completed: it must be paid, abandoned or expire first."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoModificationPending(Rejection):
    """There is no modification that could be paid, completed, abandoned or expired."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ModificationRefused(Rejection):
    """The modification breaks a rule: other route, departed, lower cabin, part of the party."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ExtrasRefused(Rejection):
    """No extras are sold or returned: no tickets yet, or the flight has departed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoOrderPending(Rejection):
    """There is no order of extras that could be issued, abandoned or expired."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class CouponNotOpen(Rejection):
    """The coupon is used, refunded, on board or in another booking already."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class PaymentUnconfirmed(Rejection):
    """The coupons are suspended: Stripe does not confirm the payment for them."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class PaymentDisputed(Rejection):
    """The coupons are suspended: the payer disputes the payment for them."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NoSuchPart(Rejection):
    """The booking has no such passenger or segment."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "passenger"
    reason: ClassVar[str | None] = "not_in_the_booking"


class InvalidPart(Rejection):
    """The rest of the party would break a rule: children or infants without an adult."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "passengers"


class DivisionRefused(Rejection):
    """The booking has no tickets yet or its journey is over, or a flight has departed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class PersonErased(Rejection):
    """The personal data of the passenger was erased, and what is asked for needs the name."""

    code: ClassVar[str] = "NOT_FOUND"


class NoBoardingPass(Rejection):
    """The booking has no such passenger or segment, or the passenger is not checked in on it."""

    code: ClassVar[str] = "NOT_FOUND"


class InvalidJourney(Rejection):
    """The flights do not follow each other, or are more than a booking can have."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "flightIds"


class CheckInClosed(Rejection):
    """Check-in has not opened yet or is over."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class BoardingClosed(Rejection):
    """The gate is closed."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class DocumentMissing(Rejection):
    """Check-in needs a travel document, and there is none or an invalid one; the reason is
    `missing` or what a `documentProblem` has.
    """

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "passengers"


class UnknownCountry(Rejection):
    """A code of a travel document is neither of ISO 3166 nor of ICAO 9303."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SavedPassengerRefused(Rejection):
    """A passenger cannot be saved, or the caller has saved none with this id."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SavedPassengerUnknown(Rejection):
    """The caller has saved no passenger with this id."""

    code: ClassVar[str] = "NOT_FOUND"


class NameRefused(Rejection):
    """A name has other letters or characters than a passport, or a title."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class NameCorrectionRefused(Rejection):
    """The new name is more than a correction: a ticket is not transferable."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "passenger"


class NothingToAnswer(Rejection):
    """The segment has no disruption that this answer fits, or it was answered already."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class RefundExceedsPaid(Rejection):
    """The amount is more than was paid and is not refunded yet."""

    code: ClassVar[str] = "REFUND_EXCEEDS_CAPTURED"


class InvalidRefund(Rejection):
    """The amount is less than the value of what is cancelled with it, or no card can be refunded
    exactly that."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class NothingDue(Rejection):
    """There is nothing to pay now."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class NeedsChanged(Rejection):
    """Special services were requested or withdrawn since they were opened: open them again."""

    code: ClassVar[str] = "BOOKING_CONFLICT"


class SpecialServiceRefused(Rejection):
    """The service does not fit the passenger, or the flight has no more of it."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    field: ClassVar[str | None] = "code"
