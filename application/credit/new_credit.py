"""A new credit, by itself or as a part of another decision."""

from application.booking import letters
from application.commands import stream_kinds
from application.commands.context import DecisionContext
from application.policies.rules_now import load_rule
from domain.booking.state import Booking
from domain.credit import credits
from domain.credit.events import Origin
from domain.kernel import entries, ids, sealed
from domain.kernel.money import Money
from domain.ledger import credits as posting_rules
from domain.policies.money_values import CreditLifetimes


def issue_to_owner(
    context: DecisionContext,
    booking_id: str,
    booking: Booking,
    *,
    amount: Money,
    origin: Origin,
    notes: tuple[sealed.Sealed, ...] = (),
    credit_id: str | None = None,
) -> str:
    """Issue credit to the owner of the booking that it comes from, and write so; return its id.

    `credit_id` is one that the decision has found to be free. Rejects InvalidCredit for no amount.
    """
    if credit_id is None:
        credit_id = ids.credit_stream(context.random_bytes(ids.CREDIT_RANDOM_BYTES))
        begun = context.begin(stream_kinds.CREDIT, credit_id)
        assert begun, "eighty random bits are fresh"
    expires_at = context.now + load_rule(context, CreditLifetimes).issued
    issued = credits.issue(
        owner=booking.owner,
        amount=amount,
        origin=origin,
        expires_at=expires_at,
        booking=booking_id,
        notes=notes,
        entry=posting_rules.issued_entry(
            credit=credit_id, origin=origin, of=booking_id, amount=amount, now=context.now
        ),
    )
    context.record(credit_id, issued)
    letter = letters.CreditLetter(
        booking_id=booking_id,
        about=credit_id,
        amount=amount.amount,
        currency=amount.currency,
        until=entries.accounting_day(expires_at),
    )
    context.enqueue(letter)
    return credit_id
