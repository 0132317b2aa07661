"""Every balance that is not settled has its open item, and every payment its outcome."""

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
    """2020 is parked money, 2100 a refund on its way or listed, 1200 a dispute, by booking; 2200 is
    the balance of a credit.
    """
    tables = world.follow()
    parked = {world.log.state(row.payment).booking for row in tables.rows("ledger_parked_funds")}
    refunds = {row.booking for row in tables.rows("unfinished_refunds")}
    disputes = {
        ids.booking_of_payment(row.payment) for row in tables.rows("disputes") if row.receivable
    }
    items = {
        accounts.UNAPPLIED_FUNDS: parked,
        accounts.REFUNDS_PAYABLE: refunds,
        accounts.DISPUTES_RECEIVABLE: disputes,
        accounts.TRAVEL_CREDITS: {row.credit for row in tables.rows("credits") if row.balance},
    }
    for row in tables.rows("ledger_booking_balance"):
        if row.amount and row.account in items:
            assert row.booking in items[row.account], row


def check_payments(world: World) -> None:
    """A captured payment is a ticket, a refund or money that is listed."""
    tables = world.follow()
    parked = {row.intent for row in tables.rows("ledger_parked_funds")}
    for recorded in world.events(events.PaymentCaptured):
        event = recorded.event
        assert isinstance(event, events.PaymentCaptured)
        payment = world.log.state(recorded.stream)
        refunded = any(each.intent == event.intent for each in payment.refunds)
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
