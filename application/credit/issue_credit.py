"""Staff give the owner of a booking travel credit as goodwill."""

from application.booking.access import visible_booking
from application.booking.staff_notes import Notes, sealed_note
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.credit.new_credit import issue_to_owner
from application.credit.ports import CreditPorts
from application.credit.read_credits import CreditDetails, read_credit
from domain.booking import rejections as booking_rejections
from domain.credit import rejections
from domain.identity import roles
from domain.kernel.money import Money

# What support may give at once, in minor units; finance may give more. The airline confirms them.
SUPPORT_LIMITS = {"SAR": 500_00, "KWD": 40_000, "JPY": 20_000}


async def issue_credit(
    ports: CreditPorts, caller: Caller, id_or_reference: str, *, amount: Money, reason: str
) -> tuple[CreditDetails, bool]:
    """Issue credit to the booking's owner; `reason` is staff's words. True for a replay.

    The caller's role was checked. Rejects BookingNotFound, and InvalidCredit for another currency
    than the booking's, no amount, or more than support may give.
    """
    booking_id, booking = await visible_booking(ports.booking, caller.principal, id_or_reference)
    _require_within_limit(caller, amount)
    notes = await sealed_note(ports.booking.vault, booking, reason)
    command = IssueCredit(booking_id=booking_id, amount=amount, notes=notes)
    outcome = await ports.booking.bus.submit(caller.envelope(command))
    return await read_credit(ports, outcome.answer.stream), outcome.replayed


def _require_within_limit(caller: Caller, amount: Money) -> None:
    most = SUPPORT_LIMITS.get(amount.currency, 0)
    if not roles.may(caller.principal.role, "override_refund") and amount.amount > most:
        raise rejections.InvalidCredit(field="amount", reason="over_limit", most=most)


class IssueCredit(Command, frozen=True):
    """`notes` are what staff wrote, sealed."""

    booking_id: str
    amount: Money
    notes: Notes = ()

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound and InvalidCredit. The answer is the new credit."""
        booking = context.load(stream_kinds.BOOKING, self.booking_id)
        if booking is None:
            raise booking_rejections.BookingNotFound()
        if self.amount.currency != booking.currency:
            raise rejections.InvalidCredit(
                field="currency", reason=f"{booking.currency} is expected"
            )
        credit_id = issue_to_owner(
            context,
            self.booking_id,
            booking,
            amount=self.amount,
            origin="goodwill",
            notes=self.notes,
        )
        return Reply(credit_id)
