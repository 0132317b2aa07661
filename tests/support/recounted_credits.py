"""What travel credit has paid and got back, from its events and those of payments alone."""

from collections import Counter
from typing import Any

import msgspec

from domain.credit import events as credits
from domain.kernel import ids
from domain.payment.credit_part_events import CreditApplied, CreditPartFact, CreditPartReturned
from tests.support.recounted import Payment


class Use(msgspec.Struct):
    """What a credit paid under one use, and what of it came back, in minor units."""

    payment: str
    booking: str
    spent: int
    returned: int = 0


class Credit(msgspec.Struct):
    """One credit and its balance."""

    currency: str
    balance: int
    uses: dict[str, Use] = {}


# What an issued credit takes from the booking that it came from, by its origin.
SOURCES = {
    "goodwill": "4900",
    "compensation": "2500",
    "cheaper_change": "2200",
}


class Credits:
    """All credits of a log, and what their issue moved at bookings."""

    def __init__(self) -> None:
        self.known: dict[str, Credit] = {}
        self.issued: dict[str, Counter[tuple[str, str]]] = {}

    def take(self, stream: str, event: Any) -> None:
        """Take an event of a credit in; its balance is never negative."""
        if isinstance(event, credits.CreditIssued):
            assert stream not in self.known
            self.known[stream] = Credit(event.amount.currency, event.amount.amount)
            account = (SOURCES[event.origin], event.amount.currency)
            moved = self.issued.setdefault(event.booking, Counter())
            moved[account] += event.amount.amount
            return
        credit = self.known[stream]
        match event:
            case credits.CreditSpent():
                assert event.use not in credit.uses, "a use is spent once"
                assert event.amount.currency == credit.currency
                spent = event.amount.amount
                credit.uses[event.use] = Use(event.payment, event.booking, spent)
                credit.balance -= spent
            case credits.CreditReturned():
                use = credit.uses[event.use]
                use.returned += event.amount.amount
                assert use.returned <= use.spent, "no more comes back than was spent"
                credit.balance += event.amount.amount
            case credits.CreditExpired() | credits.PayoutApproved():
                credit.balance -= event.amount.amount
        assert credit.balance >= 0, f"{stream} is overdrawn"

    def check(self, payments: dict[str, Payment]) -> None:
        """Each use says at the credit what it says at its payment."""
        found = {
            (name, use_name): (use.payment, use.spent, use.returned)
            for name, credit in self.known.items()
            for use_name, use in credit.uses.items()
        }
        assert found == {
            (event.credit, use): (name, event.amount.amount, back(payment, use))
            for name, payment in payments.items()
            for use, event in payment.credited.items()
        }


def take(payment: Payment, event: CreditPartFact) -> str:
    """Take an event of a part in; it pays once, and no more goes back than it paid.

    The booking that it is about.
    """
    match event:
        case CreditApplied():
            assert event.use not in payment.credited
            assert not payment.live, "a session collects what credit has paid"
            payment.credited[event.use] = event
            assert paid(payment) <= payment.due.amount
        case CreditPartReturned():
            assert payment.credited[event.use].credit == event.credit
            assert event.use not in payment.withdrawn
            payment.credit_back.append(event)
            assert back(payment, event.use) <= payment.credited[event.use].amount.amount
            if event.obligation is None:
                assert event.amount == payment.credited[event.use].amount
                payment.withdrawn.add(event.use)
            else:
                return ids.booking_of_obligation(event.obligation) or payment.booking
    return payment.booking


def paid(payment: Payment) -> int:
    """What credit pays of the amount due, in minor units, whatever was refunded of it."""
    return sum(
        event.amount.amount
        for use, event in payment.credited.items()
        if use not in payment.withdrawn
    )


def back(payment: Payment, use: str) -> int:
    """What of a use went back to its credit, in minor units."""
    return sum(each.amount.amount for each in payment.credit_back if each.use == use)


def expected(
    booking: str, payments: list[Payment], draws: list[Payment]
) -> Counter[tuple[str, str]]:
    """What credit makes the books say: it is applied as money is, and pays what is owed back."""
    books: Counter[tuple[str, str]] = Counter()
    for payment in payments:
        books["2020", payment.due.currency] -= paid(payment)
    for payment in draws:
        for each in payment.credit_back:
            owed_by = ids.booking_of_obligation(each.obligation or "") or payment.booking
            if each.obligation is not None and owed_by == booking:
                books["2100", each.amount.currency] += each.amount.amount
    return books


def arrived(payments: list[Payment], owed: set[str]) -> int:
    """What went back as credit because of these obligations, in minor units."""
    return sum(
        each.amount.amount
        for payment in payments
        for each in payment.credit_back
        if each.obligation in owed
    )
