"""Stripe's `expand[]`: replaces an id inside an answer by the object it names."""

from collections.abc import Callable
from typing import Any

import msgspec

from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.shelf import PAGE_DEFAULT, Shelf

DEPTH_LIMIT = 4

_EXPANDABLE: dict[str, Callable[[Account], Shelf]] = {
    "failure_balance_transaction": lambda account: account.balance_transactions,
    "payment_intent": lambda account: account.intents,
    "latest_charge": lambda account: account.charges,
    "charge": lambda account: account.charges,
    "balance_transaction": lambda account: account.balance_transactions,
}

# What moved the balance, by the beginning of its id.
_SOURCES: dict[str, Callable[[Account], Shelf]] = {
    "ch_": lambda account: account.charges,
    "dp_": lambda account: account.disputes,
    "po_": lambda account: account.payouts,
    "re_": lambda account: account.refunds,
}


def expanded(account: Account, answer: Json, paths: list[str]) -> Json:
    """Return a copy of the answer in which each dotted path holds its whole object."""
    answer = msgspec.json.decode(msgspec.json.encode(answer))
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH_LIMIT:
            raise invalid(f"You cannot expand more than {DEPTH_LIMIT} levels.", param="expand")
        _walk(account, answer, steps, path)
    return answer


def _walk(account: Account, node: Any, steps: list[str], path: str) -> None:
    if not steps or node is None:
        return
    if isinstance(node, list):
        for member in node:
            _walk(account, member, steps, path)
        return
    step, rest = steps[0], steps[1:]
    kind = node.get("object") if isinstance(node, dict) else None
    if step == "data" and kind == "list":
        _walk(account, node["data"], rest, path)
        return
    if step == "line_items" and kind == "checkout.session":
        node[step] = line_items(account, node["id"])
        return
    if step == "refunds" and kind == "charge":
        node[step] = _refunds(account, node["id"])
        return
    if not isinstance(node, dict) or step not in node or step not in {*_EXPANDABLE, "source"}:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(node[step], str):
        shelf = _source(account, node[step]) if step == "source" else _EXPANDABLE[step](account)
        node[step] = dict(shelf.get(node[step]))
    _walk(account, node[step], rest, path)


def _source(account: Account, identifier: str) -> Shelf:
    """Return the shelf of the object that moved the balance."""
    return _SOURCES[identifier[:3]](account)


def line_items(account: Account, session_id: str) -> Json:
    """Return the line items of the session as the embedded list."""
    return {
        "object": "list",
        "data": account.orders.get(session_id)["line_items"],
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session_id}/line_items",
    }


def _refunds(account: Account, charge_id: str) -> Json:
    """Return the newest refunds of the charge as the embedded list."""
    found = [each for each in account.refunds.newest_first() if each["charge"] == charge_id]
    return {
        "object": "list",
        "data": found[:PAGE_DEFAULT],
        "has_more": len(found) > PAGE_DEFAULT,
        "url": f"/v1/charges/{charge_id}/refunds",
    }
