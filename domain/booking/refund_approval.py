"""When a refund beyond the rules needs a second person: both ask for the same amount (B13)."""

from msgspec.structs import replace

from domain.booking.refund_approval_events import RefundApprovalEvent, RefundProposed
from domain.booking.state import Booking, ProposedRefund
from domain.kernel.money import Money
from domain.kernel.sealed import Sealed


def needs_second_person(booking: Booking, amount: Money, *, most: int, by: str) -> bool:
    """Whether this user cannot grant the amount now: with what was granted before it is more than
    the `most` that one may grant of a booking, and nobody else has proposed the same.

    Of a divided booking any amount is too much, for each part would have a limit of its own.
    """
    divided = booking.divided_from is not None or bool(booking.divided_into)
    limit = 0 if divided else most
    if booking.granted + amount.amount <= limit:
        return False
    proposed = booking.proposed_refund
    return proposed is None or proposed.amount != amount or proposed.by == by


def propose(
    booking: Booking, amount: Money, *, by: str, notes: tuple[Sealed, ...] = ()
) -> list[RefundProposed]:
    """Propose it in place of what was proposed before; the same again records nothing."""
    proposed = booking.proposed_refund
    if proposed is not None and (proposed.amount, proposed.by) == (amount, by):
        return []
    return [RefundProposed(amount=amount, by=by, notes=notes)]


def evolve(booking: Booking, event: RefundApprovalEvent) -> Booking:
    """The booking after the event; `cancellation` ends the proposal when the refund is granted."""
    return replace(booking, proposed_refund=ProposedRefund(event.amount, event.by))
