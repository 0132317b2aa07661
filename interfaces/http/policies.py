"""Routes by which versions of the airline's rules are published: two persons where money depends on
one, and one person where it is about operations.
"""

import datetime as dt
from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.policies import approve_policy as approving
from application.policies import propose_policy as proposing
from application.policies import read_policies as reading
from application.policies.read_policies import PolicyDetails
from application.policies.value_json import members_of, scope_from, value_from
from application.policies.wanted_version import WantedVersion
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.policy_values import Currency, PolicyValue, Route
from interfaces.http.strict_request import StrictRequest

Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]
FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
LAST = dt.datetime.max.replace(tzinfo=dt.UTC)
Reason = Literal["commercial", "law", "correction", "rollback"]


class PolicyScopeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The sales that a version is for; what is left out may be anything."""

    market: Literal["domestic", "international"] | None = None
    route: Route | None = None
    cabin: wire.CabinName | None = None
    fare_class: wire.FareClassCode | None = None
    currency: Currency | None = None


class PolicyProposalRequest(idempotency.KeyedRequest):
    """A version: its value has the members of the policy; without a date it begins a minute after
    it is published."""

    value: PolicyValue
    reason: Reason
    scope: PolicyScopeRequest = PolicyScopeRequest()
    valid_from: Instant | None = None


class PolicyApprovalRequest(idempotency.KeyedRequest):
    """Nothing but a key."""


class PolicyScopeResponse(msgspec.Struct, rename="camel"):
    """The sales that a version is for; null is any."""

    market: str | None
    route: str | None
    cabin: str | None
    fare_class: str | None
    currency: str | None


class PolicyVersionResponse(msgspec.Struct, rename="camel"):
    """A version; version 1 is the rule of the launch, which nobody published."""

    version: int
    scope: PolicyScopeResponse
    value: PolicyValue
    valid_from: dt.datetime
    author: str | None
    approver: str | None
    reason: str | None


class PolicyProposalResponse(msgspec.Struct, rename="camel"):
    """What waits for the approval of another person."""

    number: int
    scope: PolicyScopeResponse
    value: PolicyValue
    valid_from: dt.datetime | None
    author: str
    reason: str


class PolicyResponse(msgspec.Struct, rename="camel"):
    """A rule that the airline sets itself, with all its versions."""

    name: str
    versions: list[PolicyVersionResponse]
    proposal: PolicyProposalResponse | None


class PoliciesResponse(msgspec.Struct, rename="camel"):
    """All policies, in the order of their names."""

    policies: list[PolicyResponse]


@get("/api/admin/policies", operation_id="listPolicies", **auth.signed_in("set_policies"))
async def list_policies(request: StrictRequest) -> PoliciesResponse:
    """List the airline's own rules with all their versions."""
    found = await reading.read_policies(request.ports.policies)
    return PoliciesResponse([_response(each) for each in found])


@get(
    "/api/admin/policies/{policy:str}", operation_id="readPolicy", **auth.signed_in("set_policies")
)
async def read_policy(request: StrictRequest, policy: FromPath[str]) -> PolicyResponse:
    """Read a rule with all its versions."""
    return _response(await reading.read_policy(request.ports.policies, policy))


@post(
    "/api/admin/policies/{policy:str}/proposals",
    operation_id="proposePolicy",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("set_policies"),
)
async def propose_policy(
    request: StrictRequest, policy: FromPath[str], data: JSONBody[PolicyProposalRequest]
) -> Answered[PolicyResponse]:
    """Propose a version; another person has to approve it. It replaces what waits. A rule about
    operations is published at once."""
    caller = idempotency.required(request, data)
    wanted = wanted_version(policy, data.value, data.scope)
    return _answer(
        await proposing.propose_policy(
            request.ports.policies,
            caller,
            wanted.value,
            scope=wanted.scope,
            valid_from=in_utc(data.valid_from),
            reason=data.reason,
        )
    )


@post(
    "/api/admin/policies/{policy:str}/proposals/{number:int}/approve",
    operation_id="approvePolicy",
    status_code=200,
    idempotency_key="required",
    **auth.signed_in("set_policies"),
)
async def approve_policy(
    request: StrictRequest,
    policy: FromPath[str],
    number: FromPath[int],
    data: JSONBody[PolicyApprovalRequest],
) -> Answered[PolicyResponse]:
    """Publish what another person proposed: what is sold from its date on is sold under it."""
    caller = idempotency.required(request, data)
    return _answer(
        await approving.approve_policy(request.ports.policies, caller, policy, number=number)
    )


def wanted_version(policy: str, value: PolicyValue, scope: PolicyScopeRequest) -> WantedVersion:
    """Return the version; rejects PolicyNotFound, and InvalidPolicy for members of another."""
    given: dict[str, Any] = msgspec.to_builtins(value)
    return WantedVersion(
        value_from(policy, {name: each for name, each in given.items() if each is not None}),
        scope_from(
            scope.market,
            scope.route,
            None if scope.cabin is None else wire.CABIN_CODES[scope.cabin],
            scope.fare_class,
            scope.currency,
        ),
    )


def in_utc(instant: dt.datetime | None) -> dt.datetime | None:
    """Return the instant with the offset of UTC; the first or last one that there is, where it
    would be beyond.
    """
    try:
        return None if instant is None else instant.astimezone(dt.UTC)
    except OverflowError:
        assert instant is not None
        return FIRST if instant.year == dt.MINYEAR else LAST


def _answer(found: PolicyDetails) -> Answered[PolicyResponse]:
    return Answered(_response(found), headers=idempotency.REPLAYED if found.replayed else {})


def _response(found: PolicyDetails) -> PolicyResponse:
    waiting = found.policy.proposal
    return PolicyResponse(
        name=found.policy.name,
        versions=[
            PolicyVersionResponse(
                version=each.number,
                scope=scope_response(each.scope),
                value=_value(each.value),
                valid_from=each.valid_from,
                author=each.author,
                approver=each.approver,
                reason=each.reason,
            )
            for each in found.policy.versions
        ],
        proposal=None
        if waiting is None
        else PolicyProposalResponse(
            number=waiting.number,
            scope=scope_response(waiting.scope),
            value=_value(waiting.value),
            valid_from=waiting.valid_from,
            author=waiting.author,
            reason=waiting.reason,
        ),
    )


def _value(value: Any) -> PolicyValue:
    """Return a value as it is shown; it is written as it is, and was checked at its proposal."""
    return cast(PolicyValue, members_of(value))


def scope_response(scope: Any) -> PolicyScopeResponse:
    """Return a scope as it is shown; the cabin by its name."""
    cabin = None if scope.cabin is None else wire.CABIN_NAMES[scope.cabin]
    return PolicyScopeResponse(scope.market, scope.route, cabin, scope.fare_class, scope.currency)


ROUTES = (list_policies, read_policy, propose_policy, approve_policy)
