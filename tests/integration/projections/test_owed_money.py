"""Every amount that is owed or parked is in a worklist until it is settled, whatever happens."""

import datetime as dt
from functools import partial
from types import SimpleNamespace
from typing import cast

from application.booking.close_flight import CloseFlight
from application.booking.grant_refund import GrantRefund
from application.booking.record_bank_transfer import BankTransfer, RecordBankTransfer
from application.booking.resend_refund import ResendRefund
from application.inventory.depart_flight import DepartFlight
from application.ledger import read_owed
from application.ledger.ports import LedgerPorts
from application.payment.record_refund import Accepted, Failed, Refused, Settled, Unresolved
from application.payment.record_unmatched import RecordUnmatchedMoney, stream_of
from application.payment.refund_payment import RefundPayment
from application.payment.return_parked_funds import ReturnParkedFunds
from domain.kernel import money
from domain.ledger import rules
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
        accepted = sum(each.amount for each in row.refunds if each.status == "accepted")
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
    await airline.record_refund(payment, second, Refused("charge_disputed"))
    assert await owed(airline) == {booking: failed}
    transfer = BankTransfer("FT-1", rules.accounting_day(airline.clock()))
    await airline.submit(RecordBankTransfer(booking, second, transfer))
    assert await owed(airline) == {}
    await airline.record_refund(payment, second, Settled("re_2"))
    assert await owed(airline) == {booking: (-amount, 0, 0)}, "paid twice"


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
    await airline.submit(GrantRefund(booking_id=booking, amount=5_00))
    await airline.catch_up()
    assert await owed_bookings(airline, day - dt.timedelta(days=1)) == [booking]
