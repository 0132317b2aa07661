"""What credits are worth and what they moved at bookings, summed from their events alone."""

from collections import Counter
from typing import Any

from domain.credit import events as credits

Accounts = Counter[tuple[str, str]]
# What an issued credit takes from the booking that it came from, by its origin.
SOURCES = {
    "goodwill": "4900",
    "compensation": "2500",
    "cheaper_change": "2200",
    "cancellation": "2200",
}


class Credits:
    """The balance of each credit, and the postings that credits led to at each booking."""

    def __init__(self) -> None:
        self.balances: dict[str, Counter[str]] = {}
        self._bookings: dict[str, Accounts] = {}

    def take(self, stream: str, event: Any) -> str:
        """Take one event in; the stream that has to be looked at again: a booking or the credit."""
        if isinstance(event, credits.CreditIssued):
            assert stream not in self.balances
            self.balances[stream] = Counter()
            self._move(stream, event.amount, 1)
            if event.booking is None:
                return stream
            self._at(event.booking)[SOURCES[event.origin], event.amount.currency] += (
                event.amount.amount
            )
            return event.booking
        if isinstance(event, credits.CreditExpired | credits.PayoutApproved):
            self._move(stream, event.amount, -1)
        return stream

    def expected(self, booking: str) -> Accounts:
        """What credits moved at the booking."""
        return self._bookings.get(booking, Counter())

    def _at(self, booking: str) -> Accounts:
        return self._bookings.setdefault(booking, Counter())

    def _move(self, stream: str, amount: Any, sign: int) -> None:
        balance = self.balances[stream]
        balance[amount.currency] += sign * amount.amount
        assert balance[amount.currency] >= 0
        assert len(balance) == 1
