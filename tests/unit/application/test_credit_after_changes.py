"""What credit has paid comes back to it when a change costs less: goodwill never becomes money."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from application.booking.answer_disruption import RefundDisruption
from application.booking.cancel_booking import Part
from application.booking.divide_booking import DivideBooking
from application.booking.offer_disruption import OfferDisruption
from application.credit.pay_out_credit import ApprovePayout, DeclinePayout, ProposePayout
from application.credit.spend_credit import SpendCredit
from application.inventory.cancel_flight import CancelFlight
from domain.booking.states import Status
from domain.credit import credits
from domain.credit.events import CreditIssued
from domain.credit.rejections import CreditNotSpendable, PayoutRefused
from domain.kernel import money, sealed
from domain.kernel.rejections import Rejection
from tests.support import invariants
from tests.support.airline import capture
from tests.support.credits import LIFETIME, RETURNED, issue
from tests.support.disputes import Disputed
from tests.support.gift_cards import claimed
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": (90_000, 50_000, 20_000), "KWD": (90_000, 45_000, 20_000), "JPY": (90, 50, 20)}


class Case:
    """A booking in a class that leaves credit, on the flight of the middle fare; two adults."""

    def __init__(self, currency: str = "SAR") -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes()
        self.currency = currency
        scale = 1_000 if currency == "JPY" else 1
        self.flights: list[str] = [
            self.airline.schedule(
                f"SV{number}",
                seats=9,
                fare=fare * scale,
                currency=currency,
                residue="credit",
                in_days=40,
            )
            for number, fare in enumerate(FARES[currency], start=1)
        ]
        self.booking: str = self.airline.book(self.flights[1], "ADT", "ADT")
        self.bookings = [self.booking]
        self.due: money.Money = self.airline.booking(self.booking).price.total()
        self.intents = 0

    def credit(self, amount: int, *, number: int = 1, origin: str = "goodwill") -> str:
        """A credit of the booking's owner."""
        return issue(self.airline, amount, self.currency, number=number, origin=origin)

    def spend(self, credit: str, amount: int | None = None, *, booking: str = "") -> None:
        """Spend it on what is due."""
        wanted = None if amount is None else money.Money(amount, self.currency)
        self.airline.submit(SpendCredit(booking or self.booking, credit, "user_1", wanted))

    def pay(self, booking: str = "") -> int:
        """A card pays what is outstanding; the amount."""
        payment_id, attempt = self.airline.checkout(booking or self.booking)
        amount: money.Money = self.airline.payment(payment_id).asked_by(attempt)
        self.intents += 1
        paid = capture(
            booking or self.booking,
            amount,
            intent=f"pi_{self.intents}",
            attempt=attempt,
        )
        self.airline.submit(paid)
        return amount.amount

    def change(self, to: int, *, booking: str = "") -> int:
        """Change to one of the flights; what it leaves, in minor units."""
        quote = self.airline.modify(booking or self.booking, self.flights[to])
        back: int = quote.modification.back
        return back

    def balance(self, credit: str) -> int:
        """What is left of the credit."""
        left: int = self.airline.state(credit).balance.amount
        return left

    def left_by_changes(self) -> dict[str, int]:
        """What changes have left as new credit, by its id."""
        return {
            name: recorded.event.amount.amount
            for name, events in self.airline.log.streams.items()
            for recorded in events
            if isinstance(recorded.event, CreditIssued)
            and recorded.event.origin == "cheaper_change"
        }

    def payments(self) -> list[Any]:
        """All payments as they are now."""
        names = {n for each in self.bookings for n in self.airline.booking(each).payments}
        return [self.airline.payment(name) for name in sorted(names)]

    def to_cards(self) -> int:
        """What goes back to cards."""
        return sum(r.amount.amount for each in self.payments() for r in each.refunds)


@pytest.mark.parametrize("currency", sorted(FARES))
def test_a_fare_that_goodwill_has_paid_leaves_goodwill(currency: str) -> None:
    case = Case(currency)
    goodwill = case.credit(case.due.amount)
    case.spend(goodwill)
    left = case.change(2)
    assert left > 0
    assert case.balance(goodwill) == left
    assert case.left_by_changes() == {}
    with pytest.raises(PayoutRefused, match="goodwill"):
        credits.propose_payout(
            case.airline.state(goodwill),
            account=sealed.Sealed("subject", b"account"),
            by="finance_1",
            now=case.airline.clock(),
            today=case.airline.clock().date(),
        )
    invariants.check(case.airline.log)


def test_of_card_and_goodwill_the_goodwill_comes_back_first_and_the_card_later_in_full() -> None:
    case = Case()
    goodwill = case.credit(case.due.amount // 5)
    case.spend(goodwill)
    paid = case.pay()
    left = case.change(2)
    assert left > case.due.amount // 5
    assert case.balance(goodwill) == case.due.amount // 5
    (issued,) = case.left_by_changes().values()
    assert issued == left - case.due.amount // 5
    case.airline.cancel(case.booking)
    owed = case.airline.booking(case.booking).owed().amount
    assert case.to_cards() == owed <= paid - issued
    assert case.balance(goodwill) == case.due.amount // 5, "nothing is left of it in the booking"
    invariants.check(case.airline.log)


def test_a_small_difference_is_goodwill_alone_and_a_refund_divides_what_is_left() -> None:
    case = Case()
    goodwill = case.credit(case.due.amount * 4 // 5)
    case.spend(goodwill)
    paid = case.pay()
    left = case.change(2)
    assert left < case.due.amount * 4 // 5
    assert case.balance(goodwill) == left
    assert case.left_by_changes() == {}
    case.airline.cancel(case.booking)
    owed = case.airline.booking(case.booking).owed()
    shares = money.split(owed, [paid, case.due.amount * 4 // 5 - left])
    assert [case.to_cards(), case.balance(goodwill) - left] == [each.amount for each in shares]
    invariants.check(case.airline.log)


def test_credit_of_compensation_comes_back_to_its_own_credit_after_the_goodwill() -> None:
    case = Case()
    tenth = case.due.amount // 10
    compensation = case.credit(tenth * 9, number=1, origin="compensation")
    goodwill = case.credit(tenth, number=2)
    case.spend(compensation)
    case.spend(goodwill)
    end = case.airline.state(compensation).expires_at
    left = case.change(2)
    assert case.balance(goodwill) == tenth
    assert case.balance(compensation) == left - tenth
    assert case.left_by_changes() == {}
    assert case.airline.state(compensation).expires_at == end, "a detour makes it last no longer"


def test_the_goodwill_of_a_divided_booking_comes_back_whichever_half_is_changed() -> None:
    case = Case()
    goodwill = case.credit(case.due.amount // 2)
    case.spend(goodwill)
    case.pay()
    half = case.airline.submit(DivideBooking(case.booking, (1,))).answer.stream
    left = case.change(2, booking=half) + case.change(2)
    assert case.balance(goodwill) == min(left, case.due.amount // 2)
    assert sum(case.left_by_changes().values()) == left - case.balance(goodwill)
    invariants.check(case.airline.log)


@pytest.mark.parametrize("ends", ["won", "lost"])
def test_the_payer_has_no_credit_of_money_that_they_dispute(ends: str) -> None:
    case = Case()
    paid = case.pay()
    left = case.change(2)
    (credit,) = case.left_by_changes()
    propose = ProposePayout(credit, sealed.Sealed("subject", b"account"), "finance_1")
    approve = ApprovePayout(credit, "FT-1", case.airline.clock().date(), "finance_2")
    case.airline.submit(propose)
    disputed = Disputed(case.airline, case.booking, amount=paid, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    other = case.airline.book(case.flights[2])

    def require_refused() -> None:
        with pytest.raises(PayoutRefused, match="disputed"):
            case.airline.submit(approve)
        case.airline.submit(DeclinePayout(credit, "finance_2"))
        with pytest.raises(PayoutRefused, match="disputed"):
            case.airline.submit(propose)
        with pytest.raises(CreditNotSpendable) as refused:
            case.spend(credit, booking=other)
        assert refused.value.parameters["reason"] == "disputed"

    require_refused()
    disputed.becomes(ends)
    if ends == "won":
        case.airline.submit(propose)
        case.airline.submit(approve)
        assert case.balance(credit) == 0
        return
    with pytest.raises(CreditNotSpendable):
        case.spend(credit, booking=other)
    assert case.balance(credit) == left
    invariants.check(case.airline.log)


def test_a_small_part_of_the_money_that_a_dispute_takes_leaves_the_credit() -> None:
    case = Case()
    case.pay()
    case.change(2)
    (credit,) = case.left_by_changes()
    disputed = Disputed(case.airline, case.booking, amount=100, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    disputed.becomes("lost")
    other = case.airline.book(case.flights[2])
    case.spend(credit, booking=other)
    assert case.airline.booking(other).status is Status.CONFIRMED


def test_a_fare_that_a_gift_card_has_paid_leaves_no_credit_that_can_be_paid_out() -> None:
    case = Case()
    tenth = case.due.amount // 10
    compensation = case.credit(tenth * 9, origin="compensation")
    card = claimed(case.airline, money.Money(tenth, "SAR"))
    case.spend(compensation)
    case.spend(card)
    left = case.change(2)
    assert case.balance(card) == tenth
    assert case.balance(compensation) == left - tenth
    assert case.left_by_changes() == {}


@pytest.mark.parametrize("way", ["answer", "cancel"])
def test_a_cancelled_flight_makes_credit_last_longer_and_a_cancelled_booking_does_not(
    way: str,
) -> None:
    for by_airline in (True, False):
        case = Case()
        soon = case.airline.clock() - LIFETIME + dt.timedelta(days=20)
        goodwill = issue(case.airline, case.due.amount, issued_at=soon)
        case.spend(goodwill)
        before = case.airline.state(goodwill).expires_at
        if by_airline:
            flight = case.flights[1]
            case.airline.submit(CancelFlight(flight, "no crew"))
            case.airline.submit(
                OfferDisruption(case.booking, flight, "cancelled", "no crew", material=True)
            )
        if by_airline and way == "answer":
            case.airline.submit(RefundDisruption(case.booking, 0))
        else:
            case.airline.cancel(case.booking)
        assert case.balance(goodwill) > 0
        after = case.airline.state(goodwill).expires_at
        longer = case.airline.clock() + RETURNED
        assert after == (longer if by_airline else before)


WHICH = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("change"), WHICH),
    st.tuples(st.just("change"), WHICH),
    st.tuples(st.just("spend"), WHICH, st.one_of(st.none(), st.integers(1, 9))),
    st.tuples(st.just("pay")),
    st.tuples(st.just("divide")),
    st.tuples(st.just("cancel"), st.one_of(st.none(), st.integers(0, 1))),
    st.tuples(st.just("turn")),
)


class AnyOrder(Case):
    """Steps of a customer with goodwill, compensation and a card; what a rule refuses is none."""

    def __init__(self, currency: str, shares: tuple[int, int]) -> None:
        super().__init__(currency)
        self.goodwill = self.credit(max(1, self.due.amount * shares[0] // 10))
        self.compensation = self.credit(
            max(1, self.due.amount * shares[1] // 10), number=2, origin="compensation"
        )
        self.turned = False

    @property
    def at(self) -> str:
        """The booking that the next step is about."""
        return self.bookings[-1 if self.turned else 0]

    def do(self, step: tuple[Any, ...]) -> None:
        """Take a step."""
        try:
            getattr(self, f"_{step[0]}")(*step[1:])
        except Rejection:
            return

    def _change(self, to: int) -> None:
        self.change(to, booking=self.at)

    def _spend(self, which: int, tenths: int | None) -> None:
        known = [self.goodwill, self.compensation, *sorted(self.left_by_changes())]
        amount = None
        if tenths is not None:
            amount = money.round_to_charge_step(self.due.amount * tenths, 10, self.currency).amount
        self.spend(known[which % len(known)], amount, booking=self.at)

    def _pay(self) -> None:
        self.pay(self.at)

    def _divide(self) -> None:
        divided = self.airline.submit(DivideBooking(self.at, (1,))).answer.stream
        self.bookings.append(divided)

    def _cancel(self, passenger: int | None) -> None:
        self.airline.cancel(self.at, None if passenger is None else Part(passengers=(passenger,)))

    def _turn(self) -> None:
        self.turned = not self.turned

    def money_in(self) -> int:
        """What cards have paid, and credit that finance may pay out."""
        return sum(c.amount.amount for each in self.payments() for c in each.captures)


@settings(max_examples=150)
@given(
    currency=st.sampled_from(sorted(FARES)),
    shares=st.tuples(st.integers(1, 11), st.integers(1, 4)),
    steps=st.lists(STEPS, min_size=2, max_size=14),
    parts=st.booleans(),
)
def test_no_more_becomes_payable_in_money_than_money_and_compensation_have_paid(
    currency: str, shares: tuple[int, int], steps: list[tuple[Any, ...]], parts: bool
) -> None:
    case = AnyOrder(currency, shares)
    begin = {name: case.balance(name) for name in (case.goodwill, case.compensation)}
    opening: list[tuple[Any, ...]] = [("spend", 0, None), ("spend", 1, None), ("pay",)]
    opening += [("divide",)] if parts else [("change", 0), ("pay",), ("change", 2)]
    for step in [*opening, *steps]:
        case.do(step)
    asyncio.run(case.runs.to_the_end())
    payable = sum(case.balance(name) for name in case.left_by_changes())
    payable += case.balance(case.compensation) + case.to_cards()
    assert payable <= case.money_in() + begin[case.compensation], "goodwill has become money"
    assert case.balance(case.goodwill) <= begin[case.goodwill], "money has become goodwill"
    invariants.check(case.airline.log)
    if case.left_by_changes():
        event("a change has left credit")
    if len(case.bookings) > 1:
        event("divided")
    if case.to_cards():
        event("refunded to a card")
