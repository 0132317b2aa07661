"""Which operations carry out the actions that a booking offers in `availableActions`."""

from collections.abc import Mapping

# What a client calls for an action of `availableActions`, in this order.
OPERATIONS_OF: Mapping[str, tuple[str, ...]] = {
    "hold": ("holdBooking",),
    "checkout": ("openCheckout",),
    "cancel": ("quoteCancellation", "cancelBooking"),
    "modify": ("quoteModification", "modifyBooking"),
    "abandon_change": ("abandonChange",),
    "correct_name": ("correctName",),
    "request_special_service": ("requestSpecialService",),
    "choose_seat": ("readSeats", "chooseSeats"),
    "check_in": ("checkIn",),
    "undo_check_in": ("undoCheckIn",),
    "board": ("boardPassengers",),
    "answer_disruption": ("answerDisruption",),
    "divide": ("divideBooking",),
    "add_extras": ("quoteExtras", "addExtras"),
    "abandon_extras": ("abandonExtras",),
    "refund_extra": ("quoteExtraRefund", "refundExtra"),
}


def action_of(operation: str) -> str | None:
    """Return the action that this operation is called for; None for one that changes no booking."""
    found = (action for action, names in OPERATIONS_OF.items() if operation in names)
    return next(found, None)
