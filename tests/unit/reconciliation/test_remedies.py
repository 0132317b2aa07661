"""What the ledger lacks is appended from Stripe; two persons refund what was taken twice."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from application.caller import Caller
from application.commands import follow_up
from application.payment.gateway import PaymentIntent, ProviderRefund
from application.payment.record_refund import Accepted, RecordRefund
from application.reconciliation.approve_remedy import approve_remedy
from application.reconciliation.propose_remedy import propose_remedy
from application.reconciliation.read_reconciliation import BreakDetails, read_break
from domain.kernel import ids
from domain.kernel.money import Money
from domain.reconciliation.rejections import (
    ApproverMustDiffer,
    BreakNotOpen,
    RemedyNotAllowed,
    RemedyNotProposed,
)
from domain.reconciliation.state import Decision
from tests.support.airline import payment_of
from tests.support.reconciled import Reconciled, caller, reconciled

HUNDRED = Money(100, "SAR")


def at(found: BreakDetails) -> dict[str, Any]:
    """Where the break is."""
    return {"day": found.day, "break_id": found.break_.found.id}


async def append(
    each: Reconciled, found: BreakDetails, by: Caller | None = None, **more: Any
) -> BreakDetails:
    asked: dict[str, Any] = {"account": None, "reason": "lost_event", **more}
    return await propose_remedy(
        each.ports, by or caller("user_1"), decision="append_from_stripe", **asked, **at(found)
    )


def tags(each: Reconciled) -> list[str]:
    return [recorded.event.tag for recorded in each.settled.airline.log.events]


async def refunded_by_hand(each: Reconciled, status: Any = "succeeded") -> BreakDetails:
    """A hundred was refunded at the dashboard, and no event said so; the break."""
    settled = each.settled
    booking, captured = settled.sell(50_000)
    charge, payment = settled.charge_of(booking), payment_of(booking)
    (capture,) = settled.airline.payment(payment).captures
    each.objects.intents[capture.intent] = intent_of(capture.intent, charge, captured, booking)
    each.objects.refunds["re_1"] = ProviderRefund(
        id="re_1",
        status=status,
        amount=HUNDRED,
        payment_intent=capture.intent,
        charge=charge,
        failure_reason=None,
        has_moved=status == "succeeded",
        booking=None,
        payment=None,
        refund=None,
    )
    settled.stripe.charge(charge, captured, settled=captured)
    settled.stripe.add(
        "refund", -HUNDRED, source="re_1", charge=charge, charged=-HUNDRED, intent=capture.intent
    )
    await settled.sweeper.sweep()
    settled.airline.wait(hours=2)
    await each.run()
    return await each.only()


def intent_of(intent: str, charge: str, amount: Money, booking: str) -> PaymentIntent:
    """An intent that has succeeded, with our ids."""
    payment = payment_of(booking)
    return PaymentIntent(
        id=intent,
        status="succeeded",
        amount=amount,
        amount_received=amount,
        latest_charge=charge,
        last_error_code=None,
        last_error_id=None,
        booking=booking,
        payment=payment,
        attempt=ids.attempt_id(payment, 1),
    )


async def test_a_refund_that_no_event_reported_is_appended_as_its_webhook_would_have_been() -> None:
    async with reconciled() as each:
        found = await refunded_by_hand(each)
        assert found.break_.found.kind == "missing_in_ledger"
        decided = await append(each, found)
        assert (decided.break_.status, decided.break_.decision) == (
            "resolved",
            "append_from_stripe",
        )
        log = each.settled.airline.log.events
        (recorded,) = [one for one in log if one.event.tag == "payment.external_refund_recorded.1"]
        assert recorded.correlation_id == ids.reconciliation_stream(found.day)
        assert recorded.actor == "finance:user_1"
        (noted,) = [one.event for one in log if one.event.tag == "reconciliation.facts_appended.1"]
        assert noted.transactions == found.break_.found.evidence.provider_ids
        assert noted.digests == found.break_.found.evidence.digests
        assert await each.breaks() == []


async def test_what_was_appended_is_not_appended_again_by_a_repeat_or_by_its_late_webhook() -> None:
    async with reconciled() as each:
        found, request = await refunded_by_hand(each), caller("user_1")
        first = await append(each, found, request)
        known = tags(each)
        assert await append(each, found, request) == first
        webhook = follow_up.Cause(
            id=ids.webhook_command_id("evt_1"), actor="stripe", correlation_id="evt_1"
        )
        await each.ports.process_event("refund.updated", "re_1", cause=webhook)
        assert tags(each) == known
        with pytest.raises(BreakNotOpen):
            await append(each, found)


async def test_a_charge_whose_events_were_lost_is_appended_and_pays_for_its_booking() -> None:
    async with reconciled() as each:
        airline = each.settled.airline
        booking = airline.book(airline.schedule("SV1", fare=50_000))
        airline.checkout(booking)
        due = airline.payment(payment_of(booking)).due
        each.objects.intents["pi_1"] = intent_of("pi_1", "ch_1", due, booking)
        each.settled.stripe.add(
            "charge", due, fee=900, source="ch_1", charge="ch_1", charged=due, intent="pi_1"
        )
        airline.wait(minutes=5)
        await each.run()
        found = await each.only()
        assert found.break_.found.kind == "timing"
        await append(each, found)
        assert airline.booking(booking).status == "paid"
        assert await each.breaks() == []


async def test_a_fee_that_was_not_swept_is_appended() -> None:
    async with reconciled() as each:
        booking, captured = each.settled.sell(50_000)
        charge = each.settled.charge_of(booking)
        each.settled.stripe.charge(charge, captured, settled=captured, fee=900)
        listed = each.settled.stripe._listed
        listed[0] = replace(
            listed[0],
            transaction=replace(listed[0].transaction, category="fee", source=None, charge=None),
        )
        each.settled.airline.wait(days=4)
        await each.run()
        breaks = {one.break_.found.kind: one for one in await each.open()}
        await append(each, breaks["missing_in_ledger"])
        assert each.settled.books("6000") == {("6000", "SAR"): 900 - captured.amount}


async def test_an_append_that_explains_nothing_is_open_again_after_the_next_run() -> None:
    async with reconciled() as each:
        # Stripe lists a movement of a refund that it has as waiting: nothing is proven.
        found = await refunded_by_hand(each, "requires_action")
        await append(each, found)
        each.settled.airline.wait(minutes=1)
        await each.run()
        assert (await each.only()).break_.decision is None
        known = tags(each)
        each.settled.airline.wait(minutes=1)
        await each.run()
        assert tags(each) == known


async def test_nothing_is_appended_for_what_stripe_does_not_prove() -> None:
    async with reconciled() as each:
        found = await refunded_by_hand(each)
        known = tags(each)
        for reason, change in (
            ("not_at_stripe", {"id": "txn_0"}),
            ("nobody_books_it", {"category": "other_adjustment"}),
        ):
            listed = each.settled.stripe._listed
            before = listed[-1]
            listed[-1] = replace(before, transaction=replace(before.transaction, **change))
            with pytest.raises(RemedyNotAllowed) as refused:
                await append(each, found)
            assert refused.value.parameters["reason"] == reason
            listed[-1] = before
        with pytest.raises(RemedyNotAllowed) as refused:
            await append(each, found, account="6000")
        assert refused.value.parameters["reason"] == "only_for_a_write_off"
        assert tags(each) == known


async def test_what_is_only_in_the_ledger_cannot_be_appended_from_stripe() -> None:
    async with reconciled() as each:
        each.settled.sell(50_000)
        await each.run()
        for days, reason in ((0, "nothing_at_stripe"), (4, "not_for_this_class")):
            each.settled.airline.wait(days=days)
            await each.run()
            with pytest.raises(RemedyNotAllowed) as refused:
                await append(each, await each.only())
            assert refused.value.parameters["reason"] == reason


async def charged_twice(each: Reconciled, currency: str = "SAR") -> tuple[BreakDetails, Money]:
    """Stripe has another charge of an intent that was collected; the break and its amount."""
    settled = each.settled
    booking, captured = settled.sell(50_000, currency)
    (capture,) = settled.airline.payment(payment_of(booking)).captures
    for charge in (capture.charge, "ch_again"):
        settled.stripe.add(
            "charge",
            captured,
            fee=900,
            source=charge,
            charge=charge,
            charged=captured,
            intent=capture.intent,
        )
    await settled.sweeper.sweep()
    settled.airline.wait(hours=2)
    await each.run()
    return await each.only(), captured


async def propose_refund(each: Reconciled, found: BreakDetails, user: str) -> BreakDetails:
    return await propose_remedy(
        each.ports,
        caller(user),
        decision="refund",
        account=None,
        reason="paid_twice",
        **at(found),
    )


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
async def test_a_duplicate_is_refunded_once_a_second_person_approves_it(currency: str) -> None:
    async with reconciled() as each:
        found, amount = await charged_twice(each, currency)
        assert (found.break_.found.kind, found.break_.found.remedy) == (
            "duplicate",
            "propose_refund",
        )
        proposed = await propose_refund(each, found, "user_1")
        assert (proposed.break_.status, proposed.break_.proposed_by) == ("proposed", "user_1")
        assert proposed.break_.duplicate is not None
        assert proposed.break_.duplicate.amount == amount
        before = each.settled.books()
        with pytest.raises(ApproverMustDiffer):
            await approve_remedy(each.ports, caller("user_1"), approved=True, **at(found))
        assert each.settled.books() == before
        approved = await approve_remedy(each.ports, caller("user_2"), approved=True, **at(found))
        assert approved.break_.status == "resolved"
        after = each.settled.books()
        key = ("1010", currency)
        assert after[key] - before[key] == amount.amount
        assert after["2100", currency] - before.get(("2100", currency), 0) == -amount.amount
        assert await each.breaks() == []
        await refunded(each, amount)
        assert each.settled.books()[key] == before[key]
        assert await each.breaks() == []


async def refunded(each: Reconciled, amount: Money) -> None:
    """Stripe accepts the refund of the duplicate, and lists it."""
    airline = each.settled.airline
    (payment,) = {
        one.stream
        for one in airline.log.events
        if one.event.tag == "payment.refund_requested.1" and one.stream.startswith("payment-pi_")
    }
    (refund,) = airline.payment(payment).refunds
    assert refund.amount == amount
    airline.submit(RecordRefund(payment, refund.id, Accepted("re_9")))
    each.settled.stripe.add(
        "refund", -amount, source="re_9", charge="ch_again", charged=-amount, intent=refund.intent
    )
    await each.settled.sweeper.sweep()
    airline.wait(hours=2)


async def test_two_approvals_at_once_and_a_repeat_make_one_refund() -> None:
    async with reconciled() as each:
        found, _ = await charged_twice(each)
        await propose_refund(each, found, "user_1")
        request = caller("user_2")
        answers = await asyncio.gather(
            *(
                approve_remedy(each.ports, by, approved=True, **at(found))
                for by in (request, request, caller("user_3"))
            ),
            return_exceptions=True,
        )
        refused = [one for one in answers if isinstance(one, BaseException)]
        assert [type(one) for one in refused] == [RemedyNotProposed]
        assert tags(each).count("payment.refund_requested.1") == 1
        assert tags(each).count("reconciliation.refund_approved.1") == 1


async def test_a_refund_that_was_declined_books_nothing_and_may_be_proposed_again() -> None:
    async with reconciled() as each:
        found, _ = await charged_twice(each)
        await propose_refund(each, found, "user_1")
        before = each.settled.books()
        await approve_remedy(each.ports, caller("user_2"), approved=False, **at(found))
        assert each.settled.books() == before
        assert (await read_break(each.ports, found.day, found.break_.found.id)).break_.is_open
        again = await propose_refund(each, found, "user_2")
        assert again.break_.proposed_by == "user_2"


async def test_only_a_charge_that_was_taken_twice_is_refunded() -> None:
    async with reconciled() as each:
        found = await refunded_by_hand(each)
        with pytest.raises(RemedyNotAllowed) as refused:
            await propose_refund(each, found, "user_1")
        assert refused.value.parameters["reason"] == "not_for_this_class"
    async with reconciled() as each:
        found, amount = await charged_twice(each)
        listed = each.settled.stripe._listed
        first, twice = listed[0].transaction, listed[1].transaction
        for reason, change in (
            ("nothing_taken_twice", {"charged": amount - amount}),
            ("charge_is_booked", {"charge": first.charge}),
            ("not_a_charge", {"category": "refund"}),
        ):
            listed[1] = replace(listed[1], transaction=replace(twice, **change))
            with pytest.raises(RemedyNotAllowed) as refused:
                await propose_refund(each, found, "user_1")
            assert refused.value.parameters["reason"] == reason
        assert "reconciliation.refund_proposed.1" not in tags(each)


@pytest.mark.parametrize("decision", ["mark_as_timing", "append_from_stripe", "refund"])
async def test_an_account_is_only_for_a_write_off(decision: Decision) -> None:
    async with reconciled() as each:
        each.settled.sell(50_000)
        await each.run()
        found = await each.only()
        assert found.break_.found.kind == "timing"
        known = tags(each)
        with pytest.raises(RemedyNotAllowed) as refused:
            await propose_remedy(
                each.ports,
                caller("user_1"),
                decision=decision,
                account="6000",
                reason="settles_later",
                **at(found),
            )
        assert refused.value.code == "INVALID_STATE_TRANSITION"
        assert refused.value.parameters == {"field": "account", "reason": "only_for_a_write_off"}
        assert tags(each) == known


async def test_a_payout_and_its_return_that_no_event_reported_are_appended() -> None:
    async with reconciled() as each:
        settled = each.settled
        booking, captured = settled.sell(50_000)
        settled.stripe.charge(settled.charge_of(booking), captured, settled=captured)
        await settled.sweeper.sweep()
        settled.stripe.pay_out("SAR")
        settled.airline.wait(hours=2)
        assert await each.breaks() == [("missing_in_ledger", captured.amount)]
        await append(each, await each.only())
        assert settled.books("1010", "1020") == {("1020", "SAR"): captured.amount}
        assert await each.breaks() == []
        settled.stripe.move("po_1", "failed")
        settled.airline.wait(hours=2)
        assert await each.breaks() == [("state", -captured.amount)]
        await append(each, await each.only())
        assert settled.books("1010", "1020") == {("1010", "SAR"): captured.amount}
        assert await each.breaks() == []
