"""Every amount that is owed or parked is in a worklist until it is settled, whatever happens."""

import datetime as dt
from functools import partial
from types import SimpleNamespace
from typing import cast

from application.booking.allocate_external_refund import AllocateExternalRefund, Part
from application.booking.close_flight import CloseFlight
from application.booking.grant_refund import GrantRefund
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.inventory.depart_flight import DepartFlight
from application.ledger import read_owed
from application.ledger.ports import LedgerPorts
from application.payment.record_external_refund import RecordExternalRefund
from application.payment.record_refund import (
    Accepted,
    Failed,
    NeedsAction,
    Refused,
    Settled,
    Unresolved,
)
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel import money
from domain.ledger import rules
from projections.external_refunds import queries as external
from projections.ledger_journal import queries as journal
from projections.unfinished_attempts import queries as attempts
from projections.unfinished_refunds import queries as refunds
from tests.integration.projections.airline import FLIGHT, Airline
from tests.support.airline import capture, payment_of

LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
Parts = tuple[int, int, int]


async def owed_bookings(
    airline: Airline, departed_until: dt.date = dt.date(2100, 1, 1)
) -> list[str]:
    """The bookings whose refunds a timer would request."""
    return await journal.owed_bookings(
        airline.pool, before=LATER, departed_until=departed_until, limit=10
    )


async def owed(airline: Airline) -> dict[str, Parts]:
    """Unrequested, failed and under way by booking; the books agree with the sum."""
    await airline.catch_up()
    ports = SimpleNamespace(
        owed_balances=partial(journal.money_owed, airline.pool, before=LATER),
        unfinished_refunds=partial(refunds.unfinished, airline.pool),
    )
    found = await read_owed.read_owed(cast(LedgerPorts, ports))
    for row in found.rows:
        at_stripe = {"accepted", "requires_action"}
        accepted = sum(each.amount for each in row.refunds if each.status in at_stripe)
        [(booked,)] = airline.query(
            "SELECT -coalesce(sum(amount), 0)::bigint FROM ledger.posting "
            "WHERE account = '2100' AND booking = %s",
            row.booking,
        )
        assert row.amount == booked + accepted
    return {row.booking: (row.unrequested, row.failed, row.under_way) for row in found.rows}


async def parked(airline: Airline) -> set[str]:
    await airline.catch_up()
    found = await journal.unapplied_funds(airline.pool, before=LATER)
    return {each.intent for row in found for each in row.parked}


async def test_a_refund_is_listed_from_the_cancellation_until_the_bank_has_paid_it(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    payment = payment_of(booking)
    assert await owed(airline) == {}
    await airline.cancel(booking)
    (obligation,) = (await airline.booking(booking)).obligations
    amount = obligation.amount.amount
    unrequested, failed, under_way = (amount, 0, 0), (0, amount, 0), (0, 0, amount)
    assert await owed(airline) == {booking: unrequested}
    assert await owed_bookings(airline) == [booking]
    await airline.submit(RefundPayment(booking, obligation.id, obligation.amount, (payment,)))
    assert await owed(airline) == {booking: under_way}
    assert await owed_bookings(airline) == []
    first, second = f"{payment}-r1", f"{payment}-r2"
    for result, expected in (
        (Unresolved(), under_way),
        (Accepted("re_1"), under_way),
        (Failed("re_1", "declined"), failed),
    ):
        await airline.record_refund(payment, first, result)
        assert await owed(airline) == {booking: expected}
    await airline.submit(ResendRefund(booking, first))
    assert await owed(airline) == {booking: under_way}
    await airline.record_refund(payment, second, Refused("charge_already_refunded"))
    assert await owed(airline) == {booking: failed}
    transfer = BankTransfer("FT-1", rules.accounting_day(airline.clock()))
    await airline.submit(RecordBankTransfer(booking, second, transfer))
    assert await owed(airline) == {}
    await airline.record_refund(payment, second, Settled("re_2"))
    assert await owed(airline) == {booking: (-amount, 0, 0)}, "paid twice"


async def test_a_refund_for_which_the_payer_has_to_act_is_under_way_and_with_finance(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    payment = payment_of(booking)
    await airline.submit(GrantRefund(booking, by="usr_finance"))
    (owes,) = (await airline.booking(booking)).obligations
    await airline.submit(RefundPayment(booking, owes.id, owes.amount, (payment,)))
    refund, amount = f"{payment}-r1", owes.amount.amount
    await airline.record_refund(payment, refund, NeedsAction("re_1"))
    assert await owed(airline) == {booking: (0, 0, amount)}
    assert await owed_bookings(airline) == []
    (listed,), _ = await refunds.not_refunded(airline.pool)
    assert (listed.status, read_owed.next_step(listed)) == (
        "requires_action",
        "ask_the_payer_to_answer_stripe",
    )
    await airline.record_refund(payment, refund, Failed("re_1", "canceled"))
    assert await owed(airline) == {booking: (0, amount, 0)}
    assert await owed_bookings(airline) == []
    (listed,), _ = await refunds.not_refunded(airline.pool)
    assert (listed.status, read_owed.next_step(listed)) == (
        "canceled",
        "send_again_or_pay_by_bank",
    )


def by_hand(
    payment: str, intent: str, amount: money.Money, *, failed: bool = False
) -> RecordExternalRefund:
    """A refund made at Stripe's dashboard, as it is reported."""
    return RecordExternalRefund(
        payment_id=payment,
        intent=intent,
        provider_refund=f"re_hand_{intent}",
        amount=amount,
        state="failed" if failed else "accepted",
    )


async def test_what_a_refund_by_hand_leaves_no_money_for_is_listed_until_it_is_allocated(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    payment = payment_of(booking)
    (captured,) = (await airline.payment(payment)).captures
    part = money.Money(1_000, captured.amount.currency)
    await airline.submit(by_hand(payment, captured.intent, part))
    await airline.submit(GrantRefund(booking, by="usr_finance"))
    (owes,) = (await airline.booking(booking)).obligations
    await airline.submit(RefundPayment(booking, owes.id, owes.amount, (payment,)))
    rest = captured.amount.amount - 1_000
    assert await owed(airline) == {booking: (0, 1_000, rest)}
    assert await owed_bookings(airline) == []
    (listed,), _ = await refunds.not_refunded(airline.pool)
    assert (listed.amount, listed.reason) == (1_000, "refunded_at_stripe")
    (open_item,), _ = await external.unallocated(airline.pool)
    assert (open_item.booking, open_item.unallocated) == (booking, 1_000)
    await airline.submit(
        AllocateExternalRefund(payment, open_item.refund, (Part(1_000, listed.refund),))
    )
    await airline.record_refund(payment, f"{payment}-r1", Settled("re_1"))
    assert await owed(airline) == {}
    assert (await external.unallocated(airline.pool))[0] == []
    found = await external.find(airline.pool, open_item.refund)
    assert found is not None
    assert (found.payment, found.unallocated) == (payment, 0)


async def test_the_list_of_parked_money_has_only_what_was_not_refunded_by_hand(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    payment = payment_of(booking)
    due = (await airline.payment(payment)).due
    for intent in ("pi_one", "pi_two"):
        await airline.submit(capture(booking, due, intent=intent))
    part = money.Money(1_000, due.currency)

    async def amounts() -> dict[str, int]:
        await airline.catch_up()
        found = await journal.unapplied_funds(airline.pool, before=LATER)
        return {each.intent: each.amount for row in found for each in row.parked}

    await airline.submit(by_hand(payment, "pi_one", due))
    await airline.submit(by_hand(payment, "pi_two", part))
    assert await amounts() == {"pi_two": (due - part).amount}
    await airline.submit(by_hand(payment, "pi_one", due, failed=True))
    assert await amounts() == {"pi_one": due.amount, "pi_two": (due - part).amount}


async def test_a_refund_that_fails_after_it_settled_is_listed_again(airline: Airline) -> None:
    booking = await airline.sell()
    await airline.cancel(booking)
    (obligation,) = (await airline.booking(booking)).obligations
    payment = payment_of(booking)
    await airline.submit(RefundPayment(booking, obligation.id, obligation.amount, (payment,)))
    await airline.record_refund(payment, f"{payment}-r1", Settled("re_1"))
    assert await owed(airline) == {}
    await airline.record_refund(payment, f"{payment}-r1", Failed("re_1", "declined"))
    assert await owed(airline) == {booking: (0, obligation.amount.amount, 0)}
    listed, _ = await refunds.not_refunded(airline.pool)
    assert [(each.booking, each.amount) for each in listed] == [(booking, obligation.amount.amount)]


async def test_parked_money_is_listed_as_parked_then_as_owed_until_it_arrives(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    price = (await airline.booking(booking)).price.total()
    await airline.submit(capture(booking, price, intent="pi_2"))
    dollars = money.Money(4_900, "USD")
    await airline.submit(RecordUnmatchedMoney("pi_9", "ch_9", dollars))
    assert (await parked(airline), await owed(airline)) == ({"pi_2", "pi_9"}, {})
    for name, payment, intent, amount in (
        (booking, payment_of(booking), "pi_2", price.amount),
        ("pi_9", stream_of("pi_9"), "pi_9", dollars.amount),
    ):
        before = await parked(airline)
        answer = (await airline.submit(ReturnParkedFunds(payment, intent))).answer
        assert await parked(airline) == before - {intent}
        assert await owed(airline) == {name: (0, 0, amount)}
        await airline.record_refund(payment, answer.ids["refunds"], Settled(f"re_{intent}"))
        assert await owed(airline) == {}


async def test_an_attempt_without_an_outcome_is_listed(airline: Airline) -> None:
    booking = await airline.reserve()
    payment, attempt = await airline.checkout(booking)
    await airline.catch_up()
    listed, _ = await attempts.overdue(airline.pool, before=LATER)
    assert [(each.attempt, each.payment, each.booking) for each in listed] == [
        (attempt, payment, booking)
    ]
    await airline.pay(booking)
    await airline.catch_up()
    assert (await attempts.overdue(airline.pool, before=LATER))[0] == []


async def test_what_a_departure_owes_to_a_no_show_is_listed_at_once_and_requested_when_it_is_final(
    airline: Airline,
) -> None:
    booking = await airline.sell()
    departs_at = (await airline.flight(FLIGHT)).departs_at
    await airline.submit(DepartFlight(FLIGHT, departs_at))
    await airline.submit(CloseFlight(booking, FLIGHT))
    (obligation,) = (await airline.booking(booking)).obligations
    assert await owed(airline) == {booking: (obligation.amount.amount, 0, 0)}
    day = rules.accounting_day(departs_at)
    assert await owed_bookings(airline, day - dt.timedelta(days=1)) == []
    assert await owed_bookings(airline, day) == [booking]
    # Beside it, money that is owed for another reason does not wait.
    await airline.submit(GrantRefund(booking_id=booking, amount=5_00, by="usr_finance"))
    await airline.catch_up()
    assert await owed_bookings(airline, day - dt.timedelta(days=1)) == [booking]
