"""Travel credit for tests: issued by a command, spent, and what it says afterwards."""

import datetime as dt
from typing import Any

from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from domain.credit import credits
from domain.credit.events import Origin
from domain.kernel import ids, money
from domain.ledger import credits as posting
from domain.policies.money_values import CREDIT_LIFETIMES

OWNER = "user_1"
# How long credit lasts at the launch: from its issue on, and at least after it came back because of
# the airline or otherwise.
LIFETIME, RETURNED, GRACE = (
    CREDIT_LIFETIMES.issued,
    CREDIT_LIFETIMES.returned,
    CREDIT_LIFETIMES.grace,
)
# The booking that the credit is an apology for; nothing else happens to it.
ELSEWHERE = ids.booking_stream("ZZZZZZ")


class IssueForTest(Command, frozen=True):
    """Issue credit to a user: goodwill, or of another origin, by nobody's decision."""

    credit_id: str
    amount: money.Money
    owner: str = OWNER
    issued_at: dt.datetime | None = None
    origin: Origin = "goodwill"

    @property
    def streams(self) -> tuple[str, ...]:
        """The credit."""
        return (self.credit_id,)

    def decide(self, context: DecisionContext) -> Reply:
        """Issue it once; `issued_at` in the past makes it expire earlier."""
        if not context.begin(stream_kinds.CREDIT, self.credit_id):
            return Reply(self.credit_id)
        issued = credits.issue(
            owner=self.owner,
            amount=self.amount,
            origin=self.origin,
            expires_at=(self.issued_at or context.now) + LIFETIME,
            booking=ELSEWHERE,
            entry=posting.issued_entry(
                credit=self.credit_id,
                origin=self.origin,
                of=ELSEWHERE,
                amount=self.amount,
                now=context.now,
            ),
        )
        context.record(self.credit_id, issued)
        return Reply(self.credit_id)


def credit_name(number: int) -> str:
    """Return the id of a credit, from a number."""
    return ids.credit_stream(number.to_bytes(ids.CREDIT_RANDOM_BYTES, "big"))


def issue(airline: Any, amount: int, currency: str = "SAR", *, number: int = 1, **more: Any) -> str:
    """Issue credit of this many minor units; its id."""
    name = credit_name(number)
    airline.submit(IssueForTest(name, money.Money(amount, currency), **more))
    return name
