"""A new credit as a part of another decision."""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.credit import credits
from domain.credit.events import Origin
from domain.kernel import ids
from domain.kernel.money import Money
from domain.ledger import credits as posting_rules


def leave_credit(
    context: DecisionContext,
    booking_id: str,
    *,
    amount: Money,
    origin: Origin,
    source: posting_rules.Source = "booking",
) -> str:
    """Issue credit to the owner of a booking; its id. `source` is where the amount comes from.

    By default it is what the entry of a change or a cancellation left in 2200 at the booking.
    """
    booking = context.load(stream_kinds.BOOKING, booking_id)
    assert booking is not None, "credit comes from a booking that exists"
    credit_id = begin_credit(context)
    issued = credits.issue(
        None,
        owner=booking.owner,
        amount=amount,
        origin=origin,
        now=context.now,
        booking=booking_id,
        entry=posting_rules.issued_entry(
            credit=credit_id, source=source, of=booking_id, amount=amount, now=context.now
        ),
    )
    context.record(credit_id, issued)
    return credit_id


def begin_credit(context: DecisionContext) -> str:
    """Begin the stream of a new credit under a random id."""
    credit_id = ids.credit_stream(context.random_bytes(ids.CREDIT_RANDOM_BYTES))
    begun = context.begin(stream_kinds.CREDIT, credit_id)
    assert begun, "eighty random bits are fresh"
    return credit_id
