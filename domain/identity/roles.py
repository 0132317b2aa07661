"""Roles and what each may do: one table, nothing inherited."""

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["customer", "agent", "support", "ops", "gate", "finance", "auditor", "admin"]

Permission = Literal[
    "book",
    "see_own_bookings",
    "see_any_booking",
    "find_bookings",
    "change_any_booking",
    "handle_passengers",
    "run_flights",
    "read_manifest",
    "switch_modes",
    "override_refund",
    "issue_credit",
    "read_ledger",
    "reconcile",
    "close_books",
    "set_policies",
    "set_money_policies",
    "read_audit",
    "reset_second_factor",
    "manage_users",
    "manage_clients",
    "manage_partners",
]

ROLES: tuple[Role, ...] = get_args(Role)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

GRANTS: Mapping[Role, frozenset[Permission]] = {
    "customer": frozenset({"book", "see_own_bookings"}),
    "agent": frozenset({"book", "see_own_bookings"}),
    "support": frozenset(
        {
            "see_own_bookings",
            "see_any_booking",
            "find_bookings",
            "change_any_booking",
            "issue_credit",
            "reset_second_factor",
        }
    ),
    "ops": frozenset(
        {
            "see_own_bookings",
            "see_any_booking",
            "find_bookings",
            "run_flights",
            "read_manifest",
            "switch_modes",
            "set_policies",
        }
    ),
    "gate": frozenset(
        {
            "see_own_bookings",
            "see_any_booking",
            "find_bookings",
            "handle_passengers",
            "read_manifest",
        }
    ),
    "finance": frozenset(
        {
            "see_own_bookings",
            "see_any_booking",
            "override_refund",
            "issue_credit",
            "read_ledger",
            "reconcile",
            "close_books",
            "set_policies",
            "set_money_policies",
        }
    ),
    "auditor": frozenset({"see_own_bookings", "see_any_booking", "read_ledger", "read_audit"}),
    "admin": frozenset(PERMISSIONS),
}


# Who has the password of one of these could take money, or read everybody's data.
NEEDS_SECOND_FACTOR: frozenset[Role] = frozenset({"finance", "auditor", "admin"})


def may(role: Role, permission: Permission) -> bool:
    """Whether the role holds the permission (D1)."""
    return permission in GRANTS[role]


def needs_second_factor(role: Role) -> bool:
    """Whether the role may do nothing without a second factor, where that is required (D6)."""
    return role in NEEDS_SECOND_FACTOR


def is_staff(role: Role) -> bool:
    """Whether the role works for the airline itself: neither a customer nor a travel agent."""
    return role not in ("customer", "agent")
