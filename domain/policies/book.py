"""All policies together: what is in force for a sale, and what a version says."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from domain.policies.scope import ANY_SALE, Sale
from domain.policies.state import Policy, Version, of_launch
from domain.policies.taxes import Taxes
from domain.policies.values import NAMES, CancellationFees, ChangeFees, PolicyName


class PolicyBook(msgspec.Struct, frozen=True):
    """Every policy, as the log had it when it was read."""

    policies: Mapping[PolicyName, Policy]

    def in_force(self, name: PolicyName, sale: Sale, *, at: dt.datetime) -> Version:
        """Return the version of the policy that counts for the sale at this instant (O3)."""
        found: dict[object, Version] = {}
        for each in self.policies[name].versions:
            if each.valid_from <= at and each.scope.covers(sale):
                known = found.get(each.scope)
                if known is None or known.valid_from <= each.valid_from:
                    found[each.scope] = each
        return max(found.values(), key=lambda each: each.scope.specificity)

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

    def taxes(self, version: int) -> Taxes:
        """Return the taxes and charges of this version."""
        value = self.policies["taxes"].version(version).value
        assert isinstance(value, Taxes)
        return value

    def taxes_in_force(self, *, at: dt.datetime) -> Taxes:
        """Return the taxes and charges that a sale at this instant has: they are for all sales."""
        value = self.in_force("taxes", ANY_SALE, at=at).value
        assert isinstance(value, Taxes)
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
