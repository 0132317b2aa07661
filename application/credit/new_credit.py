"""A new credit as a part of another decision."""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.credit import credits
from domain.credit.events import Origin
from domain.kernel import ids
from domain.kernel.money import Money
from domain.ledger import credits as posting_rules


def leave_credit(
    context: DecisionContext, booking_id: str, *, amount: Money, origin: Origin
) -> None:
    """Issue the owner what the entry of a change or a cancellation left in 2200 at the booking."""
    booking = context.load(stream_kinds.BOOKING, booking_id)
    assert booking is not None, "it was changed or cancelled in this append"
    credit_id = begin_credit(context)
    issued = credits.issue(
        None,
        owner=booking.owner,
        amount=amount,
        origin=origin,
        now=context.now,
        booking=booking_id,
        entry=posting_rules.issued_entry(
            credit=credit_id, source="booking", of=booking_id, amount=amount, now=context.now
        ),
    )
    context.record(credit_id, issued)


def begin_credit(context: DecisionContext) -> str:
    """Begin the stream of a new credit under a random id."""
    credit_id = ids.credit_stream(context.random_bytes(ids.CREDIT_RANDOM_BYTES))
    begun = context.begin(stream_kinds.CREDIT, credit_id)
    assert begun, "eighty random bits are fresh"
    return credit_id
