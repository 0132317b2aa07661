"""Travel credit pays for a booking: all of it, or a part beside a card; and where it goes back."""

import asyncio
import datetime as dt
from typing import Any

import pytest

from application.booking.complete_modification import AbandonModification
from application.booking.divide_booking import DivideBooking
from application.booking.settle_parked_funds import SettleParkedFunds
from application.booking.split_checkout import SplitCheckout
from application.credit.spend_credit import SpendCredit
from application.credit.withdraw_credit import WithdrawCredit
from application.payment.record_attempt import Expired
from application.payment.record_refund import Settled
from domain.booking.rejections import NothingDue, TransitionRefused
from domain.booking.states import Status
from domain.credit.rejections import CreditNotFound, CreditNotSpendable
from domain.kernel import money
from domain.ledger import accounts
from domain.payment.rejections import (
    AlreadyPaid,
    AttemptPending,
    CreditPartNotFound,
    CreditPartRefused,
)
from domain.policies.money_values import LEAST_CHARGES
from tests.support import invariants
from tests.support.airline import capture, expire, payment_of
from tests.support.credits import GRACE, LIFETIME, issue
from tests.support.disputes import Disputed
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}
CURRENCIES = sorted(FARES)


class Case:
    """A booking of two passengers that is not paid, and a credit of its owner."""

    def __init__(self, currency: str = "SAR", share: float = 2.0) -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes()
        self.currency = currency
        self.flight = self.airline.schedule("SV1", seats=4, fare=FARES[currency], currency=currency)
        self.booking: str = self.airline.book(self.flight, "ADT", "ADT")
        self.due: money.Money = self.airline.booking(self.booking).price.total()
        step = money.charge_step(currency)
        self.issued = int(self.due.amount * share) // step * step
        self.credit = issue(self.airline, self.issued, currency)
        self.payment_id = payment_of(self.booking)

    @property
    def payment(self) -> Any:
        """The payment as it is now."""
        return self.airline.payment(self.payment_id)

    @property
    def balance(self) -> int:
        """What is left of the credit."""
        left: int = self.airline.state(self.credit).balance.amount
        return left

    def spend(self, amount: int | None = None, **more: Any) -> dict[str, Any]:
        """Spend the credit on what is due; the events by stream."""
        wanted = None if amount is None else money.Money(amount, self.currency)
        given = {"user": "user_1", "credit_id": self.credit, **more}
        return self.airline.added(SpendCredit(booking_id=self.booking, amount=wanted, **given))

    def pay_rest(self, intent: str = "pi_1") -> money.Money:
        """A card pays what is outstanding."""
        _, attempt = self.airline.checkout(self.booking)
        amount: money.Money = self.payment.asked_by(attempt)
        self.airline.submit(capture(self.booking, amount, intent=intent, attempt=attempt))
        return amount

    def status(self) -> Status:
        """The status of the booking."""
        found: Status = self.airline.booking(self.booking).status
        return found

    def to_card(self) -> int:
        """What goes back to cards."""
        return sum(each.amount.amount for each in self.payment.refunds)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_credit_that_covers_all_pays_and_tickets_in_one_append(currency: str) -> None:
    """Row 24 of the postings: Dr 2200 Cr 2020, and then the sale like any other."""
    case = Case(currency)
    added = case.spend()
    tags = [each.tag for events in added.values() for each in events]
    assert "credit.spent.1" in tags
    assert "payment.credit_applied.1" in tags
    assert "booking.confirmed.1" in tags
    assert not [tag for tag in tags if "attempt" in tag], "Stripe is not asked"
    assert case.status() is Status.CONFIRMED
    assert case.balance == case.issued - case.due.amount
    spent = next(each for each in added[case.credit] if each.tag == "credit.spent.1")
    assert [(p.account, p.booking, p.amount) for p in spent.entry.postings] == [
        (accounts.TRAVEL_CREDITS, case.credit, case.due.amount),
        (accounts.UNAPPLIED_FUNDS, case.booking, -case.due.amount),
    ]
    assert invariants.unapplied(case.airline.log, case.booking) == 0


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_card_pays_what_credit_has_left(currency: str) -> None:
    case = Case(currency, 0.4)
    case.spend()
    assert case.status() is Status.RESERVED
    assert case.balance == 0
    paid = case.pay_rest()
    assert paid.amount == case.due.amount - case.issued
    assert case.status() is Status.CONFIRMED
    assert case.payment.is_settled()
    assert invariants.unapplied(case.airline.log, case.booking) == 0


def test_credit_can_pay_the_rest_of_a_part_that_a_card_has_paid() -> None:
    case = Case()
    _, attempt = case.airline.checkout(case.booking)
    part = money.Money(case.due.amount // 4, "SAR")
    case.airline.submit(capture(case.booking, part, attempt=attempt))
    case.spend()
    assert case.status() is Status.CONFIRMED
    assert case.balance == case.issued - case.due.amount + part.amount
    assert invariants.unapplied(case.airline.log, case.booking) == 0


def test_several_payers_share_what_credit_has_left() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    rest = case.payment.outstanding()
    parts = tuple(money.split(rest, [2, 1]))
    case.airline.submit(SplitCheckout(case.booking, parts))
    for number, part in enumerate(parts, start=1):
        assert case.status() is Status.RESERVED
        attempt = f"{case.payment_id}-a{number}"
        case.airline.submit(capture(case.booking, part, intent=f"pi_{number}", attempt=attempt))
    assert case.status() is Status.CONFIRMED


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_rest_that_no_card_can_be_charged_is_refused_with_the_amount_that_works(
    currency: str,
) -> None:
    case = Case(currency)
    least = LEAST_CHARGES.least(currency)
    with pytest.raises(CreditPartRefused) as refused:
        case.spend(case.due.amount - 1)
    assert refused.value.parameters == {
        "field": "amount",
        "reason": "rest_too_small",
        "most": case.due.amount,
        "due": case.due.amount,
        "leastRest": least,
        "currency": currency,
    }
    assert case.balance == case.issued
    case.spend(case.due.amount - least)
    assert case.payment.outstanding().amount == least
    assert case.pay_rest().amount == least
    assert case.status() is Status.CONFIRMED


@pytest.mark.parametrize("currency", CURRENCIES)
def test_credit_that_would_leave_too_small_a_rest_pays_as_much_as_works(currency: str) -> None:
    case = Case(currency, 0.1)
    least = LEAST_CHARGES.least(currency)
    case.credit = issue(case.airline, case.due.amount - 1, currency, number=2)
    with pytest.raises(CreditPartRefused) as refused:
        case.spend(case.due.amount - 1)
    assert refused.value.parameters["most"] == case.due.amount - least
    case.spend()
    assert case.payment.outstanding().amount == least
    assert case.balance == least - 1


@pytest.mark.parametrize(
    ("amount", "reason"), [(0, "more_than_due"), (-5, "more_than_due"), (10**9, "more_than_due")]
)
def test_credit_pays_something_and_no_more_than_is_due(amount: int, reason: str) -> None:
    case = Case()
    with pytest.raises(CreditPartRefused) as refused:
        case.spend(amount)
    assert refused.value.parameters["reason"] == reason


def test_no_more_is_spent_than_the_credit_has() -> None:
    case = Case("SAR", 0.25)
    with pytest.raises(CreditPartRefused) as refused:
        case.spend(case.issued + 1)
    assert refused.value.parameters["reason"] == "more_than_left"
    assert refused.value.parameters["most"] == case.issued


def test_only_the_owner_spends_it_and_only_in_its_currency() -> None:
    case = Case()
    for stranger in ({"user": "user_2"}, {"credit_id": "credit-AAAAAAAAAAAAAAAA"}):
        with pytest.raises(CreditNotFound):
            case.spend(**stranger)
    with pytest.raises(CreditPartRefused, match="SAR is expected"):
        case.airline.submit(
            SpendCredit(case.booking, case.credit, "user_1", money.Money(100, "KWD"))
        )
    dinars = issue(case.airline, 90_000, "KWD", number=2)
    with pytest.raises(CreditNotSpendable) as refused:
        case.spend(credit_id=dinars)
    assert refused.value.parameters["reason"] == "currency"


def test_a_session_that_is_open_or_has_paid_comes_first() -> None:
    case = Case()
    _, attempt = case.airline.checkout(case.booking)
    with pytest.raises(AttemptPending):
        case.spend()
    case.airline.record_attempt(case.booking, Expired(), attempt=attempt)
    case.spend(5_000)
    case.pay_rest()
    with pytest.raises(NothingDue):
        case.spend()


def test_a_waitlisted_booking_is_not_paid_with_credit() -> None:
    case = Case()
    full = case.airline.schedule("SV9", seats=1, in_days=12)
    case.airline.book(full)
    waiting = case.airline.book(full, mode="waitlist")
    with pytest.raises(TransitionRefused):
        case.airline.submit(SpendCredit(waiting, case.credit, "user_1"))


def test_credit_returns_in_the_append_in_which_the_hold_ends() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    expiry = case.airline.state(case.credit).expires_at
    case.airline.wait(minutes=16)
    added = case.airline.added(expire(case.booking))
    assert [each.tag for each in added[case.credit]] == ["credit.returned.1"]
    assert case.balance == case.issued
    assert case.airline.state(case.credit).expires_at == expiry, "it lasts no longer"
    assert invariants.unapplied(case.airline.log, case.booking) == 0
    case.airline.submit(expire(case.booking))
    assert case.balance == case.issued


def test_credit_returns_when_an_unpaid_booking_is_cancelled() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    case.airline.cancel(case.booking)
    assert case.balance == case.issued
    assert case.status() is Status.CANCELLED


def test_credit_that_expired_while_a_booking_was_held_gets_a_grace() -> None:
    case = Case()
    long_ago = case.airline.clock() - LIFETIME + dt.timedelta(minutes=5)
    case.credit = issue(case.airline, 20_000, number=2, issued_at=long_ago)
    case.spend()
    expiry = case.airline.state(case.credit).expires_at
    case.airline.wait(minutes=16)
    assert expiry < case.airline.clock()
    case.airline.submit(expire(case.booking))
    assert case.airline.state(case.credit).expires_at == case.airline.clock() + GRACE
    assert case.balance == 20_000


def test_money_that_comes_after_the_hold_goes_back_and_the_credit_stays_returned() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    _, attempt = case.airline.checkout(case.booking)
    amount = case.payment.asked_by(attempt)
    case.airline.wait(minutes=16)
    case.airline.submit(expire(case.booking))
    case.airline.submit(capture(case.booking, amount, attempt=attempt))
    case.airline.submit(SettleParkedFunds(case.payment_id, "pi_1"))
    assert case.to_card() == amount.amount
    assert case.balance == case.issued
    assert case.status() is Status.EXPIRED


def test_the_owner_withdraws_it_until_the_booking_is_paid() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    use = case.payment.credit_parts[0].use
    with pytest.raises(CreditNotFound):
        case.airline.submit(WithdrawCredit(case.booking, use, "user_2"))
    with pytest.raises(CreditPartNotFound):
        case.airline.submit(WithdrawCredit(case.booking, use + "9", "user_1"))
    case.airline.submit(WithdrawCredit(case.booking, use, "user_1"))
    case.airline.submit(WithdrawCredit(case.booking, use, "user_1"))
    assert case.balance == case.issued
    assert case.payment.outstanding() == case.due
    case.spend()
    _, attempt = case.airline.checkout(case.booking)
    again = case.payment.credit_parts[1].use
    with pytest.raises(AttemptPending):
        case.airline.submit(WithdrawCredit(case.booking, again, "user_1"))
    case.airline.submit(capture(case.booking, case.payment.asked_by(attempt), attempt=attempt))
    with pytest.raises(AlreadyPaid):
        case.airline.submit(WithdrawCredit(case.booking, again, "user_1"))
    assert case.balance == 0


def test_a_booking_paid_by_credit_alone_is_refunded_as_credit_at_once() -> None:
    case = Case()
    case.spend()
    case.airline.cancel(case.booking)
    owed = case.airline.booking(case.booking).owed().amount
    assert owed > 0
    assert case.balance == case.issued - case.due.amount + owed
    assert case.to_card() == 0
    assert case.status() is Status.REFUNDED
    assert not case.airline.state(case.credit).in_grace, "it ends as before"


@pytest.mark.parametrize("currency", CURRENCIES)
def test_card_and_credit_get_back_in_proportion(currency: str) -> None:
    case = Case(currency, 0.4)
    case.spend()
    paid = case.pay_rest()
    case.airline.wait(days=9)
    case.airline.cancel(case.booking)
    owed = case.airline.booking(case.booking).owed()
    assert 0 < owed.amount < case.due.amount
    shares = money.split(owed, [paid.amount, case.issued])
    assert [case.to_card(), case.balance] == [each.amount for each in shares]
    assert case.status() is Status.CANCELLED, "the card's part is not there yet"
    refund = case.payment.refunds[0]
    case.airline.record_refund(case.payment_id, refund.id, Settled("re_1"))
    assert case.status() is Status.REFUNDED


def test_both_halves_of_a_divided_booking_refund_card_and_credit() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    paid = case.pay_rest()
    other = case.airline.submit(DivideBooking(case.booking, (1,))).answer.stream
    case.airline.cancel(other)
    first = (case.to_card(), case.balance)
    assert 0 < first[0] < paid.amount
    assert 0 < first[1] < case.issued
    case.airline.cancel(case.booking)
    assert first[0] < case.to_card() <= paid.amount
    assert first[1] < case.balance <= case.issued


def test_a_duplicate_by_card_goes_back_to_the_card_alone() -> None:
    case = Case()
    case.spend()
    case.airline.submit(
        capture(case.booking, case.due, intent="pi_9", attempt=f"{case.payment_id}-a1")
    )
    case.airline.submit(SettleParkedFunds(case.payment_id, "pi_9"))
    assert case.to_card() == case.due.amount
    assert case.balance == case.issued - case.due.amount


def test_a_dispute_takes_the_card_part_and_the_rest_comes_back_as_credit() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    paid = case.pay_rest()
    disputed = Disputed(case.airline, case.booking, amount=paid.amount, intent="pi_1")
    disputed.record()
    disputed.withdrawn()
    disputed.becomes("lost")
    asyncio.run(case.runs.to_the_end())
    assert case.payment.charged_back("pi_1").amount == paid.amount
    assert case.to_card() == 0
    assert case.balance == case.airline.booking(case.booking).owed().amount > 0


def test_credit_pays_for_an_accepted_change_and_returns_when_that_is_abandoned() -> None:
    case = Case("SAR", 10)
    case.spend()
    dearer = case.airline.schedule("SV2", seats=4, fare=90_000, in_days=12)
    case.airline.modify(case.booking, dearer)
    due = case.airline.booking(case.booking).amount_due()
    before = case.balance
    case.spend(due.amount - 500)
    assert case.balance == before - due.amount + 500
    case.airline.submit(AbandonModification(case.booking))
    assert case.balance == before
    case.airline.modify(case.booking, dearer)
    case.spend()
    changed = case.airline.booking(case.booking)
    assert changed.segments[0].flight == dearer
    assert changed.modification is None
    assert case.balance < before
    assert invariants.unapplied(case.airline.log, case.booking) == 0


def test_the_run_over_the_log_returns_credit_that_its_cause_has_not_returned() -> None:
    case = Case("SAR", 0.4)
    case.spend()
    case.runs.decide_with_causes(wanted=False)
    case.airline.wait(minutes=16)
    case.airline.submit(expire(case.booking))
    assert case.balance == 0
    asyncio.run(case.runs.to_the_end())
    assert case.balance == case.issued
    case.runs.commands()
    asyncio.run(case.runs.to_the_end())
    assert case.runs.commands() == []
