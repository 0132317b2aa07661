"""Claims follow the facts of a flight: what is owed, offered, accepted and paid, and the books."""

import contextlib
import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.booking.answer_disruption import AcceptDisruption
from application.booking.check_in import Board, CheckIn
from application.booking.close_flight import CloseFlight
from application.booking.divide_booking import DivideBooking
from application.booking.letters import ClaimLetter
from application.booking.reopen_flight import ReopenFlight
from application.compensation.accept_claim import AcceptClaim, TakeClaimAsCredit
from application.compensation.assess_claim import assessment_of
from application.compensation.pay_claim import PayClaim
from application.compensation.withdraw_claim import WithdrawClaim
from application.inventory.cancel_flight import CancelFlight
from application.inventory.depart_flight import DepartFlight
from application.inventory.reinstate_flight import ReinstateFlight
from application.inventory.reschedule_flight import RescheduleFlight
from application.inventory.withdraw_departure import WithdrawDeparture
from application.processes import follow_flight_when_changed
from domain.compensation import claims, rejections
from domain.compensation.events import ClaimAssessed
from domain.compensation.state import Claim, ClaimStatus
from domain.kernel import ids, sealed
from domain.kernel.money import Money
from domain.ledger import accounts
from domain.policies.compensation_values import (
    Compensation,
    CompensationBand,
    CompensationRegime,
)
from infrastructure.airports.world import load_airports
from tests.support import invariants
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns
from tests.support.policies import publish

HOUR = dt.timedelta(hours=1)
ACCOUNT = sealed.Sealed("subject", b"account")


class Disrupted:
    """A ticketed party on a flight of 500 riyals each, and everything that runs by itself."""

    def __init__(self, *party: Any, currency: str = "SAR", route: tuple[str, str] = ("RUH", "JED")):
        self.airline = MemoryAirline()
        self.runs = ProcessRuns(self.airline)
        self.flight = self.airline.schedule("SV1", currency=currency, route=route)
        self.booking = self.airline.ticketed(self.flight, *party)
        self.claim_id = ids.claim_stream(self.booking, self.flight)
        self.departs_at = self.airline.flight(self.flight).departs_at

    async def follow(self, booking: str | None = None) -> None:
        """What the worker does for the last change of the flight, and what follows from it."""
        recorded = self.airline.last(self.flight)
        before = follow_flight_when_changed.times_before(
            self.airline.log.streams[self.flight], recorded.version
        )
        command = follow_flight_when_changed.command(
            recorded, booking or self.booking, before=before
        )
        self.airline.submit(command)
        await self.runs.to_the_end()
        assert self.runs.reports == []

    async def cancel(self, notice: dt.timedelta, reason: str = "commercial") -> None:
        self.airline.clock.now = self.departs_at - notice
        self.airline.submit(CancelFlight(self.flight, reason))
        await self.follow()

    async def leave(self, late: dt.timedelta, *passengers: int) -> None:
        """These passengers are on board when it leaves so late."""
        self.airline.clock.now = self.departs_at - 1.5 * HOUR
        self.airline.submit(CheckIn(self.booking, 0, passengers))
        self.airline.submit(Board(self.booking, 0, passengers))
        self.airline.clock.now = self.departs_at + late
        self.airline.submit(DepartFlight(self.flight, self.departs_at + late))
        await self.follow()

    async def assess_again(self) -> None:
        """As the timer does."""
        command = await assessment_of(
            self.runs.bus, load_airports(), self.airline.clock, self.booking, self.flight
        )
        assert command is not None
        self.airline.submit(command)

    @property
    def claim(self) -> Claim | None:
        found: Claim | None = self.airline.log.state(self.claim_id)
        return found

    def shares(self) -> dict[int, int]:
        assert self.claim is not None
        return {each.passenger: each.amount.amount for each in self.claim.shares}

    def balance(self, account: str) -> int:
        return sum(
            posting.amount
            for recorded in self.airline.log.events
            if (entry := getattr(recorded.event, "entry", None)) is not None
            for posting in entry.postings
            if posting.account == account
        )

    def letters(self) -> list[ClaimLetter]:
        topic = ClaimLetter.topic
        return [
            msgspec.convert(each.body, ClaimLetter)
            for each in self.airline.log.outbox
            if each.topic == topic
        ]


@pytest.mark.parametrize(
    ("notice", "percent"),
    [
        (dt.timedelta(days=13), 50),
        (24 * HOUR, 50),
        (23 * HOUR, 100),
        (4 * HOUR, 100),
        (3 * HOUR, 150),
    ],
)
async def test_a_cancelled_flight_is_compensated_by_its_notice(
    notice: dt.timedelta, percent: int
) -> None:
    case = Disrupted("ADT", "CHD")
    fares = [each.fare for each in case.airline.booking(case.booking).coupons]
    # It was scheduled ten days ahead: a longer notice needs a later flight.
    notice = min(notice, dt.timedelta(days=9))
    await case.cancel(notice)
    assert case.shares() == {n: fare * percent // 100 for n, fare in enumerate(fares)}
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.OFFERED
    owed = sum(case.shares().values())
    assert case.balance(accounts.COMPENSATION_PAYABLE) == -owed
    assert [(each.amount, each.currency) for each in case.letters()] == [(owed, "SAR")]
    invariants.Invariants(case.airline.log).check()


async def test_ledger_row_30_compensation_is_an_expense_and_owed_until_the_bank_paid_it() -> None:
    case = Disrupted()
    await case.cancel(3 * HOUR)
    owed = 75_000
    assert case.balance(accounts.COMPENSATION) == owed
    case.airline.submit(AcceptClaim(case.claim_id, ACCOUNT))
    today = case.airline.clock().date()
    paid = PayClaim(case.claim_id, "FT26325-0042", today)
    for days, reason in ((2, "in the future"), (-1, "before_acceptance")):
        wrong = PayClaim(case.claim_id, "FT26325-0042", today + dt.timedelta(days=days))
        with pytest.raises(rejections.InvalidPayment) as refused:
            case.airline.submit(wrong)
        assert refused.value.parameters == {"field": "paidOn", "reason": reason}
    case.airline.submit(paid)
    assert case.airline.added(paid) == {}
    with pytest.raises(rejections.ClaimNotOpen):
        case.airline.submit(PayClaim(case.claim_id, "FT26325-0043", today))
    assert case.balance(accounts.COMPENSATION_PAYABLE) == 0
    assert case.balance(accounts.BANK) == -owed
    assert case.balance(accounts.COMPENSATION) == owed


async def test_who_chooses_credit_is_paid_at_once_and_never_by_the_bank_as_well() -> None:
    case = Disrupted()
    with pytest.raises(rejections.ClaimNotFound):
        case.airline.submit(TakeClaimAsCredit(case.claim_id))
    await case.cancel(3 * HOUR)
    taken = TakeClaimAsCredit(case.claim_id)
    case.airline.submit(taken)
    assert case.airline.added(taken) == {}
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.PAID
    assert case.claim.credit is not None
    credit = case.airline.log.state(case.claim.credit)
    assert (credit.balance, credit.origin) == (case.claim.amount, "compensation")
    assert credit.owner == case.airline.booking(case.booking).owner
    assert case.balance(accounts.COMPENSATION_PAYABLE) == 0
    assert case.balance(accounts.COMPENSATION) == case.claim.amount.amount
    today = case.airline.clock().date()
    for refused in (
        AcceptClaim(case.claim_id, ACCOUNT),
        PayClaim(case.claim_id, "FT26325-0042", today),
        WithdrawClaim(case.claim_id, "agreed_otherwise", ()),
    ):
        with contextlib.suppress(rejections.ClaimNotOpen):
            assert case.airline.added(refused) == {}
    other = Disrupted()
    await other.cancel(3 * HOUR)
    other.airline.submit(AcceptClaim(other.claim_id, ACCOUNT))
    with pytest.raises(rejections.ClaimNotOpen):
        other.airline.submit(TakeClaimAsCredit(other.claim_id))


@pytest.mark.parametrize(
    ("late", "amount"),
    [(2 * HOUR, 0), (3 * HOUR, 25_000), (5.9 * HOUR, 25_000), (6 * HOUR, 75_000)],
)
async def test_those_on_board_of_a_late_flight_are_compensated_once_its_departure_is_final(
    late: dt.timedelta, amount: int
) -> None:
    case = Disrupted("ADT", "ADT")
    await case.leave(late, 0)
    if not amount:
        assert case.claim is None
        return
    assert case.shares() == {0: amount}
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.ASSESSED
    with pytest.raises(rejections.ClaimNotOpen):
        case.airline.submit(AcceptClaim(case.claim_id, ACCOUNT))
    case.airline.wait(days=3)
    await case.assess_again()
    assert case.claim.status is ClaimStatus.OFFERED
    assert len(case.letters()) == 1
    await case.assess_again()
    assert len(case.letters()) == 1


@pytest.mark.parametrize(
    ("since", "amounts", "version"), [(-2 * HOUR, {0: 90_00}, 2), (HOUR, {0: 250_00}, 1)]
)
async def test_the_compensation_in_force_at_the_departure_counts(
    since: dt.timedelta, amounts: dict[int, int], version: int
) -> None:
    case = Disrupted()
    delayed = CompensationBand("delayed", amount=90_00, currency="SAR", delay_hours=1)
    regime = CompensationRegime("GACA", case.departs_at.date(), ("SA",), ("SA",), (), (delayed,))
    publish(case.airline, Compensation((regime,)), valid_from=case.departs_at + since)
    await case.leave(4 * HOUR, 0)
    assert case.shares() == amounts
    (assessed,) = (each.event for each in case.airline.log.streams[case.claim_id])
    assert isinstance(assessed, ClaimAssessed)
    assert assessed.version == version


async def test_a_withdrawn_departure_takes_the_claim_and_its_entry_back() -> None:
    case = Disrupted()
    await case.leave(4 * HOUR, 0)
    departed_at = case.departs_at + 4 * HOUR
    now = case.airline.clock()
    case.airline.submit(WithdrawDeparture(case.flight, now + HOUR, now + 3 * HOUR, "operational"))
    case.airline.submit(ReopenFlight(case.booking, case.flight, departed_at, "operational"))
    await case.runs.to_the_end()
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.WITHDRAWN
    assert case.balance(accounts.COMPENSATION_PAYABLE) == 0


async def test_a_flight_that_goes_after_all_is_not_compensated_as_cancelled() -> None:
    case = Disrupted()
    await case.cancel(30 * HOUR)
    case.airline.submit(ReinstateFlight(case.flight, "operational"))
    await case.follow()
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.WITHDRAWN
    assert case.balance(accounts.COMPENSATION) == 0


async def test_times_announced_a_fortnight_ahead_or_before_the_sale_are_no_delay() -> None:
    case = Disrupted()
    case.airline.submit(
        RescheduleFlight(
            case.flight, case.departs_at + 5 * HOUR, case.departs_at + 7 * HOUR, "commercial"
        )
    )
    await case.follow()
    case.airline.submit(AcceptDisruption(case.booking, 0))
    later = case.airline.ticketed(case.flight)
    for booking in (case.booking, later):
        case.airline.clock.now = case.departs_at + 3.5 * HOUR
        case.airline.submit(CheckIn(booking, 0, None))
        case.airline.submit(Board(booking, 0, None))
    case.airline.clock.now = case.departs_at + 5 * HOUR
    case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
    for booking in (case.booking, later):
        case.airline.submit(CloseFlight(booking, case.flight))
    await case.runs.to_the_end()
    # The earlier customer was told ten days ahead, which is too late.
    assert case.shares() == {0: 25_000}
    assert case.airline.log.state(ids.claim_stream(later, case.flight)) is None


@pytest.mark.parametrize("reason", ["weather", "air_traffic", "airport", "security"])
async def test_what_the_airline_could_not_help_is_not_compensated(reason: str) -> None:
    case = Disrupted()
    await case.cancel(3 * HOUR, reason)
    assert case.claim is None


@pytest.mark.parametrize("currency", ["KWD", "JPY"])
async def test_shares_of_a_fare_are_in_the_currency_of_the_booking(currency: str) -> None:
    case = Disrupted(currency=currency)
    await case.cancel(3 * HOUR)
    fare = case.airline.booking(case.booking).coupons[0].fare
    assert case.claim is not None
    assert case.claim.amount == Money(fare * 3 // 2, currency)


async def test_staff_withdraw_a_claim_for_good_but_not_once_it_is_accepted() -> None:
    case = Disrupted()
    await case.cancel(3 * HOUR)
    case.airline.submit(WithdrawClaim(case.claim_id, "agreed_otherwise", ()))
    await case.assess_again()
    assert case.claim is not None
    assert case.claim.status is ClaimStatus.WITHDRAWN
    assert case.balance(accounts.COMPENSATION) == 0
    with pytest.raises(rejections.ClaimNotOpen):
        case.airline.submit(AcceptClaim(case.claim_id, ACCOUNT))
    other = Disrupted()
    await other.cancel(3 * HOUR)
    other.airline.submit(AcceptClaim(other.claim_id, ACCOUNT))
    with pytest.raises(rejections.ClaimNotOpen):
        other.airline.submit(WithdrawClaim(other.claim_id, "agreed_otherwise", ()))


@given(st.lists(st.sampled_from(["cancel", "reinstate", "assess", "run"]), max_size=12))
async def test_whatever_the_order_and_repeats_of_facts_a_claim_is_owed_once(
    steps: list[str],
) -> None:
    case = Disrupted("ADT", "ADT")
    case.airline.clock.now = case.departs_at - 30 * HOUR
    is_cancelled = False
    for step in steps:
        if step == "cancel":
            case.airline.submit(CancelFlight(case.flight, "commercial"))
            is_cancelled = True
            await case.follow()
        elif step == "reinstate" and is_cancelled:
            case.airline.submit(ReinstateFlight(case.flight, "operational"))
            is_cancelled = False
            await case.follow()
        elif step == "assess":
            await case.assess_again()
        else:
            await case.runs.runner.run_again(case.booking)
    owed = claims.owed(case.claim)
    fares = [each.fare for each in case.airline.booking(case.booking).coupons]
    assert (0 if owed is None else owed.amount) == (sum(fares) // 2 if is_cancelled else 0)
    assert -case.balance(accounts.COMPENSATION_PAYABLE) == (0 if owed is None else owed.amount)
    invariants.Invariants(case.airline.log).check()


@pytest.mark.parametrize(
    ("iban", "valid"),
    [
        ("SA03 8000 0000 6080 1016 7519", True),
        ("gb29nwbk60161331926819", True),
        ("SA0480000000608010167519", False),
        ("SA03", False),
        ("", False),
    ],
)
def test_an_iban_is_checked_by_its_digits(iban: str, valid: bool) -> None:
    if valid:
        assert claims.require_iban(iban) == iban.replace(" ", "").upper()
        return
    with pytest.raises(rejections.InvalidAccount):
        claims.require_iban(iban)


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("then", ["goes", "cancelled", "late"])
async def test_who_was_divided_off_a_cancelled_flight_is_compensated_once(
    accepted: bool, then: str
) -> None:
    case = Disrupted("ADT", "ADT")
    await case.cancel(30 * HOUR)
    if accepted:
        case.airline.submit(AcceptClaim(case.claim_id, ACCOUNT))
    case.airline.submit(DivideBooking(case.booking, (1,)))
    (divided,) = case.airline.booking(case.booking).divided_into
    case.airline.submit(ReinstateFlight(case.flight, "operational"))
    await case.follow()
    await case.follow(divided.booking)
    if then != "goes":
        await case.cancel(30 * HOUR)
        await case.follow(divided.booking)
    if then == "late":
        case.airline.submit(ReinstateFlight(case.flight, "operational"))
        for booking in (case.booking, divided.booking):
            await case.follow(booking)
            case.airline.submit(AcceptDisruption(booking, 0))
        for booking in (case.booking, divided.booking):
            case.airline.clock.now = case.departs_at - 1.5 * HOUR
            case.airline.submit(CheckIn(booking, 0, None))
            case.airline.submit(Board(booking, 0, None))
        case.airline.clock.now = case.departs_at + 7 * HOUR
        case.airline.submit(DepartFlight(case.flight, case.airline.clock()))
        for booking in (case.booking, divided.booking):
            await case.follow(booking)
    own = case.airline.log.state(ids.claim_stream(divided.booking, case.flight))
    owed = [sorted(case.shares())] if claims.owed(case.claim) else []
    owed += [["divided"]] if claims.owed(own) else []
    expected: list[Any] = [[0], ["divided"]] if then != "goes" else []
    assert owed == ([[0, 1]] if accepted else expected)
    invariants.Invariants(case.airline.log).check()


async def test_staff_withdraw_for_good_what_the_facts_have_withdrawn_for_now() -> None:
    case = Disrupted()
    await case.cancel(30 * HOUR)
    case.airline.submit(ReinstateFlight(case.flight, "operational"))
    await case.follow()
    for _ in range(2):
        case.airline.submit(WithdrawClaim(case.claim_id, "agreed_otherwise", ()))
    assert case.airline.tags(case.claim_id)[-3:].count("claim.withdrawn.1") == 2
    await case.cancel(30 * HOUR)
    assert case.claim is not None
    assert (case.claim.status, case.claim.by_staff) == (ClaimStatus.WITHDRAWN, True)
    assert case.balance(accounts.COMPENSATION) == 0
    invariants.Invariants(case.airline.log).check()
