"""A gift card is worth its amount once, whatever happens to its payment, its code and its dispute.

Cards of banks pay once, twice or another amount, reported by Stripe or by a signature alone;
several people claim the code; the credit is spent and comes back; the payment is disputed, in part
or wholly. In the end every unit that was paid is credit, money that went back, or has its account.
"""

import asyncio
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from application.booking.settle_parked_funds import SettleParkedFunds
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.expire_credit import ExpireCredit
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.refund_gift_card import RefundGiftCard
from application.credit.spend_credit import SpendCredit
from application.payment.record_attempt import Expired
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_refund import Failed, Settled
from domain.kernel.money import Money
from domain.kernel.rejections import Rejection
from domain.payment.state import RefundStatus
from tests.support import invariants
from tests.support.airline import payment_of
from tests.support.disputes import Disputed, books
from tests.support.gift_cards import order, payment
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

AMOUNTS = {"SAR": 500_00, "KWD": 50_000, "JPY": 20_000}
USERS = ("user_1", "user_2")
STEPS = st.one_of(
    st.tuples(st.just("pay"), st.integers(1, 3), st.sampled_from((10, 10, 10, 6)), st.booleans()),
    st.tuples(st.just("check"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("end_session")),
    st.tuples(st.just("claim"), st.sampled_from(USERS)),
    st.tuples(st.just("spend"), st.sampled_from(USERS)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("refund"), st.booleans()),
    st.tuples(st.just("dispute"), st.integers(1, 3), st.sampled_from((10, 4))),
    st.tuples(st.just("decide"), st.sampled_from(("won", "lost", "warning_closed"))),
    st.tuples(st.just("appeal")),
    st.tuples(st.just("expire")),
    st.tuples(st.just("wait"), st.sampled_from((1, 20 * 24, 366 * 24))),
)
BOUGHT = ("pay", 1, 10, False)
OPENINGS = st.sampled_from(
    (
        [],
        [BOUGHT],
        [BOUGHT, ("claim", "user_1")],
        [BOUGHT, ("claim", "user_1"), ("spend", "user_1")],
        [BOUGHT, ("claim", "user_1"), ("spend", "user_1"), ("dispute", 1, 10)],
        [("pay", 1, 10, True), ("check", 1, True)],
        [("pay", 1, 10, True), ("dispute", 1, 10)],
        [BOUGHT, ("claim", "user_1"), ("spend", "user_1"), ("dispute", 1, 10), ("decide", "lost")],
    )
)


class Card:
    """A card that was ordered, a flight to spend it on, and a dispute at most."""

    def __init__(self, currency: str, *, at_once: bool) -> None:
        self.amount = Money(AMOUNTS[currency], currency)
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes(wanted=at_once)
        fare = AMOUNTS[currency] // 5
        self.flight = self.airline.schedule("SV1", seats=9, fare=fare, currency=currency)
        self.card: str = self.airline.submit(order(self.amount)).answer.stream
        self.name = payment_of(self.card)
        self.bookings: list[str] = []
        self.dispute: Disputed | None = None

    @property
    def payment(self) -> Any:
        """The payment as it is now."""
        return self.airline.payment(self.name)

    def do(self, step: tuple[Any, ...]) -> None:
        """Take a step; what a rule refuses is no step."""
        try:
            getattr(self, f"_{step[0]}")(*step[1:])
        except Rejection:
            return

    def _pay(self, number: int, tenths: int, signed: bool) -> None:
        """A bank's card pays, for the last session that was opened; the same intent is the same."""
        if not self.payment or not self.payment.attempts:
            self.airline.submit(StartGiftCardCheckout(self.card))
        elif self.payment.live_attempt() is None:
            self.do(("open",))
        money = Money(self.amount.amount * tenths // 10, self.amount.currency)
        attempt = self.payment.attempts[-1].id
        sent = payment(self.card, money, intent=f"pi_{number}", attempt=attempt, signed=signed)
        self.airline.submit(sent)

    def _open(self) -> None:
        self.airline.submit(StartGiftCardCheckout(self.card))

    def _check(self, number: int, passes: bool) -> None:
        captured = self.payment and self.payment.capture(f"pi_{number}")
        if captured:
            found = FoundIntent(captured.amount, self.name) if passes else None
            self.airline.submit(RecordCaptureCheck(self.name, captured.intent, found))

    def _end_session(self) -> None:
        live = self.payment and self.payment.live_attempt()
        if live:
            self.airline.record_attempt(self.card, Expired(), attempt=live.id)

    def _claim(self, user: str) -> None:
        self.airline.submit(ClaimGiftCard(self.card, user))

    def _spend(self, user: str) -> None:
        booking = self.airline.book(self.flight)
        self.airline.submit(SpendCredit(booking, self.card, user))
        self.bookings.append(booking)

    def _cancel(self) -> None:
        if self.bookings:
            self.airline.cancel(self.bookings.pop())

    def _refund(self, by_staff: bool) -> None:
        self.airline.submit(RefundGiftCard(self.card, by_staff=by_staff))

    def _dispute(self, number: int, tenths: int) -> None:
        captured = self.payment and self.payment.capture(f"pi_{number}")
        if captured and self.dispute is None:
            amount = captured.amount.amount * tenths // 10
            self.dispute = Disputed(self.airline, self.card, amount=amount, intent=captured.intent)
            self.dispute.withdrawn()

    def _decide(self, status: str) -> None:
        if self.dispute is not None and self.dispute.now.status == "needs_response":
            if status != "lost":
                self.dispute.moved(self.dispute.now.amount.amount)
            self.dispute.becomes(status)

    def _appeal(self) -> None:
        """The bank decides for the airline after it had decided for the payer."""
        if self.dispute is not None and self.dispute.now.status == "lost":
            self.dispute.moved(self.dispute.now.amount.amount)
            self.dispute.becomes("won")

    def _expire(self) -> None:
        self.airline.submit(ExpireCredit(self.card))

    def _wait(self, hours: int) -> None:
        self.airline.wait(hours=hours)

    async def end(self) -> None:
        """Stripe has confirmed all that it took, decided the dispute and paid every refund."""
        self.do(("end_session",))
        for number in (1, 2, 3):
            self.do(("check", number, True))
        await self.runs.to_the_end()
        self.do(("decide", "lost"))
        for number in (1, 2, 3):
            if self.payment and self.payment.capture(f"pi_{number}"):
                self.airline.submit(SettleParkedFunds(self.name, f"pi_{number}"))
        await self.runs.to_the_end()
        for number, refund in enumerate(self.payment.refunds if self.payment else ()):
            if refund.status is RefundStatus.REQUESTED:
                self.airline.record_refund(self.name, refund.id, Settled(f"re_{number}"))
                if number % 3 == 2:
                    failed = Failed(f"re_{number}", "lost_or_stolen_card")
                    self.airline.record_refund(self.name, refund.id, failed)
        assert all(isinstance(error, Rejection) for _, error in self.runs.reports)


def with_finance(case: Card) -> int:
    """What is left of parked money of which a lost dispute has taken a part, in minor units."""
    return sum(
        each.unapplied().amount - case.payment.charged_back(each.intent).amount
        for each in (case.payment.captures if case.payment else ())
        if each.owed_by is None and each.unapplied().amount
    )


@settings(max_examples=300)
@given(
    currency=st.sampled_from(sorted(AMOUNTS)),
    at_once=st.booleans(),
    opening=OPENINGS,
    steps=st.lists(STEPS, max_size=14),
)
def test_in_the_end_every_unit_that_was_paid_is_somewhere(
    currency: str, at_once: bool, opening: list[tuple[Any, ...]], steps: list[tuple[Any, ...]]
) -> None:
    case = Card(currency, at_once=at_once)
    for step in [*opening, *steps]:
        case.do(step)
    asyncio.run(case.end())
    invariants.check(case.airline.log)
    credit = case.airline.state(case.card)
    held = books(case.airline)
    assert sum(held.values()) == 0
    unapplied = invariants.unapplied(case.airline.log, case.card)
    assert unapplied == -with_finance(case), "unapplied money that nobody returns"
    assert held.get("1200", 0) == 0, "every dispute is decided"
    assert credit.shortfall == 0 or credit.balance.amount == 0
    cards = held.get("2200", 0)
    assert cards == -credit.balance.amount
    assert held.get("6010", 0) == credit.shortfall
    event(f"the card is {credit.gift_card.status}")
    for name, account in (("disputed and lost", "6010"), ("expired", "4020")):
        if held.get(account):
            event(name)
