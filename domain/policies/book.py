"""All policies together: what is in force for a sale, and what a version says."""

import datetime as dt
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from domain.policies.operating_values import OperatingValue
from domain.policies.scope import Sale
from domain.policies.state import Policy, Version, of_launch
from domain.policies.values import (
    NAMES,
    CancellationFees,
    ChangeFees,
    PolicyName,
    name_of_type,
)

Rule = TypeVar("Rule", bound=OperatingValue)


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


def rule_in_force(policy: Policy | None, kind: type[Rule], sale: Sale, *, at: dt.datetime) -> Rule:
    """Return what a policy about operations says; one without events has the launch's value."""
    found = version_in_force(policy or of_launch(name_of_type(kind)), sale, at=at).value
    assert isinstance(found, kind)
    return found


class PolicyBook(msgspec.Struct, frozen=True):
    """Every policy, as the log had it when it was read."""

    policies: Mapping[PolicyName, Policy]

    def in_force(self, name: PolicyName, sale: Sale, *, at: dt.datetime) -> Version:
        """Return the version of the policy that counts for the sale at this instant (O3)."""
        return version_in_force(self.policies[name], sale, at=at)

    def rule(self, kind: type[Rule], sale: Sale, *, at: dt.datetime) -> Rule:
        """Return what a policy about operations says at this instant."""
        return rule_in_force(self.policies[name_of_type(kind)], kind, sale, at=at)

    def cancellation_fees(self, version: int) -> CancellationFees:
        """Return what this version keeps of a cancelled coupon."""
        value = self.policies["cancellation_fees"].version(version).value
        assert isinstance(value, CancellationFees)
        return value

    def change_fees(self, version: int) -> ChangeFees:
        """Return what a change costs in this version."""
        value = self.policies["change_fees"].version(version).value
        assert isinstance(value, ChangeFees)
        return value

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
