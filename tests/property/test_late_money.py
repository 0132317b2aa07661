"""Whatever comes in whatever order, each captured amount pays for a booking or goes back, once.

Captures of any amount, in time or late, reported once or again, by Stripe or by a signature alone;
holds that lapse, cancellations, other travellers for the seats, and follow-ups at once or later.
"""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from application.booking.settle_parked_funds import SettleParkedFunds
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from domain.booking.states import Status
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment.state import CaptureCheck
from tests.support import invariants
from tests.support.airline import capture, expire, payment_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}
PARTS = {"whole": (1, 1), "half": (1, 2), "double": (2, 1), "most": (9, 10)}
STEPS = st.one_of(
    st.tuples(
        st.just("capture"),
        st.integers(0, 1),
        st.integers(1, 4),
        st.sampled_from(sorted(PARTS)),
        st.booleans(),
    ),
    st.tuples(st.just("check"), st.integers(0, 1), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("checkout"), st.integers(0, 1)),
    st.tuples(st.just("cancel"), st.integers(0, 1)),
    st.tuples(st.just("lapse"), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from((1, 5 * 60, 16 * 60, 24 * 3600))),
    st.tuples(st.just("other")),
)


class Late:
    """Two bookings for the two seats of a flight, and a payer for each."""

    def __init__(self, currency: str, *, at_once: bool) -> None:
        self.currency = currency
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes(wanted=at_once)
        self.flight = self.airline.schedule(
            "SV1", seats=2, fare=FARES[currency], currency=currency, in_days=3
        )
        self.bookings = [self.airline.book(self.flight, owner=f"user_{n}") for n in range(2)]
        for each in self.bookings:
            self.airline.checkout(each)
        self.sent: dict[tuple[int, int], Any] = {}

    def do(self, step: tuple[Any, ...]) -> None:
        """Take a step; what a rule refuses is no step."""
        try:
            getattr(self, f"_{step[0]}")(*step[1:])
        except Rejection:
            return

    def _capture(self, index: int, number: int, part: str, signed: bool) -> None:
        """Stripe takes an amount once; what is reported again is the same."""
        booking = self.bookings[index]
        due = self.airline.booking(booking).price.total()
        times, of = PARTS[part]
        amount = money.round_to_charge_step(due.amount * times, of, due.currency)
        fresh = capture(booking, amount, intent=f"pi_{index}{number}", signed=signed)
        self.airline.submit(self.sent.setdefault((index, number), fresh))

    def _check(self, index: int, number: int, genuine: bool) -> None:
        sent = self.sent.get((index, number))
        if sent is not None:
            found = FoundIntent(sent.amount, sent.payment_id) if genuine else None
            self.airline.submit(RecordCaptureCheck(sent.payment_id, sent.intent, found))

    def _checkout(self, index: int) -> None:
        self.airline.checkout(self.bookings[index])

    def _cancel(self, index: int) -> None:
        self.airline.cancel(self.bookings[index])

    def _lapse(self, index: int) -> None:
        self.airline.submit(expire(self.bookings[index]))

    def _wait(self, seconds: int) -> None:
        self.airline.wait(seconds=seconds)

    def _other(self) -> None:
        self.airline.ticketed(self.flight, owner="another")

    async def end(self) -> None:
        """All is checked, the holds are over, and what waits is done."""
        for index, number in self.sent:
            self._check(index, number, genuine=True)
        self.airline.wait(minutes=16)
        for each in range(2):
            self.do(("lapse", each))
        await self.runs.to_the_end()
        for sent in self.sent.values():
            self.airline.submit(SettleParkedFunds(sent.payment_id, sent.intent))
        await self.runs.to_the_end()
        # Tickets of what was cancelled before they were issued are refused.
        assert all(isinstance(error, Rejection) for _, error in self.runs.reports)


@given(
    currency=st.sampled_from(sorted(FARES)),
    at_once=st.booleans(),
    steps=st.lists(STEPS, max_size=14),
)
def test_in_the_end_each_captured_amount_has_paid_or_goes_back_and_only_once(
    currency: str, at_once: bool, steps: list[tuple[Any, ...]]
) -> None:
    case = Late(currency, at_once=at_once)
    for step in steps:
        case.do(step)
    asyncio.run(case.end())
    airline = case.airline
    for booking in case.bookings:
        state, payment = airline.booking(booking), airline.payment(payment_of(booking))
        taken = sum(each.amount.amount for each in payment.captures)
        back = sum(each.amount.amount for each in payment.refunds)
        kept = state.captured.amount if state.tickets and not state.was_cancelled else 0
        if not state.was_cancelled:
            assert taken == kept + back, "nothing is lost, and nothing is paid twice"
            assert state.status in {Status.CONFIRMED, Status.EXPIRED}
        assert all(each.check is not CaptureCheck.OPEN for each in payment.captures)
        for each in payment.captures:
            drawn = [r.amount.amount for r in payment.refunds if r.intent == each.intent]
            assert sum(drawn) <= each.amount.amount
        assert invariants.unapplied(airline.log, booking) == 0
    cabin = airline.flight(case.flight).cabins["Y"]
    assert cabin.free_count >= 0
    assert cabin.held_count == 0
