"""Lists of work that waits for staff, in one answer: how many rows each has, and since when.

Each amount that is owed, parked or unmatched is in one of the lists until it is settled.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, get_args

import msgspec

from application.inventory.ports import FlightPorts
from application.ledger import read_owed
from application.ledger.ports import LedgerPorts
from application.partners import read_subscriptions
from application.partners.ports import SubscriptionPorts
from application.payment import replay_event
from application.payment.replay_event import ParkedEvents
from application.reconciliation import read_reconciliation
from application.reconciliation.ports import ReconciliationPorts
from application.settlement.ports import SettlementPorts
from domain.identity import roles
from domain.identity.roles import Permission, Role

WorklistName = Literal[
    "parked_money",
    "owed_money",
    "failed_refunds",
    "external_refunds",
    "parked_events",
    "unfinished_attempts",
    "unconfirmed_payments",
    "open_claims",
    "credit_payouts",
    "settlement_breaks",
    "payment_mismatch",
    "disputes",
    "overdue_flights",
    "oversold_cabins",
    "unanswered_cancellations",
    "unanswered_moves",
    "parked_subscriptions",
]

# Who may read each list; in this order they are shown.
PERMISSIONS: Mapping[WorklistName, Permission] = {
    "parked_money": "read_ledger",
    "owed_money": "read_ledger",
    "failed_refunds": "read_ledger",
    "external_refunds": "read_ledger",
    "parked_events": "reconcile",
    "unfinished_attempts": "reconcile",
    "unconfirmed_payments": "reconcile",
    "open_claims": "read_ledger",
    "credit_payouts": "read_ledger",
    "settlement_breaks": "read_ledger",
    "payment_mismatch": "read_ledger",
    "disputes": "reconcile",
    "overdue_flights": "run_flights",
    "oversold_cabins": "run_flights",
    "unanswered_cancellations": "see_any_booking",
    "unanswered_moves": "see_any_booking",
    "parked_subscriptions": "manage_partners",
}
assert tuple(PERMISSIONS) == get_args(WorklistName)


class Worklist(msgspec.Struct, frozen=True):
    """The rows of a list, at most as many as the list itself shows; `oldest` waits the longest.

    `oldest` is None for an empty list, and for cabins, which are listed by their departure.
    """

    name: WorklistName
    count: int
    oldest: dt.datetime | None


class WorklistPorts(msgspec.Struct, frozen=True):
    """Where the lists come from."""

    ledger: LedgerPorts
    flights: FlightPorts
    parked_events: ParkedEvents
    settlement: SettlementPorts
    reconciliation: ReconciliationPorts
    partners: SubscriptionPorts


async def read_worklists(ports: WorklistPorts, role: Role) -> list[Worklist]:
    """Return the lists that the role may read; raises Unavailable."""
    names = [name for name, permission in PERMISSIONS.items() if roles.may(role, permission)]
    instants = await asyncio.gather(*(_READ[name](ports) for name in names))
    return [
        Worklist(name, len(found), min((at for at in found if at is not None), default=None))
        for name, found in zip(names, instants, strict=True)
    ]


Since = list[dt.datetime | None]


async def _parked_money(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.ledger.unapplied_funds())[0]]


async def _owed_money(ports: WorklistPorts) -> Since:
    return [each.since for each in (await read_owed.read_owed(ports.ledger)).rows]


async def _failed_refunds(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.ledger.failed_refunds())[0]]


async def _external_refunds(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.ledger.external_refunds())[0]]


async def _parked_events(ports: WorklistPorts) -> Since:
    return [each.received_at for each in await replay_event.parked_events(ports.parked_events)]


async def _unfinished_attempts(ports: WorklistPorts) -> Since:
    return [each.started_at for each in (await ports.ledger.unfinished_attempts())[0]]


async def _unconfirmed_payments(ports: WorklistPorts) -> Since:
    return [each.captured_at for each in (await ports.ledger.unconfirmed_payments())[0]]


async def _open_claims(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.ledger.open_claims())[0]]


async def _credit_payouts(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.ledger.proposed_payouts())[0]]


async def _settlement_breaks(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.settlement.breaks())[0]]


async def _payment_mismatch(ports: WorklistPorts) -> Since:
    return [
        each.break_.found.since
        for each in await read_reconciliation.read_breaks(ports.reconciliation)
        if not each.break_.found.is_explained
    ]


async def _disputes(ports: WorklistPorts) -> Since:
    return [each.opened_at for each in (await ports.ledger.undecided_disputes())[0]]


async def _overdue_flights(ports: WorklistPorts) -> Since:
    overdue, _ = await ports.flights.overdue_flights(ports.flights.clock())
    return [each.departs_at for each in overdue]


async def _oversold_cabins(ports: WorklistPorts) -> Since:
    return [None for _ in (await ports.flights.oversold_cabins())[0]]


async def _unanswered_cancellations(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.flights.unanswered_cancellations())[0]]


async def _unanswered_moves(ports: WorklistPorts) -> Since:
    return [each.since for each in (await ports.flights.unanswered_moves())[0]]


async def _parked_subscriptions(ports: WorklistPorts) -> Since:
    found = await read_subscriptions.read_parked(ports.partners.subscriptions)
    return [each.parked_at for each in found]


_READ: Mapping[WorklistName, Callable[[WorklistPorts], Awaitable[Since]]] = {
    "parked_money": _parked_money,
    "owed_money": _owed_money,
    "failed_refunds": _failed_refunds,
    "external_refunds": _external_refunds,
    "parked_events": _parked_events,
    "unfinished_attempts": _unfinished_attempts,
    "unconfirmed_payments": _unconfirmed_payments,
    "open_claims": _open_claims,
    "credit_payouts": _credit_payouts,
    "settlement_breaks": _settlement_breaks,
    "payment_mismatch": _payment_mismatch,
    "disputes": _disputes,
    "overdue_flights": _overdue_flights,
    "oversold_cabins": _oversold_cabins,
    "unanswered_cancellations": _unanswered_cancellations,
    "unanswered_moves": _unanswered_moves,
    "parked_subscriptions": _parked_subscriptions,
}
