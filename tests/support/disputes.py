"""Disputes as Stripe reports them, on the airline in memory."""

import datetime as dt
from typing import Any

import msgspec

from application.booking.record_dispute import RecordDispute
from application.payment.dispute_gateway import DisputeTransaction, ProviderDispute
from domain.kernel import money
from domain.payment.dispute_state import Dispute
from tests.support.airline import payment_of
from tests.support.memory_airline import MemoryAirline

DISPUTE = "dp_1"
DUE_AT = dt.datetime(2026, 12, 10, 23, 59, 59, tzinfo=dt.UTC)


class Disputed:
    """A dispute of a capture that changes at Stripe; each change is recorded at once.

    Amounts are minor units of the charge's currency, fees of the same.
    """

    def __init__(
        self,
        airline: MemoryAirline,
        booking: str,
        *,
        amount: int,
        intent: str | None = None,
        payment: str | None = None,
        dispute: str = DISPUTE,
        status: str = "needs_response",
    ) -> None:
        self.airline = airline
        self.booking = booking
        self.payment = payment or payment_of(booking)
        self.intent = intent or airline.payment(self.payment).captures[0].intent
        captured = airline.payment(self.payment).capture(self.intent)
        self.currency = captured.amount.currency
        self.now: Any = ProviderDispute(
            id=dispute,
            status=status,  # type: ignore[arg-type]  # one of Stripe's words
            amount=money.Money(amount, self.currency),
            reason="fraudulent",
            charge=captured.charge,
            payment_intent=self.intent,
            evidence_due_at=DUE_AT,
            submission_count=0,
        )

    @property
    def state(self) -> Dispute:
        """As the log has it."""
        found: Dispute | None = self.airline.payment(self.payment).dispute(self.now.id)
        assert found is not None
        return found

    def record(self) -> None:
        """Record how it stands."""
        self.airline.submit(RecordDispute(self.payment, self.intent, self.now))

    def becomes(self, status: str, **changes: Any) -> None:
        """It has another status, or changes besides; record it."""
        self.now = msgspec.structs.replace(self.now, status=status, **changes)
        self.record()

    def moved(self, amount: int, *, fee: int = 0, currency: str | None = None) -> None:
        """One balance transaction more: negative where Stripe took money; not recorded yet."""
        known = self.now.transactions
        unit = currency or self.currency
        name = f"txn_{self.now.id}_{len(known) + 1}"
        fresh = DisputeTransaction(name, money.Money(amount, unit), money.Money(fee, unit))
        self.now = msgspec.structs.replace(self.now, transactions=(*known, fresh))

    def withdrawn(self, *, fee: int = 0) -> None:
        """Stripe has taken the disputed amount and a fee; record it."""
        self.moved(-self.now.amount.amount, fee=fee)
        self.record()


def books(airline: MemoryAirline, *accounts: str) -> dict[str, int]:
    """What the accounts hold, of all bookings and of one currency; all but those of zero."""
    sums: dict[str, int] = {}
    for recorded in airline.log.events:
        entry = getattr(recorded.event, "entry", None)
        for posting in () if entry is None else entry.postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    return {
        account: amount
        for account, amount in sorted(sums.items())
        if amount and (not accounts or account in accounts)
    }
