"""What travel credit has paid and got back, from its events and those of payments alone."""

from collections import Counter
from typing import Any

import msgspec

from domain.credit import events as credits
from domain.kernel import ids, money
from domain.payment.credit_part_events import CreditApplied, CreditPartFact, CreditPartReturned
from tests.support.recounted import Payment


class Use(msgspec.Struct):
    """What a credit paid under one use, and what of it came back, in minor units."""

    payment: str
    booking: str
    spent: int
    returned: int = 0


class Credit(msgspec.Struct):
    """One credit and its balance; `moved` is what else its gift card makes the books say of it.

    `card` is ordered, paid, claimed or refunded; empty for another credit.
    """

    currency: str
    balance: int
    uses: dict[str, Use] = {}
    card: str = ""
    amount: int = 0
    disputes: set[str] = set()
    shortfall: int = 0
    moved: Counter[str] = msgspec.field(default_factory=Counter)


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
        if isinstance(event, credits.GiftCardOrdered):
            assert stream not in self.known
            assert event.amount.amount > 0
            assert money.is_chargeable(event.amount)
            card = Credit(event.amount.currency, 0, card="ordered", amount=event.amount.amount)
            self.known[stream] = card
            return
        credit = self.known[stream]
        take_card(credit, event)
        match event:
            case credits.CreditSpent():
                assert event.use not in credit.uses, "a use is spent once"
                assert event.amount.currency == credit.currency
                assert credit.card in {"", "claimed"}, "spent by somebody who does not own it"
                assert not credit.disputes, "spent while its payment is disputed"
                spent = event.amount.amount
                credit.uses[event.use] = Use(event.payment, event.booking, spent)
                credit.balance -= spent
            case credits.CreditReturned():
                use = credit.uses[event.use]
                use.returned += event.amount.amount
                assert use.returned <= use.spent, "no more comes back than was spent"
                credit.balance += event.amount.amount
            case credits.PayoutApproved():
                assert not credit.card, "a gift card is paid out"
                credit.balance -= event.amount.amount
            case credits.CreditExpired():
                assert not credit.disputes, "expired while its payment is disputed"
                credit.balance -= event.amount.amount
                credit.moved["4020"] -= event.amount.amount
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


def take_card(credit: Credit, event: Any) -> None:
    """Take an event of a gift card in: paid and claimed once each, or refunded unclaimed."""
    match event:
        case credits.GiftCardPaid():
            assert credit.card == "ordered", "a card is paid once"
            credit.card = "paid"
            credit.balance = credit.amount
            credit.moved["2020"] += credit.amount
        case credits.GiftCardClaimed(owner=owner):
            assert owner
            assert credit.card == "paid", "a card is claimed once, after it is paid"
            assert not credit.disputes
            credit.card = "claimed"
        case credits.GiftCardRefunded(amount=amount):
            assert credit.card == "paid", "only what nobody has claimed is refunded"
            assert amount.amount == credit.balance
            credit.card = "refunded"
            credit.balance = 0
            credit.moved["2100"] -= amount.amount
        case credits.CreditBlocked(dispute=dispute):
            assert dispute not in credit.disputes
            credit.disputes.add(dispute)
        case credits.CreditUnblocked(dispute=dispute):
            credit.disputes.remove(dispute)
        case credits.CreditChargedBack():
            assert event.amount.amount == credit.balance or not event.shortfall
            credit.balance -= event.amount.amount
            credit.shortfall += event.shortfall
            credit.moved["1200"] -= event.amount.amount
        case credits.CreditLossRecovered(amount=amount):
            credit.balance -= amount.amount
            credit.shortfall -= amount.amount
            assert credit.shortfall >= 0
            credit.moved["6010"] -= amount.amount
        case credits.CreditReinstated():
            assert event.loss == credit.shortfall or not event.amount.amount
            credit.balance += event.amount.amount
            credit.shortfall -= event.loss
            assert credit.shortfall >= 0
            credit.moved["6010"] += event.amount.amount


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
            if event.modified_booking is not None:
                return event.modified_booking
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
    """What credit makes the books say: it is applied as money is, and pays what is owed back, or
    what a change has left at the booking.
    """
    books: Counter[tuple[str, str]] = Counter()
    for payment in payments:
        books["2020", payment.due.currency] -= paid(payment)
    for payment in draws:
        for each in payment.credit_back:
            owed_by = ids.booking_of_obligation(each.obligation or "") or payment.booking
            if each.obligation is not None and owed_by == booking:
                books["2100", each.amount.currency] += each.amount.amount
            if each.modified_booking == booking:
                books["2200", each.amount.currency] += each.amount.amount
    return books


def arrived(payments: list[Payment], owed: set[str]) -> int:
    """What went back as credit because of these obligations, in minor units."""
    return sum(
        each.amount.amount
        for payment in payments
        for each in payment.credit_back
        if each.obligation in owed
    )
