"""What must hold once everything is at rest, judged from Stripe's objects and the log's events.

Where breaks were seeded, the objects of the breaks are left out, and Stripe's balance differs by
exactly their sum: `seeded_breaks` compares them with what reconciliation reports.
"""

from collections import Counter

from domain.ledger import accounts
from domain.payment import events
from infrastructure.stripe_simulator.configuration import Json
from tests.simulation.world import World

RETURNED = ("failed", "canceled")


def every(world: World) -> None:
    """All of them."""
    world.invariants.check()
    check_reports(world)
    check_sessions(world)
    check_charges(world)
    check_refunds(world)
    check_balance(world)
    check_webhooks(world)


def check_reports(world: World) -> None:
    """No process met a bug, and no event of Stripe is parked."""
    assert not world.reports, world.reports
    assert not world.inbox.state("parked"), world.inbox.state("parked")


def taken(world: World) -> list[Json]:
    """The charges that took money."""
    found = world.stripe.account.charges.objects.values()
    return [each for each in found if each["paid"] and each["id"] not in world.seeded]


def standing_refunds(world: World) -> list[Json]:
    """The refunds whose money has not come back."""
    found = world.stripe.account.refunds.objects.values()
    return [each for each in found if each["status"] not in RETURNED]


def check_sessions(world: World) -> None:
    """One session per attempt, however often it was asked for."""
    sessions = world.stripe.account.sessions.objects.values()
    attempts = Counter(each["metadata"]["attempt"] for each in sessions)
    assert not [each for each, count in attempts.items() if count > 1], attempts


def check_charges(world: World) -> None:
    """One charge per attempt, and each is recorded once with its amount."""
    charges = taken(world)
    attempts = Counter(each["metadata"]["attempt"] for each in charges)
    assert not [each for each, count in attempts.items() if count > 1], attempts
    recorded = Counter(
        (each.event.charge, each.event.amount.amount, each.event.amount.currency.lower())
        for each in world.events(events.PaymentCaptured)
        if isinstance(each.event, events.PaymentCaptured) and each.event.charge not in world.seeded
    )
    expected = Counter((each["id"], each["amount"], each["currency"]) for each in charges)
    assert recorded == expected, f"lacking {expected - recorded}, invented {recorded - expected}"


def check_refunds(world: World) -> None:
    """One refund at Stripe per refund of ours, of its amount, and none that nobody requested."""
    refunds = world.stripe.account.refunds.objects.values()
    found = [each for each in refunds if each["id"] not in world.seeded]
    at_stripe = Counter(each["metadata"]["refund"] for each in found)
    assert not [each for each, count in at_stripe.items() if count > 1], at_stripe
    requested = {
        each.event.refund: (each.event.amount.amount, each.event.amount.currency.lower())
        for each in world.events(events.RefundRequested)
        if isinstance(each.event, events.RefundRequested)
    }
    for each in found:
        amount = requested[each["metadata"]["refund"]]
        assert amount == (each["amount"], each["currency"]), each


def check_balance(world: World) -> None:
    """Account 1010 is Stripe's balance and the seeded breaks, in every currency."""
    funds = world.stripe.account.money.funds
    at_stripe = Counter[str]()
    for sums in (funds.available, funds.pending):
        for currency, amount in sums.items():
            at_stripe[currency.upper()] += amount
    at_stripe.update(world.seeded_differences)
    booked = books(world, accounts.STRIPE_CLEARING)
    assert booked == {name: amount for name, amount in at_stripe.items() if amount}


def books(world: World, account: str) -> dict[str, int]:
    """The balance of an account by currency; no zeros."""
    rows = world.follow().rows("ledger_balance")
    return {row.currency: row.amount for row in rows if row.account == account and row.amount}


def check_webhooks(world: World) -> None:
    """What was acknowledged to Stripe is in the inbox, and nothing there is unfinished."""
    for delivery in world.stripe.simulator.courier.deliveries.values():
        if delivery.state == "delivered":
            assert delivery.event in world.inbox.rows, delivery
    assert not world.inbox.state("new"), world.inbox.state("new")
