"""Every balance that is not settled has its open item, and every payment its outcome."""

from collections import Counter
from collections.abc import Iterable

from domain.booking import states
from domain.booking.states import Status
from domain.kernel import ids
from domain.ledger import accounts
from domain.payment import events
from tests.simulation.world import World
from tests.support.worklists import check_amounts_owed, check_refunds


def every(world: World) -> None:
    """All of them."""
    check_accounts(world)
    check_payments(world)
    check_bookings(world)
    check_waiting(world)


def check_accounts(world: World) -> None:
    """The balance of each account by booking is that of its open items: 2020 is parked money, 1200
    disputes, 1290 refunds made by hand, 2200 the balance of a credit; 2100 has a refund that is
    listed.
    """
    tables = world.follow()
    payments = [world.log.state(each) for each in world.log.streams if ids.is_payment_id(each)]
    items = {
        accounts.UNAPPLIED_FUNDS: _sums(
            (payment.pays_for, -capture.unapplied().amount)
            for payment in payments
            for capture in payment.captures
            if capture.owed_by is None
        ),
        accounts.DISPUTES_RECEIVABLE: _sums(
            (ids.booking_of_payment(row.payment), row.receivable) for row in tables.rows("disputes")
        ),
        accounts.EXTERNAL_REFUNDS: _sums(
            (ids.booking_of_payment(row.payment), row.unallocated)
            for row in tables.rows("external_refunds")
        ),
        accounts.TRAVEL_CREDITS: _sums(
            (row.credit, -row.balance) for row in tables.rows("credits")
        ),
    }
    for account, expected in items.items():
        booked = _sums(
            (row.booking, row.amount)
            for row in tables.rows("ledger_booking_balance")
            if row.account == account
        )
        assert booked == expected, f"{account}: {set(booked.items()) ^ set(expected.items())}"
    refunds = {row.booking for row in tables.rows("unfinished_refunds")}
    for row in tables.rows("ledger_booking_balance"):
        if row.amount and row.account == accounts.REFUNDS_PAYABLE:
            assert row.booking in refunds, row


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum of each booking, in its one currency; no zeros."""
    sums: Counter[str] = Counter()
    for booking, amount in amounts:
        sums[booking] += amount
    return {booking: amount for booking, amount in sums.items() if amount}


def check_payments(world: World) -> None:
    """A captured payment is a ticket, a refund or money that is listed."""
    tables = world.follow()
    parked = {row.intent for row in tables.rows("ledger_parked_funds")}
    for recorded in world.events(events.PaymentCaptured):
        event = recorded.event
        assert isinstance(event, events.PaymentCaptured)
        payment = world.log.state(recorded.stream)
        refunded = any(each.intent == event.intent for each in payment.refunds)
        if ids.is_credit_id(payment.booking):
            card = world.log.state(payment.booking).gift_card
            assert card.intent == event.intent or refunded or event.intent in parked, recorded
            continue
        booking = world.log.state(payment.booking)
        ticketed = booking.status in states.TICKETED or booking.status in (
            Status.CANCELLED,
            Status.REFUNDED,
            Status.COMPLETED,
        )
        assert ticketed or refunded or event.intent in parked, recorded


def check_bookings(world: World) -> None:
    """Each booking's refunds and money have their next step in a worklist."""
    tables = world.follow()
    names = [each for each in world.log.streams if each.startswith("booking-")]
    for name in names:
        booking = world.log.state(name)
        numbers = range(1, len(booking.payments) + 2)
        streams = [ids.payment_stream(name, number) for number in numbers]
        payments = [world.log.state(each) for each in streams if each in world.log.streams]
        check_amounts_owed(name, booking, payments, tables)
        check_refunds(name, payments, tables)


def check_waiting(world: World) -> None:
    """Nothing waits any more for an answer of Stripe, a bank or a process of ours, but for the
    payments and movements in which a break was seeded.
    """
    tables = world.follow()
    seeded = world.seeded
    assert {row.payment for row in tables.rows("unfinished_attempts")} == {
        each for each in seeded if ids.is_payment_id(each)
    }
    waiting = {ids.booking_of_payment(each) for each in seeded if ids.is_payment_id(each)}
    assert not [row for row in tables.rows("signed_captures") if row.status == "open"]
    for row in tables.rows("booking_list"):
        assert row.status not in ("paid", "reserved") or row.booking in waiting, row
    open_refunds = ("requested", "unknown", "accepted")
    assert not [r for r in tables.rows("unfinished_refunds") if r.status in open_refunds]
    for row in tables.rows("settled_amounts"):
        assert row.booked == row.listed or row.source in seeded, row
