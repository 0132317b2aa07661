"""Stripe's own books, changed behind everybody's back: no event and no timer reports it.

The balance follows from the transactions that are left.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from infrastructure.stripe_simulator import agenda
from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.courier import Rule
from infrastructure.stripe_simulator.funds import Funds
from infrastructure.stripe_simulator.ids import new_id
from tests.simulation.world import World

# More than one call of the control path sends.
ALL_EVENTS = 1_000


@contextmanager
def webhooks_lost(world: World) -> Iterator[list[str]]:
    """Let no webhook of what is done meanwhile arrive, and let none be sent again.

    The list has their events afterwards.
    """
    agenda.run_due(world.stripe.account)
    courier = world.stripe.simulator.courier
    rules, known = courier.rules, len(courier.deliveries)
    courier.rules = [Rule(action="drop", times=ALL_EVENTS)]
    lost: list[str] = []
    try:
        yield lost
    finally:
        courier.rules = rules
    lost += [each.event for each in list(courier.deliveries.values())[known:]]
    assert lost
    world.lost_events.update(lost)


def change(account: Account, transaction: str, **fields: object) -> None:
    """Change fields of a transaction, such as its amount, fee or currency."""
    row = account.balance_transactions.objects[transaction]
    row.update(fields)
    row["net"] = row["amount"] - row["fee"]
    _sum_again(account)


def remove(account: Account, transaction: str) -> None:
    """List the transaction no more."""
    del account.balance_transactions.objects[transaction]
    _sum_again(account)


def list_again(account: Account, transaction: Json, **fields: object) -> Json:
    """List a copy of the transaction as one of now, with another id and these fields changed."""
    now = account.clock.now()
    row: Json = {
        **copy.deepcopy(transaction),
        "id": new_id("txn", 24),
        "created": now,
        "available_on": now,
        "status": "available",
        **fields,
    }
    row["net"] = row["amount"] - row["fee"]
    rows = account.balance_transactions.objects
    rows[row["id"]] = row
    account.balance_transactions.objects = dict(
        sorted(rows.items(), key=lambda item: item[1]["created"])
    )
    _sum_again(account)
    return row


def charge_again(account: Account, charge: Json, **fields: object) -> tuple[Json, Json]:
    """Charge the same payer again now; return charge and transaction."""
    again: Json = {
        **copy.deepcopy(charge),
        "id": new_id("ch", 24),
        "created": account.clock.now(),
        **fields,
    }
    transaction = account.balance_transactions.objects[charge["balance_transaction"]]
    row = list_again(account, transaction, source=again["id"])
    again["balance_transaction"] = row["id"]
    return account.charges.put(again), row


def _sum_again(account: Account) -> None:
    funds = Funds()
    for each in account.balance_transactions.objects.values():
        funds.add(each)
    account.money.funds = funds
