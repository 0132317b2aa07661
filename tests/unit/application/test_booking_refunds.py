"""What the owner of a booking sees of its refunds, in each state and currency."""

import asyncio
import datetime as dt
from typing import Any

import msgspec
import pytest

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.booking.booking_refunds import (
    CARD_REFUND_DAYS,
    BookingRefund,
    Expected,
    RefundDestination,
    refunds_of,
)
from application.booking.divide_booking import DivideBooking
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.credit.spend_credit import SpendCredit
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import (
    Accepted,
    Failed,
    NeedsAction,
    Postponed,
    Refused,
    Settled,
    Unresolved,
)
from application.payment.refund_payment import RefundPayment
from domain.kernel import entries, money
from domain.payment.fold import evolve
from domain.payment.state import Payment
from infrastructure.event_store import codec
from tests.support.airline import capture, payment_of
from tests.support.credits import issue
from tests.support.disputes import Disputed
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}
CURRENCIES = sorted(FARES)
CARD = RefundDestination("card", card="4242")


class Case:
    """A ticketed booking of two, paid by one card that is known by its last four digits."""

    def __init__(self, currency: str = "SAR") -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes()
        self.currency = currency
        flight = self.airline.schedule(
            "SV1", in_days=40, seats=4, fare=FARES[currency], currency=currency
        )
        self.booking: str = self.airline.book(flight, "ADT", "ADT")
        self.due: money.Money = self.airline.booking(self.booking).price.total()
        self.payment_id = payment_of(self.booking)

    def paid(self) -> "Case":
        """By one card, as a signed event reports it, which Stripe's list confirms."""
        _, attempt = self.airline.checkout(self.booking)
        command = capture(self.booking, self.due, intent="pi_1", attempt=attempt, signed=True)
        self.airline.submit(command)
        found = FoundIntent(self.due, self.payment_id, card="4242")
        self.airline.submit(RecordCaptureCheck(self.payment_id, "pi_1", found))
        return self

    def owe(self, amount: int = 10_000) -> str:
        """Owe so much; the id of its refund."""
        payments = (self.payment_id,)
        command = RefundPayment(self.booking, "goodwill", self.money(amount), payments)
        return str(self.airline.submit(command).answer.ids[self.payment_id])

    def record(self, refund: str, *results: Any) -> None:
        """Record what became of a refund."""
        for result in results:
            self.airline.record_refund(self.payment_id, refund, result)

    def by_hand(self, state: Any, amount: int = 5_000, code: str = "") -> None:
        """Somebody refunds at the dashboard."""
        self.airline.submit(
            RecordExternalRefund(
                *(self.payment_id, "pi_1", "re_hand", self.money(amount), state, code),
                made_at=self.airline.clock(),
            )
        )

    def money(self, amount: int) -> money.Money:
        """Minor units of the booking's currency."""
        return money.Money(amount, self.currency)

    @property
    def today(self) -> dt.date:
        """The accounting day."""
        return entries.accounting_day(self.airline.clock())

    def payment(self) -> Payment:
        """The payment, rebuilt from its stored bytes."""
        payment: Payment | None = None
        for recorded in self.airline.log.streams[self.payment_id]:
            tag = recorded.event.tag
            event: Any = codec.decode(tag, codec.encode(recorded.event))
            payment = evolve(payment, event)
        assert payment == self.airline.payment(self.payment_id)
        assert payment is not None
        return payment

    def refunds(self, booking: str | None = None) -> list[BookingRefund]:
        """What the owner sees."""
        name = booking or self.booking
        return list(refunds_of(name, [self.payment()], now=self.airline.clock()))

    def only(self) -> BookingRefund:
        """The one that the owner sees."""
        (found,) = self.refunds()
        return found


STATES: list[tuple[list[Any], str, str | None, str | None]] = [
    ([], "requested", None, None),
    ([Unresolved()], "requested", None, None),
    ([Accepted("re_1")], "pending", None, None),
    ([NeedsAction("re_1")], "requires_action", None, "give_stripe_your_bank_details"),
    ([Settled("re_1")], "succeeded", None, None),
    ([Settled("re_1"), Failed("re_1", "declined")], "failed", "declined", "ask_the_airline"),
    (
        [Failed("re_1", "lost_or_stolen_card")],
        *("failed", "lost_or_stolen_card", "ask_the_airline"),
    ),
    (
        [Failed("re_1", "expired_or_canceled_card")],
        *("failed", "expired_or_canceled_card", "ask_the_airline"),
    ),
    ([Failed("re_1", "insufficient_funds")], "failed", "not_possible", "await_the_airline"),
    ([Failed("re_1", "canceled")], "canceled", "withdrawn", "await_the_airline"),
    ([Refused("charge_already_refunded")], "failed", "not_possible", "await_the_airline"),
]


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize(("results", "status", "reason", "next_step"), STATES)
def test_each_state_has_a_plain_word_a_reason_and_a_next_step(
    currency: str, results: list[Any], status: str, reason: str | None, next_step: str | None
) -> None:
    case = Case(currency).paid()
    at = case.airline.clock()
    refund = case.owe()
    case.record(refund, *results)
    moves = status in {"requested", "pending", "succeeded"}
    by = Expected(case.today + dt.timedelta(days=CARD_REFUND_DAYS), "card_ten_business_days")
    assert case.only() == BookingRefund(
        id=refund,
        amount=case.money(10_000),
        destination=CARD,
        status=status,  # type: ignore[arg-type]  # the words of the table
        requested_at=at,
        expected=by if moves else None,
        reason=reason,  # type: ignore[arg-type]
        next_step=next_step,  # type: ignore[arg-type]
    )


def test_ten_business_days_count_from_the_day_on_which_stripe_has_the_refund() -> None:
    case = Case().paid()
    refund = case.owe()
    case.airline.wait(days=30)
    found = case.only()
    assert found.expected is not None
    assert found.expected.by == case.today + dt.timedelta(days=CARD_REFUND_DAYS)
    case.record(refund, Accepted("re_1"))
    accepted = case.today
    case.airline.wait(days=CARD_REFUND_DAYS)
    assert case.only().expected == Expected(case.today, "card_ten_business_days")
    assert case.only().next_step is None
    case.airline.wait(days=1)
    assert case.only().next_step == "await_the_airline"
    case.record(refund, Settled("re_1"))
    late = case.only()
    assert late.expected is not None
    assert late.expected.by == accepted + dt.timedelta(days=CARD_REFUND_DAYS)
    assert late.next_step == "ask_your_bank"


def test_a_refund_that_was_sent_again_is_listed_after_the_failed_one_which_needs_nothing() -> None:
    case = Case().paid()
    failed = case.owe()
    case.record(failed, Settled("re_1"), Failed("re_1", "declined"))
    case.airline.wait(hours=1)
    fresh = case.airline.submit(ResendRefund(case.booking, failed, None)).answer.ids["refund"]
    before, after = case.refunds()
    assert (before.id, before.status, before.reason, before.next_step) == (
        *(failed, "failed", "declined"),
        None,
    )
    assert (after.id, after.status, after.replaces) == (fresh, "requested", failed)


def test_a_refund_that_finance_paid_by_bank_has_the_value_date_of_the_transfer() -> None:
    case = Case().paid()
    failed = case.owe()
    case.record(failed, Failed("re_1", "lost_or_stolen_card"))
    transfer = BankTransfer("FT-1", case.today)
    case.airline.submit(RecordBankTransfer(case.booking, failed, transfer))
    found = case.only()
    assert (found.status, found.destination) == ("succeeded", RefundDestination("bank"))
    assert found.expected == Expected(case.today, "transfer_value_date")


def test_a_refund_waits_for_the_end_of_a_dispute_and_one_charged_back_needs_nothing() -> None:
    case = Case().paid()
    refund = case.owe()
    disputed = Disputed(case.airline, case.booking, amount=case.due.amount)
    disputed.withdrawn()
    case.record(refund, Postponed())
    waits = case.only()
    assert (waits.status, waits.reason, waits.next_step, waits.expected) == (
        *("requested", "charge_disputed", "ask_your_bank_to_end_the_dispute"),
        None,
    )
    disputed.becomes("lost")
    lost = next(each for each in case.refunds() if each.id == refund)
    assert (lost.status, lost.amount) == ("succeeded", case.money(10_000))
    assert lost.destination == RefundDestination("dispute", card="4242")


def test_of_a_refund_that_a_dispute_paid_in_part_the_rest_is_listed_by_itself() -> None:
    case = Case().paid()
    refund = case.owe(10_000)
    disputed = Disputed(case.airline, case.booking, amount=4_000)
    disputed.withdrawn()
    case.record(refund, Postponed())
    disputed.becomes("lost")
    before, rest = case.refunds()
    assert (before.id, before.status, before.amount) == (refund, "succeeded", case.money(4_000))
    assert (rest.status, rest.amount) == ("requested", case.money(6_000))


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_refund_by_hand_is_listed_once_also_where_it_paid_what_we_owed(currency: str) -> None:
    case = Case(currency).paid()
    ours = case.owe(5_000)
    at = case.airline.clock()
    case.by_hand("accepted")
    pending = next(each for each in case.refunds() if each.by_hand)
    by = Expected(case.today + dt.timedelta(days=CARD_REFUND_DAYS), "card_ten_business_days")
    assert pending == BookingRefund(
        id="re_hand",
        amount=case.money(5_000),
        destination=CARD,
        status="pending",
        requested_at=at,
        expected=by,
        by_hand=True,
    )
    displaced = next(each for each in case.refunds() if not each.by_hand)
    assert (displaced.reason, displaced.next_step) == ("refunded_by_hand", "await_the_airline")
    case.by_hand("settled")
    part = Part(5_000, ours)
    case.airline.submit(AllocateExternalRefund(case.payment_id, "re_hand", (part,)))
    assert (case.only().id, case.only().status) == ("re_hand", "succeeded")
    case.by_hand("failed", code="declined")
    owed, by_hand = sorted(case.refunds(), key=lambda each: each.by_hand)
    assert (by_hand.status, by_hand.reason, by_hand.next_step) == ("failed", "declined", None)
    assert (owed.status, owed.amount) == ("failed", case.money(5_000))
    assert owed.next_step == "await_the_airline"


def test_what_credit_paid_goes_back_to_it_at_once() -> None:
    case = Case()
    credit = issue(case.airline, 20_000, "SAR")
    part = case.money(20_000)
    spend = SpendCredit(booking_id=case.booking, amount=part, user="user_1", credit_id=credit)
    case.airline.submit(spend)
    _, attempt = case.airline.checkout(case.booking)
    rest = case.payment().outstanding()
    case.airline.submit(capture(case.booking, rest, intent="pi_1", attempt=attempt))
    asyncio.run(case.runs.to_the_end())
    case.airline.cancel(case.booking)
    asyncio.run(case.runs.to_the_end())
    to_card, to_credit = sorted(case.refunds(), key=lambda each: each.destination.kind)
    assert to_card.destination == RefundDestination("card"), "no charge was read"
    assert to_credit.destination == RefundDestination("credit", credit=credit)
    assert (to_credit.status, to_credit.expected) == (
        "succeeded",
        Expected(case.today, "credit_at_once"),
    )
    owed = case.airline.booking(case.booking).owed()
    assert to_card.amount + to_credit.amount == owed


def test_each_of_two_divided_bookings_lists_what_it_is_owed_itself() -> None:
    case = Case().paid()
    asyncio.run(case.runs.to_the_end())
    other = case.airline.submit(DivideBooking(case.booking, (1,))).answer.stream
    case.airline.cancel(other)
    asyncio.run(case.runs.to_the_end())
    assert case.refunds() == []
    (theirs,) = case.refunds(other)
    assert theirs.amount == case.airline.booking(other).owed()
    case.by_hand("settled")
    assert [each.id for each in case.refunds()] == ["re_hand"]
    assert [each.id for each in case.refunds(other)] == [theirs.id]


def test_all_states_of_a_refund_are_answered() -> None:
    case = Case().paid()
    case.owe()
    payment = case.payment()
    (refund,) = payment.refunds
    for status in type(refund.status):
        changed = msgspec.structs.replace(refund, status=status)
        seen = msgspec.structs.replace(payment, refunds=(changed,))
        found = refunds_of(case.booking, [seen], now=case.airline.clock())
        assert len(found) == (0 if status == "covered" else 1), status
