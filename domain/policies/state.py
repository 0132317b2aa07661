"""The state of a policy: its versions, and the proposal that waits for a second person."""

import datetime as dt
import functools

import msgspec

from domain.policies.events import PublicationReason
from domain.policies.scope import EVERYWHERE, Scope
from domain.policies.values import LAUNCH, PolicyName, PolicyValue

LAUNCH_VERSION = 1
# The value of the launch was always in force.
ALWAYS = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Version(msgspec.Struct, frozen=True):
    """A value that is in force for a scope from an instant on; nobody published the launch's, and
    a rule about operations has no approver.
    """

    number: int
    scope: Scope
    value: PolicyValue
    valid_from: dt.datetime
    author: str | None = None
    approver: str | None = None
    reason: PublicationReason | None = None


class Proposal(msgspec.Struct, frozen=True):
    """What a user proposed; `valid_from` is None for as soon as it may be."""

    number: int
    scope: Scope
    value: PolicyValue
    author: str
    reason: PublicationReason
    valid_from: dt.datetime | None


class Policy(msgspec.Struct, frozen=True):
    """A policy; `versions` are by number, from 1 on without a gap."""

    name: PolicyName
    versions: tuple[Version, ...]
    proposal: Proposal | None = None
    proposal_count: int = 0

    def version(self, number: int) -> Version:
        """Return the version of this number, which must have been published."""
        return self.versions[number - LAUNCH_VERSION]


@functools.cache
def of_launch(name: PolicyName) -> Policy:
    """Return the policy before anything was published."""
    launch = Version(LAUNCH_VERSION, EVERYWHERE, LAUNCH[name], ALWAYS)
    return Policy(name, (launch,))
