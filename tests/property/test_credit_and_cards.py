"""Whatever mixture of credit and cards pays for a booking, each gets back what is its own.

Credit is spent and withdrawn, cards pay any part, once or twice, in time or late; the booking is
cancelled whole or by passenger, in two currencies without and one with steps of ten.
"""

import asyncio
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from application.booking.cancel_booking import Part
from application.booking.settle_parked_funds import SettleParkedFunds
from application.credit.spend_credit import SpendCredit
from application.credit.withdraw_credit import WithdrawCredit
from application.payment.record_attempt import Expired
from application.payment.record_refund import Failed, Settled
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment.state import RefundStatus
from tests.support import invariants
from tests.support.airline import capture, expire, payment_of
from tests.support.credits import issue
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}
CREDITS = 3
TENTHS = st.integers(1, 10)
STEPS = st.one_of(
    st.tuples(st.just("spend"), st.integers(0, CREDITS - 1), st.one_of(st.none(), TENTHS)),
    st.tuples(st.just("spend"), st.integers(0, CREDITS - 1), TENTHS),
    st.tuples(st.just("withdraw"), st.integers(0, 3)),
    st.tuples(st.just("card"), st.integers(1, 4), st.one_of(st.none(), TENTHS)),
    st.tuples(st.just("end_session")),
    st.tuples(st.just("cancel"), st.one_of(st.none(), st.integers(0, 1))),
    st.tuples(st.just("lapse")),
    st.tuples(st.just("wait"), st.sampled_from((1, 16 * 60, 24 * 3600, 8 * 24 * 3600))),
)
# What most bookings begin with: paid by credit and a card, in either order, or by credit alone.
OPENINGS = st.one_of(
    st.just([]),
    st.builds(
        lambda tenths: [("spend", 0, tenths), ("card", 1, None), ("wait", 8 * 24 * 3600)], TENTHS
    ),
    st.builds(
        lambda one, other: [("spend", 0, one), ("spend", 1, other), ("card", 1, None)],
        st.one_of(st.none(), TENTHS),
        TENTHS,
    ),
    st.builds(lambda tenths: [("card", 1, tenths), ("spend", 0, None)], TENTHS),
    st.just([("spend", 0, None), ("spend", 1, None), ("spend", 2, None)]),
)


class Mixture:
    """A booking of two passengers, three credits of its owner, and cards."""

    def __init__(self, currency: str, sizes: tuple[int, int, int], *, at_once: bool) -> None:
        self.currency = currency
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes(wanted=at_once)
        flight = self.airline.schedule("SV1", seats=4, fare=FARES[currency], currency=currency)
        self.booking: str = self.airline.book(flight, "ADT", "ADT")
        self.payment_id = payment_of(self.booking)
        self.due = self.airline.booking(self.booking).price.total()
        self.issued = [max(1, self.due.amount * each // 10 - 1) for each in sizes]
        self.credits = [
            issue(self.airline, amount, currency, number=number)
            for number, amount in enumerate(self.issued, start=1)
        ]
        self.airline.checkout(self.booking)
        self.airline.record_attempt(self.booking, Expired())
        self.sent: dict[int, Any] = {}

    @property
    def payment(self) -> Any:
        """The payment as it is now."""
        return self.airline.payment(self.payment_id)

    def do(self, step: tuple[Any, ...]) -> None:
        """Take a step; what a rule refuses is no step."""
        try:
            getattr(self, f"_{step[0]}")(*step[1:])
        except Rejection:
            return

    def _tenths(self, tenths: int | None) -> money.Money | None:
        if tenths is None:
            return None
        return money.round_to_charge_step(self.due.amount * tenths, 10, self.currency)

    def _spend(self, number: int, tenths: int | None) -> None:
        amount = self._tenths(tenths)
        self.airline.submit(SpendCredit(self.booking, self.credits[number], "user_1", amount))

    def _withdraw(self, number: int) -> None:
        use = f"{self.payment_id}-c{number + 1}"
        self.airline.submit(WithdrawCredit(self.booking, use, "user_1"))

    def _card(self, number: int, tenths: int | None) -> None:
        """A card pays a part, or what its session asks for; the same intent again is the same."""
        if number not in self.sent:
            _, attempt = self.airline.checkout(self.booking)
            amount = self._tenths(tenths) or self.payment.asked_by(attempt)
            self.sent[number] = capture(
                self.booking, amount, intent=f"pi_{number}", attempt=attempt
            )
        self.airline.submit(self.sent[number])

    def _end_session(self) -> None:
        live = self.payment.live_attempt()
        if live is not None:
            self.airline.record_attempt(self.booking, Expired(), attempt=live.id)

    def _cancel(self, passenger: int | None) -> None:
        part = None if passenger is None else Part(passengers=(passenger,))
        self.airline.cancel(self.booking, part)

    def _lapse(self) -> None:
        self.airline.submit(expire(self.booking))

    def _wait(self, seconds: int) -> None:
        self.airline.wait(seconds=seconds)

    async def end(self) -> None:
        """The hold is over, what waits is done, and Stripe has paid or failed every refund."""
        self.airline.wait(minutes=16)
        self.do(("end_session",))
        await self.runs.to_the_end()
        self.do(("lapse",))
        await self.runs.to_the_end()
        for sent in self.sent.values():
            self.airline.submit(SettleParkedFunds(self.payment_id, sent.intent))
        await self.runs.to_the_end()
        for number, refund in enumerate(self.payment.refunds):
            if refund.status is RefundStatus.REQUESTED:
                self.airline.record_refund(self.payment_id, refund.id, Settled(f"re_{number}"))
                if number % 3 == 2:
                    failed = Failed(f"re_{number}", "lost_or_stolen_card")
                    self.airline.record_refund(self.payment_id, refund.id, failed)
        assert all(isinstance(error, Rejection) for _, error in self.runs.reports)


@settings(max_examples=300)
@given(
    currency=st.sampled_from(sorted(FARES)),
    at_once=st.booleans(),
    sizes=st.tuples(*[st.integers(1, 12)] * CREDITS),
    opening=OPENINGS,
    steps=st.lists(STEPS, max_size=12),
)
def test_in_the_end_cards_and_credit_have_paid_or_got_back_each_their_own(
    currency: str,
    at_once: bool,
    sizes: tuple[int, int, int],
    opening: list[tuple[Any, ...]],
    steps: list[tuple[Any, ...]],
) -> None:
    case = Mixture(currency, sizes, at_once=at_once)
    for step in [*opening, *steps]:
        case.do(step)
    asyncio.run(case.end())
    state, payment = case.airline.booking(case.booking), case.payment
    spent = {each.use: each.amount.amount for each in payment.credit_parts}
    credit_back = {each.use: each.returned.amount for each in payment.credit_parts}
    assert all(credit_back[use] <= spent[use] for use in spent), "more credit than was spent"
    balances = [case.airline.state(each).balance.amount for each in case.credits]
    assert sum(case.issued) - sum(balances) == sum(spent.values()) - sum(credit_back.values())
    for captured in payment.captures:
        drawn = [r.amount.amount for r in payment.refunds if r.intent == captured.intent]
        assert sum(drawn) <= captured.amount.amount, "a card gets back more than it paid"
    taken = sum(each.amount.amount for each in payment.captures) + sum(spent.values())
    back = sum(each.amount.amount for each in payment.refunds) + sum(credit_back.values())
    sold = state.price.total().amount - state.owed().amount if state.tickets else 0
    assert taken == sold + back, "money or credit was lost, or came from nowhere"
    assert invariants.unapplied(case.airline.log, case.booking) == 0
    if spent and payment.captures and state.tickets:
        event("paid by card and credit")
    if payment.credit_returns:
        event("refunded as credit")
