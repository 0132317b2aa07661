"""Every timer goes through all that is due: what nothing can help starves none behind it."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from application.booking.offer_disruption import OfferDisruption
from application.booking.record_dispute import RecordDispute
from application.compensation.assess_claim import AssessClaim
from application.compensation.regimes_in_force import regimes_at
from application.credit.issue_credit import IssueCredit
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.inventory.cancel_flight import CancelFlight
from application.payment.dispute_gateway import ProviderDispute
from application.payment.record_attempt import Opened
from application.payment.record_capture_check import RecordCaptureCheck
from application.payment.record_refund import Accepted
from application.settlement.gateway import ProviderPayout
from application.settlement.record_payout import RecordPayout
from domain.compensation.events import ClaimShare
from domain.kernel.money import Money
from infrastructure.privacy.erasures import PostgresErasures
from interfaces.composition import Core
from interfaces.worker.timers.registry import TIMERS
from interfaces.worker.timers.timer import Page, Timer
from tests.integration.projections.airline import START, Airline
from tests.support import gift_cards
from tests.support.airline import capture, payment_of
from tests.support.tax_documents import issue_on_postgres

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
ROUNDS = 3


async def hold(airline: Airline, number: int) -> str:
    return await airline.reserve(owner=f"user_{number}")


async def attempt(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    await airline.checkout(booking)
    return payment_of(booking)


async def session(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    await airline.checkout(booking)
    await airline.record_attempt(booking, Opened(f"cs_{number}", "https://checkout.test", START))
    return payment_of(booking)


async def paid(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    await airline.pay(booking, intent=f"pi_{number}")
    return booking


async def paid_twice(airline: Airline, number: int) -> str:
    booking = await paid(airline, number)
    due = (await airline.booking(booking)).price.total()
    await airline.submit(capture(booking, due, intent=f"pi_twice_{number}"))
    return payment_of(booking)


async def refund(airline: Airline, number: int) -> str:
    payment, _ = await airline.refund(await paid(airline, number))
    return str(payment)


async def accepted_refund(airline: Airline, number: int) -> str:
    payment, requested = await airline.refund(await paid(airline, number))
    await airline.record_refund(payment, requested, Accepted(f"re_{number}"))
    return str(payment)


async def departure(airline: Airline, number: int) -> str:
    return await airline.put_on_sale(f"XX{100 + number}")


async def single_seat(airline: Airline, number: int) -> str:
    """One seat is free, and two passengers wait together."""
    flight = await airline.put_on_sale(f"XX{200 + number}", seats=2)
    await airline.reserve(flight)
    await airline.book(flight, "ADT", "ADT", mode="waitlist")
    return flight


async def cancellation(airline: Airline, number: int) -> str:
    flight = await airline.put_on_sale(f"XX{300 + number}", seats=2)
    booking = await airline.sell(flight)
    await airline.submit(CancelFlight(flight, "no crew"))
    await airline.submit(OfferDisruption(booking, flight, "cancelled", "no crew", True))
    return booking


async def signed_capture(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    return str(await airline.pay(booking, intent=f"pi_{number}", signed=True))


async def contradicted_capture(airline: Airline, number: int) -> str:
    payment = await signed_capture(airline, number)
    await airline.submit(RecordCaptureCheck(payment, f"pi_{number}", None))
    return payment


async def tax_document(airline: Airline, number: int) -> str:
    booking = await airline.sell(await airline.put_on_sale(f"XX{400 + number}"))
    await issue_on_postgres(airline, booking)
    return booking


async def claim(airline: Airline, number: int) -> str:
    booking = await airline.sell(await airline.put_on_sale(f"XX{500 + number}"))
    flight = (await airline.booking(booking)).segments[0].flight
    share = ClaimShare(0, Money(25_000, "SAR"))
    regime = regimes_at((), at=START)[-1]
    await airline.submit(AssessClaim(booking, flight, "delayed", regime, (share,), final=False))
    return booking


async def credit(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    issued = await airline.submit(IssueCredit(booking, Money(1_000 + number, "SAR")))
    return str(issued.answer.stream)


async def payout(airline: Airline, number: int) -> str:
    name = f"po_{number}"
    await airline.submit(
        RecordPayout(
            ProviderPayout(
                id=name,
                status="in_transit",
                amount=Money(9_000, "USD"),
                automatic=True,
                arrives_on=START.date(),
                created_at=START,
            )
        )
    )
    return name


async def dispute(airline: Airline, number: int) -> str:
    booking = await hold(airline, number)
    payment = str(await airline.pay(booking, intent=f"pi_{number}"))
    reported = ProviderDispute(
        id=f"dp_{number}",
        status="needs_response",
        amount=Money(1_000, "SAR"),
        reason="fraudulent",
        charge=f"ch_pi_{number}",
        payment_intent=f"pi_{number}",
        evidence_due_at=LATER,
        submission_count=0,
    )
    await airline.submit(RecordDispute(payment, f"pi_{number}", reported))
    return payment


async def erasure(airline: Airline, number: int) -> str:
    erasures, person = PostgresErasures(airline.pool), f"user_{number}"
    await erasures.request(person, reason="request", by=person)
    found = await erasures.of(person)
    assert found is not None
    return found.id


async def old_data(airline: Airline, number: int) -> str:
    """A booking without an event for years, and a gift card that ended long ago, in turn."""
    if number % 2:
        return await hold(airline, number)
    price = Money(50_00 + number, "SAR")
    ordered = await airline.submit(gift_cards.order(price))
    card = str(ordered.answer.stream)
    await airline.submit(StartGiftCardCheckout(card))
    await airline.submit(gift_cards.payment(card, price, intent=f"pi_{number}"))
    return card


# What each timer goes through, by the name of the timer.
WORK: dict[str, Callable[[Airline, int], Any]] = {
    "release_lapsed_holds": hold,
    "complete_unfinished_attempts": attempt,
    "ask_about_ended_sessions": session,
    "ask_about_slow_payments": session,
    "send_unanswered_refunds": refund,
    "check_accepted_refunds": accepted_refund,
    "settle_parked_money": paid_twice,
    "check_signed_captures": signed_capture,
    "check_contradicted_captures": contradicted_capture,
    "run_processes_again": paid,
    "depart_overdue_flights": departure,
    "offer_free_seats": single_seat,
    "remind_of_cancelled_flights": cancellation,
    "refund_unanswered_cancellations": cancellation,
    "report_tax_documents": tax_document,
    "offer_assessed_claims": claim,
    "follow_payouts": payout,
    "expire_credits": credit,
    "ask_about_disputes": dispute,
    "carry_out_erasures": erasure,
    "retain_passengers": old_data,
}
# When what is due by it is no longer due much later.
NOW = {"ask_about_ended_sessions": START + dt.timedelta(minutes=2)}
# Their one task goes through everything itself.
ONE_TASK = {
    "carry_out_factor_resets",
    "sweep_balance_transactions",
    "compare_stripe_balance",
    "backfill_stripe_events",
    "reconcile_days",
    "expire_sessions",
    "record_bounces",
    "enforce_retention",
    "index_bookings",
}


def test_each_timer_has_work_here() -> None:
    names = {timer.name for timer in TIMERS}
    assert WORK.keys() == names - ONE_TASK
    assert names >= ONE_TASK


PAGED = [timer for timer in TIMERS if timer.name not in ONE_TASK]


@pytest.mark.parametrize("timer", PAGED, ids=lambda timer: timer.name)
async def test_work_that_nothing_can_help_starves_none_behind_it(
    airline: Airline, timer: Timer
) -> None:
    expected = {await WORK[timer.name](airline, number) for number in range(ROUNDS)}
    await airline.catch_up()
    core = cast(Core, SimpleNamespace(pool=airline.pool, bus=airline.dispatcher))
    asked: set[str] = set()
    now = NOW.get(timer.name, LATER)
    page = Page(now, 1)
    for _ in range(4 * ROUNDS):  # nothing of it is ever done
        tasks: list[Any] = list(await timer.due(core, page))
        assert len(tasks) <= 1
        names = ("booking_id", "payment_id", "flight_id", "payout", "credit_id")
        names += ("erasure_id", "person")
        asked |= {getattr(task, name) for task in tasks for name in names if hasattr(task, name)}
        asked |= {each.payment for task in tasks for each in getattr(task, "captures", ())}
        page = Page(now, 1, tasks[-1] if tasks else None)
    assert expected <= asked
