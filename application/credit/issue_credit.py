"""Staff give the owner of a booking travel credit as goodwill, support within limits.

The limits count what the booking and its owner have been given in a period, by anybody. The ids of
goodwill credits are made of owner, day and number: whatever two supporters give at the same moment,
one of them is decided again and counts what the other has given.
"""

import datetime as dt

from application.booking.access import others_booking
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
from domain.credit.state import Credit
from domain.identity import roles
from domain.kernel import entries, ids
from domain.kernel.money import Money

# What support may give for a booking in the period, in minor units; finance may give more. The
# airline confirms both.
SUPPORT_LIMITS = {"SAR": 500_00, "KWD": 40_000, "JPY": 20_000}
# The limit of a customer, in those of a booking.
LIMITS_OF_CUSTOMER = 2


async def issue_credit(
    ports: CreditPorts, caller: Caller, id_or_reference: str, *, amount: Money, reason: str
) -> tuple[CreditDetails, bool]:
    """Issue credit to the booking's owner; `reason` is staff's words. True for a replay.

    The caller's role was checked. Rejects BookingNotFound, NotAllowed for a booking of their own,
    and what the command does.
    """
    booking_id, booking = await others_booking(ports.booking, caller.principal, id_or_reference)
    notes = await sealed_note(ports.booking.vault, booking, reason)
    is_limited = not roles.may(caller.principal.role, "override_refund")
    command = IssueCredit(
        booking_id=booking_id,
        amount=amount,
        notes=notes,
        limit_days=ports.goodwill_days if is_limited else None,
    )
    outcome = await ports.booking.bus.submit(caller.envelope(command))
    return await read_credit(ports, outcome.answer.stream), outcome.replayed


class IssueCredit(Command, frozen=True):
    """`notes` are what staff wrote, sealed; `limit_days` the period of the limits of support,
    None for those who have none.
    """

    booking_id: str
    amount: Money
    notes: Notes = ()
    limit_days: int | None = None

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound, and InvalidCredit for another currency than the booking's, no
        amount, or more than support may give. The answer is the new credit.
        """
        booking = context.load(stream_kinds.BOOKING, self.booking_id)
        if booking is None:
            raise booking_rejections.BookingNotFound()
        if self.amount.currency != booking.currency:
            raise rejections.InvalidCredit(
                field="amount.currency", reason=f"{booking.currency} is expected"
            )
        given, credit_id = _given(context, booking.owner, days=self.limit_days or 1)
        if self.limit_days is not None:
            self._require_within_limits(given)
        return Reply(
            issue_to_owner(
                context,
                self.booking_id,
                booking,
                amount=self.amount,
                origin="goodwill",
                notes=self.notes,
                credit_id=credit_id,
            )
        )

    def _require_within_limits(self, given: list[Credit]) -> None:
        """Reject more than support may still give for the booking, and to its owner."""
        limit = SUPPORT_LIMITS.get(self.amount.currency, 0)
        alike = [each for each in given if each.issued.currency == self.amount.currency]
        of_booking = sum(each.issued.amount for each in alike if each.booking == self.booking_id)
        of_customer = sum(each.issued.amount for each in alike)
        most = max(0, min(limit - of_booking, limit * LIMITS_OF_CUSTOMER - of_customer))
        if self.amount.amount > most:
            raise rejections.InvalidCredit(field="amount", reason="over_limit", most=most)


def _given(context: DecisionContext, owner: str, *, days: int) -> tuple[list[Credit], str]:
    """Return what goodwill the user has been given in these days, and the next free id of today."""
    today = entries.accounting_day(context.now)
    given: list[Credit] = []
    free = ""
    # For each day, the number of the credit that is looked for next.
    wanted = {today - dt.timedelta(days=ago): 1 for ago in range(days)}
    while wanted:
        names = {day: ids.goodwill_stream(owner, day, number) for day, number in wanted.items()}
        known = context.load_all(stream_kinds.CREDIT, list(names.values()))
        given += [each for each in known.values() if each is not None]
        if today in names and known[names[today]] is None:
            free = names[today]
        wanted = {day: wanted[day] + 1 for day, name in names.items() if known[name] is not None}
    return given, free
