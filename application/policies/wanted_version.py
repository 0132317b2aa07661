"""Which version is meant: one that is given, an earlier one again, or the proposal that waits."""

import msgspec

from application.policies.ports import PolicyPorts
from application.policies.read_policies import read_policy
from domain.policies import rejections
from domain.policies.scope import Scope
from domain.policies.state import Policy, Version
from domain.policies.values import PolicyValue


class WantedVersion(msgspec.Struct, frozen=True):
    """The value of a version and the sales that it is for."""

    value: PolicyValue
    scope: Scope


async def known_version(ports: PolicyPorts, name: str, again: int | None) -> WantedVersion:
    """Return the version of this number, or what waits for another person (None).

    Rejects PolicyNotFound and ProposalGone; raises Unavailable.
    """
    policy = (await read_policy(ports, name)).policy
    if again is not None:
        version = version_of(policy, again)
        return WantedVersion(version.value, version.scope)
    if policy.proposal is None:
        raise rejections.ProposalGone(reason="proposal_gone")
    return WantedVersion(policy.proposal.value, policy.proposal.scope)


def version_of(policy: Policy, number: int) -> Version:
    """Return the version of this number; rejects PolicyNotFound."""
    if not 0 < number <= len(policy.versions):
        raise rejections.PolicyNotFound(field="version", reason="unknown_version")
    return policy.version(number)
