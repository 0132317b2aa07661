"""The worklists in one answer: each role gets those that it may read, none is forgotten."""

import datetime as dt
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, cast

import pytest

from application import worklists
from application.queries import AsOf, OwedBalance, UnappliedMoney
from application.worklists import PERMISSIONS, WorklistPorts, read_worklists
from domain.identity.roles import ROLES, Role, may
from interfaces.http import app
from interfaces.http.worklists import PATHS
from tests.support.examples import BOOKING, NOW

EARLIER = NOW - dt.timedelta(days=1)


def answer(*rows: Any) -> Any:
    """A query of a read model with these rows."""

    async def ask(*_: Any) -> Any:
        return rows, AsOf(1, 0.0)

    return ask


async def nothing_parked(**_: Any) -> list[Any]:
    return []


async def no_subscriptions() -> list[Any]:
    return []


async def never_compared(_: Any, streams: Collection[str]) -> dict[str, tuple[None, int]]:
    return dict.fromkeys(streams, (None, 0))


def ports(**ledger: Any) -> WorklistPorts:
    """Empty lists, but for these of the ledger."""
    names = (
        *("unapplied_funds", "owed_balances", "unfinished_refunds", "failed_refunds"),
        *("unfinished_attempts", "unconfirmed_payments", "open_claims"),
        *("undecided_disputes", "external_refunds", "proposed_payouts"),
    )
    flights = (
        *("overdue_flights", "oversold_cabins"),
        *("unanswered_cancellations", "unanswered_moves"),
    )
    found = SimpleNamespace(
        ledger=SimpleNamespace(**{name: answer() for name in names} | ledger),
        flights=SimpleNamespace(clock=lambda: NOW, **{name: answer() for name in flights}),
        parked_events=SimpleNamespace(parked=nothing_parked),
        settlement=SimpleNamespace(breaks=answer()),
        partners=SimpleNamespace(subscriptions=SimpleNamespace(all=no_subscriptions)),
        reconciliation=SimpleNamespace(
            clock=lambda: NOW, bus=SimpleNamespace(current_all=never_compared)
        ),
    )
    return cast(WorklistPorts, found)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_the_lists_that_it_may_read(role: Role) -> None:
    found = [each.name for each in await read_worklists(ports(), role)]
    assert found == [name for name, needed in PERMISSIONS.items() if may(role, needed)]


async def test_a_list_says_how_many_wait_and_since_when() -> None:
    money = (
        UnappliedMoney("pi_1", "SAR", 500, NOW, ()),
        UnappliedMoney("pi_2", "SAR", 500, EARLIER, ()),
    )
    owed = OwedBalance(BOOKING, "SAR", 700, EARLIER)
    found = await read_worklists(
        ports(unapplied_funds=answer(*money), owed_balances=answer(owed)), "finance"
    )
    listed = {each.name: (each.count, each.oldest) for each in found}
    assert listed["parked_money"] == (2, EARLIER)
    assert listed["owed_money"] == (1, EARLIER)
    assert listed["failed_refunds"] == (0, None)


def test_the_path_of_each_list_is_a_route_for_those_who_are_shown_it() -> None:
    assert PATHS.keys() == PERMISSIONS.keys() == worklists._READ.keys()
    routes = {path: handler for handler in app.ROUTES for path in handler.paths}
    for name, path in PATHS.items():
        assert routes[path].opt["admission"].permission == PERMISSIONS[name], name
