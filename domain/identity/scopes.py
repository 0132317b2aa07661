"""Scopes: what a client that is not ours may do, in one table (D8).

A token of our own apps has no scopes: it may do what the role of its user may. One that was given
to a client reaches only the routes of its scopes, and there does what the role may.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from domain.identity import roles
from domain.identity.roles import Permission, Role

Scope = Literal[
    "profile:read",
    "bookings:read",
    "bookings:write",
    "payments:write",
    "bookings:read_all",
    "passengers:write",
    "flights:manage",
    "manifests:read",
    "refunds:write",
    "credits:write",
    "ledger:read",
    "ledger:close",
    "reconciliation:manage",
    "audit:read",
    "tokens:introspect",
]


class ScopeTerms(msgspec.Struct, frozen=True):
    """What the scope lets a client do, the permission without which it gives nothing, and whether
    travellers and travel agents may give it to a client by their consent."""

    meaning: str
    permission: Permission | None
    by_consent: bool = False


SCOPES: Mapping[Scope, ScopeTerms] = {
    "profile:read": ScopeTerms("read who the user is", None, by_consent=True),
    "bookings:read": ScopeTerms(
        "read bookings, documents and travel credit", "see_own_bookings", by_consent=True
    ),
    "bookings:write": ScopeTerms("make, change and cancel bookings", "book", by_consent=True),
    "payments:write": ScopeTerms(
        "open payments, use travel credit, claim refunds of gift cards", "book", by_consent=True
    ),
    "bookings:read_all": ScopeTerms("read the worklists of all bookings", "see_any_booking"),
    "passengers:write": ScopeTerms(
        "board, offload and undo the check-in of passengers", "handle_passengers"
    ),
    "flights:manage": ScopeTerms("schedule, change and close flights", "run_flights"),
    "manifests:read": ScopeTerms("read the passengers of a flight", "read_manifest"),
    "refunds:write": ScopeTerms("decide about refunds beyond the rules", "override_refund"),
    "credits:write": ScopeTerms("issue travel credit as goodwill", "issue_credit"),
    "ledger:read": ScopeTerms("read the books, reports and exports", "read_ledger"),
    "ledger:close": ScopeTerms("close and reopen months", "close_books"),
    "reconciliation:manage": ScopeTerms("run reconciliations and decide about breaks", "reconcile"),
    "audit:read": ScopeTerms("read the record of sensitive actions", "read_audit"),
    "tokens:introspect": ScopeTerms("ask about the tokens of all clients and users", None),
}
NAMES: tuple[Scope, ...] = get_args(Scope)
# No client registers clients, resets a second factor, searches the airline's travellers, sets its
# policies, nor stops sales.
WITHOUT_SCOPE: frozenset[Permission] = frozenset(
    {
        *("manage_users", "manage_clients", "manage_partners", "switch_modes"),
        *("set_policies", "set_money_policies"),
        *("find_bookings", "change_any_booking", "reset_second_factor"),
    }
)


def scope_of(permission: Permission | None) -> Scope | None:
    """Return the scope of a route with this permission that names no other: the first of the table.

    None is a route for our own apps alone.
    """
    if permission is None:
        return None
    return next((name for name, terms in SCOPES.items() if terms.permission == permission), None)


def held_by(role: Role) -> frozenset[Scope]:
    """Return the scopes in which the role may do something."""
    return frozenset(
        name
        for name, terms in SCOPES.items()
        if terms.permission is None or roles.may(role, terms.permission)
    )


def parsed(text: str) -> tuple[Scope, ...] | None:
    """Return the scopes of a text (RFC 6749, 3.3) in the order of the table, each once; None where
    one is unknown or there is none."""
    asked = set(text.split(" "))
    found = tuple(name for name in NAMES if name in asked)
    return found if found and len(found) == len(asked) else None


def text_of(scopes: Iterable[Scope]) -> str:
    """Return scopes as one text, in the order of the table."""
    wanted = set(scopes)
    return " ".join(name for name in NAMES if name in wanted)
