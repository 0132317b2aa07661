"""Refunds of ours and by hand, in any interleaving: of one capture no more than was captured.

Stripe is a model: it refunds whatever still fits its capture, whoever asks, tells us later, again
and in any order, and may return the money afterwards. The invariants of the airline in memory
recompute the books from the events after every step.
"""

import contextlib

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.booking.grant_refund import GrantRefund
from application.booking.resend_refund import ResendRefund
from application.commands.command import Command
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import Failed, NeedsAction, RecordRefund, Refused, Settled
from application.payment.refund_payment import RefundPayment
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment.state import (
    NOT_REFUNDED,
    PAID_OTHERWISE,
    Payment,
    Refund,
    RefundStatus,
)
from tests.support.airline import capture, payment_of
from tests.support.disputes import Disputed, books
from tests.support.memory_airline import MemoryAirline

PARKED = "pi_parked"
CURRENCIES = st.sampled_from([("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)])
QUARTERS = st.integers(1, 4)
PICK = st.integers(0, 5)


class Refunding(RuleBasedStateMachine):
    """A ticketed booking, parked money beside it, and Stripe."""

    airline: MemoryAirline

    @initialize(of=CURRENCIES)
    def sell(self, of: tuple[str, int]) -> None:
        currency, fare = of
        self.airline = MemoryAirline()
        flight = self.airline.schedule("SV1", in_days=10, fare=fare, currency=currency)
        self.booking: str = self.airline.ticketed(flight)
        self.payment = payment_of(self.booking)
        (self.applied,) = self.state().captures
        self.captured = self.applied.amount
        self.airline.submit(capture(self.booking, self.captured, intent=PARKED))
        # What Stripe has refunded, by its id: intent and amount.
        self.at_stripe: dict[str, tuple[str, int]] = {}
        self.by_hand: dict[str, str] = {}
        self.lost = 0
        self.dispute: Disputed | None = None
        self.made = 0

    def state(self) -> Payment:
        found: Payment = self.airline.payment(self.payment)
        return found

    def amount(self, quarters: int) -> money.Money:
        step = money.charge_step(self.captured.currency)
        part = self.captured.amount * quarters // 4
        return money.Money(part - part % step, self.captured.currency)

    def attempt(self, command: Command) -> bool:
        """Carry it out unless a rule refuses it, as people try things."""
        try:
            self.airline.submit(command)
        except Rejection:
            return False
        return True

    def left_at_stripe(self, intent: str) -> int:
        taken = sum(amount for of, amount in self.at_stripe.values() if of == intent)
        return self.captured.amount - taken - (self.lost if intent == self.applied.intent else 0)

    def picked(self, index: int, statuses: set[RefundStatus]) -> Refund | None:
        found = [each for each in self.state().refunds if each.status in statuses]
        return found[index % len(found)] if found else None

    @rule()
    @precondition(lambda self: self.dispute is None)
    def cancel(self) -> None:
        with contextlib.suppress(Rejection):
            self.airline.cancel(self.booking)
        self.request_what_is_owed()

    @rule(quarters=QUARTERS)
    def grant(self, quarters: int) -> None:
        self.attempt(
            GrantRefund(self.booking, amount=self.amount(quarters).amount, by="usr_finance")
        )
        self.request_what_is_owed()

    @rule()
    def request_what_is_owed(self) -> None:
        for owed in self.airline.booking(self.booking).obligations:
            self.attempt(RefundPayment(self.booking, owed.id, owed.amount, (self.payment,)))

    @rule()
    def return_parked(self) -> None:
        self.attempt(ReturnParkedFunds(self.payment, PARKED))

    @rule(index=PICK, waits=st.booleans())
    def send(self, index: int, waits: bool) -> None:
        refund = self.picked(index, {RefundStatus.REQUESTED})
        if refund is None or (self.dispute and refund.intent == self.applied.intent):
            return
        if refund.amount.amount > self.left_at_stripe(refund.intent):
            result: object = Refused("charge_already_refunded")
        else:
            provider = f"re_{refund.id}"
            self.at_stripe[provider] = (refund.intent, refund.amount.amount)
            result = NeedsAction(provider) if waits else Settled(provider)
        self.airline.submit(RecordRefund(self.payment, refund.id, result))  # type: ignore[arg-type]

    @rule(index=PICK, end=st.sampled_from(["canceled", "lost_or_stolen_card"]))
    def ours_fails_later(self, index: int, end: str) -> None:
        refund = self.picked(index, {RefundStatus.SETTLED, RefundStatus.REQUIRES_ACTION})
        if refund is not None and refund.provider_refund is not None:
            self.at_stripe.pop(refund.provider_refund)
            failed = Failed(refund.provider_refund, end)
            self.airline.submit(RecordRefund(self.payment, refund.id, failed))

    @rule(index=PICK)
    def send_again(self, index: int) -> None:
        refund = self.picked(index, set(NOT_REFUNDED))
        if refund is not None:
            self.attempt(ResendRefund(self.booking, refund.id))

    @rule(quarters=QUARTERS, parked=st.booleans(), like=st.none() | PICK)
    def refund_by_hand(self, quarters: int, parked: bool, like: int | None) -> None:
        intent = PARKED if parked else self.applied.intent
        wanted = None if like is None else self.picked(like, {RefundStatus.REQUESTED})
        amount = self.amount(quarters).amount if wanted is None else wanted.amount.amount
        if self.dispute is not None or amount > self.left_at_stripe(intent):
            return
        self.made += 1
        provider = f"re_hand_{self.made}"
        self.at_stripe[provider] = (intent, amount)
        self.by_hand[provider] = "accepted"
        self.report(provider, intent, amount)

    def report(self, provider: str, intent: str, amount: int, *, failed: bool = False) -> None:
        self.airline.submit(
            RecordExternalRefund(
                payment_id=self.payment,
                intent=intent,
                provider_refund=provider,
                amount=money.Money(amount, self.captured.currency),
                state="failed" if failed else "accepted",
                code="unknown" if failed else "",
            )
        )

    @rule(index=PICK, failed=st.booleans())
    def stripe_reports_again(self, index: int, failed: bool) -> None:
        known = self.state().external_refunds
        if not known:
            return
        each = known[index % len(known)]
        if failed and self.by_hand[each.id] == "accepted":
            self.by_hand[each.id] = "failed"
            self.at_stripe.pop(each.id)
        is_failed = failed and self.by_hand[each.id] == "failed"
        self.report(each.id, each.intent, each.amount.amount, failed=is_failed)

    @rule(index=PICK, debt=PICK, quarters=QUARTERS, goodwill=st.booleans())
    def allocate(self, index: int, debt: int, quarters: int, goodwill: bool) -> None:
        known = self.state().external_refunds
        if not known:
            return
        external = known[index % len(known)]
        part = max(external.unallocated.amount * quarters // 4, 1)
        refund = self.picked(debt, {*NOT_REFUNDED, RefundStatus.REQUESTED})
        if goodwill or refund is None:
            parts: tuple[Part, ...] = (Part(part),)
        else:
            parts = (Part(min(part, refund.amount.amount), refund.id),)
        self.attempt(AllocateExternalRefund(self.payment, external.id, parts))

    @rule()
    @precondition(lambda self: self.dispute is None and self.lost == 0)
    def open_dispute(self) -> None:
        left = self.left_at_stripe(self.applied.intent)
        if left > 0:
            self.dispute = Disputed(
                self.airline, self.booking, amount=left, intent=self.applied.intent
            )
            self.dispute.withdrawn()

    @rule(won=st.booleans())
    @precondition(lambda self: self.dispute is not None)
    def decide_dispute(self, won: bool) -> None:
        assert self.dispute is not None
        amount = self.dispute.now.amount.amount
        if won:
            self.dispute.moved(amount)
            self.dispute.becomes("won")
        else:
            self.lost = amount
            self.dispute.becomes("lost")
        self.dispute = None

    @invariant()
    def no_more_than_was_captured_is_refunded(self) -> None:
        payment = self.state()
        gone = NOT_REFUNDED | PAID_OTHERWISE
        for captured in payment.captures:
            ours = sum(
                each.amount.amount
                for each in payment.refunds
                if each.intent == captured.intent and each.status not in gone
            )
            hand = sum(
                each.amount.amount
                for each in payment.external_refunds
                if each.intent == captured.intent and not each.failed
            )
            assert ours + hand <= captured.amount.amount

    @invariant()
    def what_finance_has_to_allocate_is_on_account_1290(self) -> None:
        open_items = sum(each.unallocated.amount for each in self.state().external_refunds)
        assert books(self.airline).get("1290", 0) == open_items >= 0

    @invariant()
    def no_debt_is_paid_twice(self) -> None:
        for each in self.state().external_refunds:
            parts = [part for part in each.allocations if part.refund is not None]
            assert len({part.refund for part in parts}) == len(parts)
        covered = {each.id for each in self.state().refunds if each.status is RefundStatus.COVERED}
        assert not {f"re_{each}" for each in covered} & self.at_stripe.keys()


TestRefunding = Refunding.TestCase


@pytest.mark.parametrize("of", [("SAR", 50_000), ("KWD", 40_000), ("JPY", 20_000)])
def test_a_lost_dispute_requests_no_money_that_was_refunded_by_hand(of: tuple[str, int]) -> None:
    """Three quarters by hand, the rest disputed and lost: nothing is left to refund."""
    case = Refunding()
    case.sell(of=of)
    case.cancel()
    case.refund_by_hand(like=None, parked=False, quarters=3)
    case.open_dispute()
    case.decide_dispute(won=False)
    first, rest = case.state().refunds
    assert first.status is RefundStatus.CHARGED_BACK
    assert rest.status is RefundStatus.REFUSED, "it is with finance and not sent"
