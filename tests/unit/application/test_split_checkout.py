"""A booking that several payers pay together: ticketed when all have paid, else all get it back."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.booking.allocate_funds import AllocateFunds
from application.booking.cancel_booking import Part
from application.booking.settle_parked_funds import SettleParkedFunds
from application.booking.split_checkout import SplitCheckout
from application.payment.record_attempt import Expired
from application.payment.record_capture import EndSession, RestDue
from application.payment.record_capture_check import RecordCaptureCheck
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.start_checkout import StartCheckout
from domain.booking import rejections as booking_rejections
from domain.booking.states import Status
from domain.kernel import money
from domain.kernel.rejections import Rejection
from domain.payment import rejections, shares
from domain.payment.state import AttemptStatus
from tests.support import invariants
from tests.support.airline import capture, expire, payment_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

FARES = {"SAR": 50_000, "KWD": 45_000, "JPY": 50_000}


class Shared:
    """A booking whose price is divided by these weights, and its payers."""

    def __init__(self, currency: str = "SAR", weights: tuple[int, ...] = (2, 1)) -> None:
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.runs.decide_with_causes()
        self.flight = self.airline.schedule("SV1", seats=4, fare=FARES[currency], currency=currency)
        self.booking: str = self.airline.book(self.flight, "ADT", "ADT")
        self.due: money.Money = self.airline.booking(self.booking).price.total()
        self.parts = money.split(self.due, weights)
        self.split(self.parts)

    @property
    def payment(self) -> Any:
        """The payment as it is now."""
        return self.airline.payment(payment_of(self.booking))

    def split(self, parts: list[money.Money]) -> None:
        """Divide what is outstanding."""
        self.airline.submit(SplitCheckout(self.booking, tuple(parts)))

    def pay(self, number: int) -> None:
        """The payer of this share pays; counted from 0."""
        attempt = f"{payment_of(self.booking)}-a{number + 1}"
        command = capture(self.booking, self.parts[number], intent=f"pi_{number}", attempt=attempt)
        self.airline.submit(command)

    def lapse(self) -> None:
        """The hold ends."""
        self.airline.wait(minutes=16)
        self.airline.submit(expire(self.booking))
        for number in range(len(self.parts)):
            self.airline.submit(SettleParkedFunds(payment_of(self.booking), f"pi_{number}"))

    def status(self) -> Status:
        """The status of the booking."""
        found: Status = self.airline.booking(self.booking).status
        return found

    def refunded(self) -> dict[str, int]:
        """What goes back, by intent."""
        found: dict[str, int] = {}
        for each in self.payment.refunds:
            found[each.intent] = found.get(each.intent, 0) + each.amount.amount
        return found


@pytest.mark.parametrize("currency", sorted(FARES))
def test_the_last_share_issues_the_tickets_in_its_own_append(currency: str) -> None:
    case = Shared(currency, (3, 2, 1))
    for number in (1, 0):
        case.pay(number)
        assert case.status() is Status.RESERVED
    case.pay(2)
    assert case.status() is Status.CONFIRMED
    assert case.payment.is_settled()
    assert invariants.unapplied(case.airline.log, case.booking) == 0
    assert not any(isinstance(each, RestDue) for each in case.airline.log.outbox)


@pytest.mark.parametrize("currency", sorted(FARES))
def test_what_was_paid_goes_back_to_each_payer_once_when_the_hold_ends(currency: str) -> None:
    case = Shared(currency, (3, 2, 1))
    case.pay(0)
    case.pay(2)
    case.lapse()
    case.lapse()
    assert case.status() is Status.EXPIRED
    assert case.refunded() == {f"pi_{n}": case.parts[n].amount for n in (0, 2)}
    assert case.airline.flight(case.flight).cabins["Y"].held_count == 0


@pytest.mark.parametrize("ends", ["expires", "is_cancelled"])
@pytest.mark.parametrize("currency", sorted(FARES))
def test_the_append_that_ends_the_hold_returns_what_was_paid(currency: str, ends: str) -> None:
    case = Shared(currency, (3, 2, 1))
    case.pay(0)
    case.pay(2)
    case.airline.wait(minutes=16 if ends == "expires" else 1)
    if ends == "expires":
        case.airline.submit(expire(case.booking))
    else:
        case.airline.cancel(case.booking)
    expected = {f"pi_{n}": case.parts[n].amount for n in (0, 2)}
    assert case.refunded() == expected
    asyncio.run(case.runs.to_the_end())
    assert case.refunded() == expected, "the run over the log finds nothing to do"


def test_a_share_that_is_paid_after_the_others_went_back_goes_back_too() -> None:
    case = Shared()
    case.pay(0)
    case.lapse()
    case.pay(1)
    assert case.status() is Status.EXPIRED
    assert case.refunded() == {f"pi_{n}": each.amount for n, each in enumerate(case.parts)}


def test_a_cancelled_booking_returns_the_shares_that_were_paid() -> None:
    case = Shared()
    case.pay(0)
    case.airline.cancel(case.booking)
    case.airline.submit(SettleParkedFunds(payment_of(case.booking), "pi_0"))
    assert case.refunded() == {"pi_0": case.parts[0].amount}


@pytest.mark.parametrize("currency", sorted(FARES))
def test_a_refund_goes_back_to_the_payers_in_proportion(currency: str) -> None:
    case = Shared(currency, (3, 2))
    case.pay(0)
    case.pay(1)
    case.airline.cancel(case.booking, Part(passengers=(0,)))
    asyncio.run(case.runs.to_the_end())
    back = case.refunded()
    owed = money.Money(sum(back.values()), currency)
    assert 0 < owed.amount < case.due.amount, "one of two leaves"
    expected = money.split(owed, [each.amount for each in case.parts])
    assert [back["pi_0"], back["pi_1"]] == [each.amount for each in expected]


@pytest.mark.parametrize(
    ("currency", "amounts"),
    [
        ("SAR", [0]),
        ("SAR", [1, 1]),
        ("SAR", [-100, 200]),
        ("SAR", [150]),
        ("JPY", [49]),
        ("KWD", [1_005]),
        ("KWD", [190]),
    ],
)
def test_shares_that_cannot_be_charged_are_refused_with_the_field(
    currency: str, amounts: list[int]
) -> None:
    case = Shared(currency)
    for attempt in case.payment.attempts:
        case.airline.record_attempt(case.booking, Expired(), attempt=attempt.id)
    rest = case.due.amount - sum(amounts)
    wrong = [money.Money(each, currency) for each in [*amounts, rest]]
    with pytest.raises(rejections.InvalidShares) as refused:
        case.split(wrong)
    assert refused.value.parameters["field"] == "shares"


def test_shares_add_up_to_what_is_outstanding_in_the_bookings_currency() -> None:
    case = Shared()
    with pytest.raises(rejections.AttemptPending):
        case.split(case.parts)
    case.pay(0)
    case.airline.record_attempt(case.booking, Expired(), attempt=f"{payment_of(case.booking)}-a2")
    rest = case.parts[1]
    halves = money.split(rest, (1, 1))
    for wrong in (
        case.parts,
        [rest],
        [*halves, money.Money(200, "SAR")],
        [money.Money(each.amount, "KWD") for each in halves],
        [money.Money(rest.amount // 10, "SAR")] * (shares.MOST + 1),
    ):
        with pytest.raises(rejections.InvalidShares):
            case.split(list(wrong))
    case.split(halves)
    live = [each.amount for each in case.payment.live_attempts()]
    assert live == halves


def test_one_session_for_all_waits_for_open_shares_and_then_collects_the_rest() -> None:
    case = Shared()
    with pytest.raises(rejections.AttemptPending):
        case.airline.submit(StartCheckout(case.booking))
    case.pay(0)
    case.airline.record_attempt(case.booking, Expired(), attempt=f"{payment_of(case.booking)}-a2")
    case.airline.submit(StartCheckout(case.booking))
    last = case.payment.attempts[-1]
    assert (last.amount, last.is_share) == (case.parts[1], False)
    assert last.status is AttemptStatus.REQUESTED


def test_a_share_that_stripe_denies_pays_for_nothing() -> None:
    case = Shared()
    attempt = f"{payment_of(case.booking)}-a1"
    forged = capture(case.booking, case.parts[0], intent="pi_0", attempt=attempt, signed=True)
    case.airline.submit(forged)
    case.airline.submit(RecordCaptureCheck(payment_of(case.booking), "pi_0", None))
    case.pay(1)
    assert case.status() is Status.RESERVED
    assert case.payment.outstanding() == case.due - case.parts[1]
    case.airline.submit(StartCheckout(case.booking))
    assert case.payment.attempts[-1].amount == case.parts[0]
    case.lapse()
    assert case.refunded() == {"pi_1": case.parts[1].amount}


def test_money_that_pays_for_all_ends_every_share_and_returns_what_was_paid() -> None:
    case = Shared(weights=(3, 2, 1))
    case.pay(0)
    case.airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", case.due))
    case.airline.submit(AllocateFunds(stream_of("pi_9"), "pi_9", case.booking))
    name = payment_of(case.booking)
    ended = [each for each in case.airline.log.outbox if isinstance(each, EndSession)]
    assert ended == [EndSession(name, f"{name}-a2"), EndSession(name, f"{name}-a3")]
    case.pay(1)
    case.airline.submit(SettleParkedFunds(name, "pi_0"))
    assert case.refunded() == {f"pi_{n}": case.parts[n].amount for n in (0, 1)}


def test_a_waitlisted_booking_cannot_be_divided() -> None:
    airline = MemoryAirline()
    flight = airline.schedule("SV1", seats=1)
    airline.ticketed(flight)
    waiting = airline.book(flight, mode="waitlist")
    half = money.Money(airline.booking(waiting).price.total().amount // 2, "SAR")
    with pytest.raises((booking_rejections.TransitionRefused, Rejection)):
        airline.submit(SplitCheckout(waiting, (half, half)))


@given(
    currency=st.sampled_from(sorted(FARES)),
    weights=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    steps=st.lists(st.one_of(st.integers(0, 4), st.just("lapse"), st.just("cancel")), max_size=12),
)
def test_in_any_order_either_all_shares_pay_for_tickets_or_all_go_back(
    currency: str, weights: list[int], steps: list[int | str]
) -> None:
    case = Shared(currency, tuple(weights))
    paid: set[int] = set()
    for step in steps:
        if isinstance(step, int):
            if step < len(weights):
                case.pay(step)
                paid.add(step)
        elif case.status() is Status.RESERVED:
            case.lapse() if step == "lapse" else case.airline.cancel(case.booking)
    if case.status() is Status.RESERVED:
        case.lapse()
    for number in paid:
        case.airline.submit(SettleParkedFunds(payment_of(case.booking), f"pi_{number}"))
    asyncio.run(case.runs.to_the_end())
    taken = {f"pi_{number}": case.parts[number].amount for number in paid}
    if case.airline.booking(case.booking).tickets:
        assert len(paid) == len(weights)
        assert case.refunded() == {}
    else:
        assert case.refunded() == taken
    assert invariants.unapplied(case.airline.log, case.booking) == 0
