"""Proposes a version of a policy, and publishes it once another person approves, where one must."""

import datetime as dt
from typing import assert_never

from msgspec.structs import replace

from domain.policies import rejections
from domain.policies import scope as scopes
from domain.policies.events import PolicyEvent, PolicyProposed, PolicyPublished, PublicationReason
from domain.policies.scope import Scope
from domain.policies.state import Policy, Proposal, Version, of_launch
from domain.policies.values import OPERATING, SCOPE_FIELDS, PolicyValue, name_of, require_valid

# Processes read the book again within half of this: none sells or shows what is out of force.
LEAST_LEAD = dt.timedelta(seconds=60)
LONGEST_LEAD = dt.timedelta(days=730)
# A policy is folded as a whole, and looked through for each quote.
VERSION_LIMIT = 500


def propose(
    policy: Policy,
    *,
    value: PolicyValue,
    scope: Scope,
    valid_from: dt.datetime | None,
    author: str,
    reason: PublicationReason,
    now: dt.datetime,
) -> tuple[PolicyEvent, ...]:
    """Propose a version instead of the proposal that waits; the same again records nothing.

    A rule about operations is published at once (O1). Rejects InvalidPolicy.
    """
    assert name_of(value) == policy.name
    require_valid(value)
    scopes.require_valid(scope, only=SCOPE_FIELDS.get(policy.name))
    is_alone = policy.name in OPERATING
    if is_alone and _is_in_force(policy, value, scope, at=valid_from or now + LEAST_LEAD):
        return ()
    _require_publishable(policy, scope, valid_from, now=now)
    if is_alone:
        return _published_alone(
            policy,
            value=value,
            scope=scope,
            valid_from=valid_from,
            author=author,
            reason=reason,
            now=now,
        )
    proposed = PolicyProposed(
        number=policy.proposal_count + 1,
        scope=scope,
        value=value,
        author=author,
        reason=reason,
        valid_from=valid_from,
    )
    waiting = policy.proposal
    if waiting is not None and replace(_proposal(proposed), number=waiting.number) == waiting:
        return ()
    return (proposed,)


def _is_in_force(policy: Policy, value: PolicyValue, scope: Scope, *, at: dt.datetime) -> bool:
    """Whether the newest version of the scope by then says the same."""
    known = [each for each in policy.versions if each.scope == scope and each.valid_from <= at]
    return bool(known) and max(known, key=lambda each: each.valid_from).value == value


def _published_alone(
    policy: Policy,
    *,
    value: PolicyValue,
    scope: Scope,
    valid_from: dt.datetime | None,
    author: str,
    reason: PublicationReason,
    now: dt.datetime,
) -> tuple[PolicyPublished, ...]:
    """Publish without an approver."""
    return (
        PolicyPublished(
            version=len(policy.versions) + 1,
            scope=scope,
            value=value,
            valid_from=valid_from or now + LEAST_LEAD,
            author=author,
            approver=None,
            reason=reason,
        ),
    )


def approve(
    policy: Policy, *, number: int, approver: str, now: dt.datetime
) -> tuple[PolicyPublished, ...]:
    """Publish the proposal of this number as another person proposed it (O1).

    Rejects ProposalGone, SecondPersonNeeded and, where its date has come too near meanwhile,
    InvalidPolicy.
    """
    proposal = policy.proposal
    if proposal is None or proposal.number != number:
        raise rejections.ProposalGone(reason="proposal_gone")
    if proposal.author == approver:
        raise rejections.SecondPersonNeeded(reason="second_person_needed")
    _require_publishable(policy, proposal.scope, proposal.valid_from, now=now)
    return (
        PolicyPublished(
            version=len(policy.versions) + 1,
            scope=proposal.scope,
            value=proposal.value,
            valid_from=proposal.valid_from or now + LEAST_LEAD,
            author=proposal.author,
            approver=approver,
            reason=proposal.reason,
        ),
    )


def _require_publishable(
    policy: Policy, scope: Scope, valid_from: dt.datetime | None, *, now: dt.datetime
) -> None:
    """The date is ahead (O2) and free, and no other scope is as specific for the same sale (O3)."""
    earliest = now + LEAST_LEAD
    if valid_from is not None and not earliest <= valid_from <= now + LONGEST_LEAD:
        raise rejections.InvalidPolicy(
            field="validFrom",
            reason="date_in_past" if valid_from < earliest else "date_too_far_ahead",
            earliest=earliest.isoformat(),
        )
    if len(policy.versions) >= VERSION_LIMIT:
        raise rejections.InvalidPolicy(
            field="value", reason="too_many_versions", limit=VERSION_LIMIT
        )
    for each in policy.versions:
        if each.scope == scope and each.valid_from == (valid_from or earliest):
            raise rejections.InvalidPolicy(
                field="validFrom", reason="date_taken", version=each.number
            )
        if (
            each.scope != scope
            and each.scope.specificity == scope.specificity
            and each.scope.overlaps(scope)
        ):
            raise rejections.InvalidPolicy(
                field="scope", reason="scope_overlaps", version=each.number
            )


def evolve(policy: Policy | None, event: PolicyEvent) -> Policy:
    """The policy after the event; never rejects a stored fact."""
    policy = policy or of_launch(name_of(event.value))
    match event:
        case PolicyProposed():
            return replace(policy, proposal=_proposal(event), proposal_count=event.number)
        case PolicyPublished():
            version = Version(
                number=event.version,
                scope=event.scope,
                value=event.value,
                valid_from=event.valid_from,
                author=event.author,
                approver=event.approver,
                reason=event.reason,
            )
            return replace(policy, versions=(*policy.versions, version), proposal=None)
        case _:
            assert_never(event)


def _proposal(event: PolicyProposed) -> Proposal:
    return Proposal(
        number=event.number,
        scope=event.scope,
        value=event.value,
        author=event.author,
        reason=event.reason,
        valid_from=event.valid_from,
    )
