"""All policies together: what is in force for a sale, and what a version says."""

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from domain.policies.scope import ANY_SALE, Sale
from domain.policies.state import Policy, Version, of_launch
from domain.policies.values import (
    NAMES,
    CancellationFees,
    ChangeFees,
    PolicyName,
    PolicyValue,
    name_of_type,
)

Value = TypeVar("Value", bound=PolicyValue)


def version_in_force(policy: Policy, sale: Sale, *, at: dt.datetime) -> Version:
    """Return the version of the policy that counts for the sale at this instant (O3)."""
    if len(policy.versions) == 1:
        return policy.versions[0]
    found: dict[object, Version] = {}
    for each in policy.versions:
        if each.valid_from <= at and each.scope.covers(sale):
            known = found.get(each.scope)
            if known is None or known.valid_from <= each.valid_from:
                found[each.scope] = each
    return max(found.values(), key=lambda each: each.scope.specificity)


class PolicyBook(msgspec.Struct, frozen=True):
    """Every policy, as the log had it when it was read."""

    policies: Mapping[PolicyName, Policy]

    def in_force(self, name: PolicyName, sale: Sale, *, at: dt.datetime) -> Version:
        """Return the version of the policy that counts for the sale at this instant (O3)."""
        return version_in_force(self.policies[name], sale, at=at)

    def cancellation_fees(self, version: int) -> CancellationFees:
        """Return what this version keeps of a cancelled coupon."""
        return self.value(CancellationFees, version)

    def change_fees(self, version: int) -> ChangeFees:
        """Return what a change costs in this version."""
        return self.value(ChangeFees, version)

    def value(self, kind: type[Value], version: int) -> Value:
        """Return what this version of the policy with such values says."""
        found = self.policies[name_of_type(kind)].version(version).value
        assert isinstance(found, kind)
        return found

    def value_in_force(self, kind: type[Value], sale: Sale, *, at: dt.datetime) -> Value:
        """Return what the policy with such values says for the sale at this instant (O3)."""
        return self.value(kind, self.in_force(name_of_type(kind), sale, at=at).number)

    def value_now(self, kind: type[Value], *, at: dt.datetime) -> Value:
        """Return what a policy that is the same for all sales says at this instant."""
        return self.value_in_force(kind, ANY_SALE, at=at)

    def next_change(self, *, after: dt.datetime) -> dt.datetime | None:
        """Return when the next version takes effect; None where none is published yet."""
        ahead = [
            each.valid_from
            for policy in self.policies.values()
            for each in policy.versions
            if each.valid_from > after
        ]
        return min(ahead, default=None)


def book_of(read: Mapping[PolicyName, Policy | None]) -> PolicyBook:
    """Return the book of these policies; one without events has the value of the launch alone."""
    return PolicyBook({name: read.get(name) or of_launch(name) for name in NAMES})


# The book of an airline that has published nothing.
LAUNCH_BOOK = book_of({})
