"""What is owed by claims for compensation, summed from their events alone."""

from collections import Counter
from typing import Any

from domain.compensation import events as claims

Accounts = Counter[tuple[str, str]]


class Claims:
    """The postings that the claims of each booking should have led to, by account and currency."""

    def __init__(self) -> None:
        self._owed: dict[str, tuple[str, Counter[str]]] = {}
        self._paid: dict[str, Counter[str]] = {}

    def take(self, stream: str, event: Any) -> str:
        """Take one event in; the booking that it is about."""
        if isinstance(event, claims.ClaimAssessed):
            amounts: Counter[str] = Counter()
            for share in event.shares:
                assert share.amount.amount > 0
                amounts[share.amount.currency] += share.amount.amount
            self._owed[stream] = (event.booking, amounts)
        booking, owed = self._owed[stream]
        assert stream not in self._paid, "a paid claim never changes"
        if isinstance(event, claims.ClaimWithdrawn):
            self._owed[stream] = (booking, Counter())
        if isinstance(event, claims.ClaimCredited):
            # The entry is that of the credit.
            assert dict(owed) == {event.amount.currency: event.amount.amount}
        if isinstance(event, claims.ClaimPaid):
            self._paid[stream] = owed
        return booking

    def expected(self, booking: str) -> Accounts:
        """What the accounts of compensation and the bank say about the booking."""
        found: Accounts = Counter()
        for stream, (name, owed) in self._owed.items():
            if name == booking:
                for currency, amount in owed.items():
                    found["4900", currency] += amount
                    account = "1000" if stream in self._paid else "2500"
                    found[account, currency] -= amount
        return found
