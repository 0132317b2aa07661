"""Refunds under any sequence: never more than was captured, each request once, books that agree.

The card company is a model that accepts or refuses a request once, may fail an accepted one
later, and reports everything in any order and any number of times.
"""

import datetime as dt
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from application.commands.command import Outcome
from application.payment import record_refund
from application.payment.record_refund import RecordRefund
from application.payment.refund_payment import RefundPayment, SendRefund
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment.events import PaymentRequested, RefundAccepted, RefundFailed, RefundRequested
from domain.payment.rejections import RefundExceedsCaptured
from domain.payment.state import Payment, RefundStatus
from tests.support import examples, memory_log
from tests.support.airline import capture, payment_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import Clock, MemoryLog, MemoryProcess

PROCESSES = st.sampled_from((0, 1))
OBLIGATIONS = st.sampled_from(["cancellation", "goodwill", "change", "duplicate", "tax"])
INTENTS = ("pi_1", "pi_2", "pi_3")
DUE = examples.DUE.amount


class Known(msgspec.Struct):
    """What the card company has: nothing reported yet, a refusal, or the status of the refund."""

    status: str = ""
    was: list[str] = []


class Refunds(RuleBasedStateMachine):
    """A paid booking with parked money beside, two processes, and a card company."""

    def __init__(self) -> None:
        super().__init__()
        airline = MemoryAirline()
        airline.schedule(scheduled=examples.scheduled())
        self.booking = airline.book(examples.FLIGHT)
        self.payment = payment_of(self.booking)
        airline.pay(self.booking, intent="pi_1")
        for intent in INTENTS[1:]:
            airline.submit(capture(self.booking, examples.DUE, intent=intent))
        self.log: MemoryLog = airline.log
        self.clock: Clock = airline.clock
        self.processes = [
            airline.process,
            MemoryProcess(
                self.log, clock=self.clock, random_bytes=lambda count: bytes(count), cache_limit=1
            ),
        ]
        self.envelopes = 10_000
        self.company: dict[str, Known] = {}

    @initialize()
    def begin(self) -> None:
        """The captures are there."""
        state: Payment = self.log.state(self.payment)
        assert [c.intent for c in state.captures] == list(INTENTS)

    def _submit(self, process: int, command: Any) -> Outcome | Rejection:
        self.envelopes += 1
        envelope = memory_log.envelope(command, self.envelopes)
        (result,) = self.processes[process].submit_together([envelope])
        assert isinstance(result, Outcome | Rejection), repr(result)
        before = len(self.log.events)
        self.envelopes += 1
        again = memory_log.envelope(command, self.envelopes)
        self.processes[process].submit_together([again])
        assert len(self.log.events) == before, f"{command} was recorded twice"
        return result

    @rule(
        process=PROCESSES,
        obligation=OBLIGATIONS,
        amount=st.one_of(st.integers(1, 3 * DUE + 1), st.sampled_from([DUE, 2 * DUE, 3 * DUE])),
        intent=st.sampled_from((None, None, *INTENTS)),
    )
    def ask(self, process: int, obligation: str, amount: int, intent: str | None) -> None:
        """Exactly the amount is requested, or nothing at all."""
        before: Payment = self.log.state(self.payment)
        known = any(r.obligation == obligation for r in before.refunds)
        wanted = [i for i in INTENTS if intent in (None, i)]
        free = sum(before.refundable(i).amount for i in wanted)
        command = RefundPayment(
            self.booking, obligation, examples.sar(amount), (self.payment,), intent
        )
        result = self._submit(process, command)
        after: Payment = self.log.state(self.payment)
        asked = sum(r.amount.amount for r in after.refunds[len(before.refunds) :])
        if known:
            assert asked == 0
        elif amount > free:
            assert isinstance(result, RefundExceedsCaptured)
            assert asked == 0
        else:
            assert asked == amount
        for refund in after.refunds:
            self.company.setdefault(refund.id, Known())

    @rule(
        process=PROCESSES,
        which=st.integers(0, 20),
        move=st.sampled_from(["refuse", "accept", "settle", "fail", "lose", "repeat"]),
        reports=st.booleans(),
    )
    def move(self, process: int, which: int, move: str, reports: bool) -> None:
        """The company advances one refund; it may report that, or the status before."""
        if not self.company:
            return
        refund = sorted(self.company)[which % len(self.company)]
        known = self.company[refund]
        allowed = {
            "refuse": ("",),
            "accept": ("",),
            "settle": ("", "pending"),
            "fail": ("pending", "succeeded"),
        }
        becomes = {"refuse": "no", "accept": "pending", "settle": "succeeded", "fail": "failed"}
        if move == "lose":
            self._report(process, refund, record_refund.Unresolved())
        elif move != "repeat" and known.status in allowed[move]:
            known.was.append(known.status)
            known.status = becomes[move]
        if reports:
            self._report_status(process, refund, known.status)

    @rule(process=PROCESSES, which=st.integers(0, 20), old=st.integers(0, 3))
    def report_late(self, process: int, which: int, old: int) -> None:
        """A late report of a status that the refund had before."""
        if not self.company:
            return
        refund = sorted(self.company)[which % len(self.company)]
        left = self.company[refund].was
        if left:
            self._report_status(process, refund, left[old % len(left)])

    def _report_status(self, process: int, refund: str, status: str) -> None:
        provider = f"re_{refund}"
        results: dict[str, record_refund.Result] = {
            "no": record_refund.Refused("refused"),
            "pending": record_refund.Accepted(provider),
            "succeeded": record_refund.Settled(provider),
            "failed": record_refund.Failed(provider, "declined"),
        }
        if status:
            self._report(process, refund, results[status])

    def _report(self, process: int, refund: str, result: record_refund.Result) -> None:
        result = self._submit(process, RecordRefund(self.payment, refund, result))
        assert isinstance(result, Outcome)

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        """Time passes and changes nothing by itself."""
        self.clock.advance(dt.timedelta(hours=hours))

    @invariant()
    def no_capture_is_refunded_beyond_its_amount(self) -> None:
        state: Payment = self.log.state(self.payment)
        for captured in state.captures:
            live = sum(
                r.amount.amount
                for r in state.refunds
                if r.intent == captured.intent
                and r.status not in {RefundStatus.REFUSED, RefundStatus.FAILED}
            )
            assert live <= captured.amount.amount
            assert state.refundable(captured.intent).amount == captured.amount.amount - live >= 0

    @invariant()
    def each_request_has_a_name_a_key_and_a_message_of_its_own(self) -> None:
        asked = [
            recorded.event
            for recorded in self.log.streams[self.payment]
            if isinstance(recorded.event, RefundRequested)
        ]
        assert len({event.refund for event in asked}) == len(asked)
        assert len({event.idempotency_key for event in asked}) == len(asked)
        messages = [task.refund for task in self.log.outbox if isinstance(task, SendRefund)]
        assert messages == [event.refund for event in asked]

    @invariant()
    def the_books_agree_with_the_company(self) -> None:
        events = [recorded.event for recorded in self.log.streams[self.payment]]
        assert isinstance(events[0], PaymentRequested)
        clearing = sum(
            posting.amount
            for event in events
            if isinstance(event, RefundAccepted | RefundFailed)
            for posting in event.entry.postings
            if posting.account == "1010"
        )
        state: Payment = self.log.state(self.payment)
        taken = sum(
            r.amount.amount
            for r in state.refunds
            if r.status in {RefundStatus.ACCEPTED, RefundStatus.SETTLED}
        )
        assert clearing == -taken
        for kind in (RefundAccepted, RefundFailed):
            names = [event.refund for event in events if isinstance(event, kind)]
            assert len(set(names)) == len(names)


TestRefunds = Refunds.TestCase


@given(
    parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    currency=st.sampled_from(["SAR", "KWD", "JPY"]),
)
def test_a_capture_is_refunded_in_parts_to_the_last_unit(parts: list[int], currency: str) -> None:
    step = money.charge_step(currency)
    whole = money.Money(sum(parts) * step, currency)
    airline = MemoryAirline()
    airline.schedule(scheduled=examples.scheduled(fare=money.Money(10_000, currency)))
    booking = airline.book(examples.FLIGHT)
    airline.checkout(booking)
    airline.submit(capture(booking, whole))
    for number, part in enumerate(parts):
        amount = money.Money(part * step, currency)
        airline.submit(RefundPayment(booking, f"o{number}", amount, (payment_of(booking),)))
    state: Payment = airline.log.state(payment_of(booking))
    assert state.refundable("pi_1") == money.Money(0, currency)
