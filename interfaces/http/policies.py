"""Routes by which versions of the airline's rules are published: two persons where money depends on
one, and one person where it is about operations.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from application.policies import approve_policy as approving
from application.policies import propose_policy as proposing
from application.policies import read_policies as reading
from application.policies.read_policies import PolicyDetails
from application.policies.value_json import members_of, scope_from, value_from
from interfaces.http import auth, idempotency, wire
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest

Route = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}-[A-Z]{3}$(?!\n)")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
Figure = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]
Reason = Literal["commercial", "law", "correction", "rollback"]


class PolicyScopeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The sales that a version is for; what is left out may be anything."""

    market: Literal["domestic", "international"] | None = None
    route: Route | None = None
    cabin: wire.CabinName | None = None
    fare_class: wire.FareClassCode | None = None
    currency: Currency | None = None


class PolicyBandRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """With at least `fromHours` before departure, so many percent are kept."""

    from_hours: Annotated[int, msgspec.Meta(ge=0, le=8784)]
    percent: Percent


class PolicyExtraRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What an extra costs in a currency, in minor units without tax."""

    code: Annotated[str, msgspec.Meta(max_length=12)]
    currency: Currency
    net: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]


class PolicyLimitRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The most in a currency, in minor units."""

    currency: Currency
    most: Annotated[int, msgspec.Meta(ge=0, le=99_999_999)]


class PolicyCardRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a gift card may be worth in a currency, in minor units."""

    currency: Currency
    least: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]
    most: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)]


class PolicyChargeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The least that is charged at once in a currency, in minor units."""

    currency: Currency
    least: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class PolicyCompensationRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What is owed where all limits are met: an amount in its currency, or percent of the fare."""

    cause: Literal["cancelled", "delayed", "denied_boarding"]
    amount: Annotated[int, msgspec.Meta(ge=1, le=99_999_999)] | None = None
    currency: Currency | None = None
    percent: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    delay_hours: Figure = 0
    notice_hours: Figure | None = None
    distance_km: Figure | None = None


class PolicyRegimeRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The law of some countries from a day on; the first row of a cause that applies counts."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2,6}[0-9]{0,4}$(?!\n)")]
    since: dt.date
    origins: Annotated[list[Country], msgspec.Meta(max_length=250)]
    destinations: Annotated[list[Country], msgspec.Meta(max_length=250)]
    excused: Annotated[list[str], msgspec.Meta(max_length=20)]
    bands: Annotated[list[PolicyCompensationRequest], msgspec.Meta(max_length=40)]


class PolicyAirportRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How long passengers need between two flights at an airport."""

    airport: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    minutes: Figure


class PolicyValueRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The members of one policy: fees have bands from the longest notice down to 0, and those of
    cancellations the share after departure, too."""

    bands: Annotated[list[PolicyBandRequest], msgspec.Meta(max_length=12)] | None = None
    after_departure_percent: Percent | None = None
    child_percent: Percent | None = None
    infant_percent: Percent | None = None
    prices: Annotated[list[PolicyExtraRequest], msgspec.Meta(max_length=200)] | None = None
    issued_days: Figure | None = None
    returned_days: Figure | None = None
    grace_days: Figure | None = None
    payable_hours: Figure | None = None
    lifetime_days: Figure | None = None
    refundable_days: Figure | None = None
    reinstated_days: Figure | None = None
    amounts: Annotated[list[PolicyCardRequest], msgspec.Meta(max_length=40)] | None = None
    limits: Annotated[list[PolicyLimitRequest], msgspec.Meta(max_length=40)] | None = None
    charges: Annotated[list[PolicyChargeRequest], msgspec.Meta(max_length=40)] | None = None
    regimes: Annotated[list[PolicyRegimeRequest], msgspec.Meta(max_length=20)] | None = None
    letter_limit: Figure | None = None
    letters_per_correction: Figure | None = None
    hold_minutes: Figure | None = None
    offer_minutes: Figure | None = None
    session_minutes: Figure | None = None
    extension_minutes: Figure | None = None
    longest_extension_minutes: Figure | None = None
    extended_below_minutes: Figure | None = None
    closes_minutes: Figure | None = None
    economy_percent: Percent | None = None
    business_percent: Percent | None = None
    seat_limit: Figure | None = None
    least_minutes: Figure | None = None
    infants: Figure | None = None
    wheelchairs: Figure | None = None
    reseats_minutes: Figure | None = None
    remind_minutes: Figure | None = None
    refund_minutes: Figure | None = None
    airports: Annotated[list[PolicyAirportRequest], msgspec.Meta(max_length=500)] | None = None
    elsewhere_minutes: Figure | None = None
    longest_minutes: Figure | None = None
    check_in_opens_minutes: Figure | None = None
    check_in_closes_minutes: Figure | None = None
    boarding_starts_minutes: Figure | None = None
    boarding_closes_minutes: Figure | None = None


class PolicyProposalRequest(idempotency.KeyedRequest):
    """A version: its value has the members of the policy; without a date it begins a minute after
    it is published."""

    value: PolicyValueRequest
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
    value: Mapping[str, Any]
    valid_from: dt.datetime
    author: str | None
    approver: str | None
    reason: str | None


class PolicyProposalResponse(msgspec.Struct, rename="camel"):
    """What waits for the approval of another person."""

    number: int
    scope: PolicyScopeResponse
    value: Mapping[str, Any]
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
    return _answer(
        await proposing.propose_policy(
            request.ports.policies,
            caller,
            value_from(policy, _members(data.value)),
            scope=scope_from(
                data.scope.market,
                data.scope.route,
                None if data.scope.cabin is None else wire.CABIN_CODES[data.scope.cabin],
                data.scope.fare_class,
                data.scope.currency,
            ),
            valid_from=None if data.valid_from is None else data.valid_from.astimezone(dt.UTC),
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


def _members(value: PolicyValueRequest) -> dict[str, Any]:
    """Return the members that are given."""
    given: dict[str, Any] = msgspec.to_builtins(value)
    return {name: each for name, each in given.items() if each is not None}


def _answer(found: PolicyDetails) -> Answered[PolicyResponse]:
    return Answered(_response(found), headers=idempotency.REPLAYED if found.replayed else {})


def _response(found: PolicyDetails) -> PolicyResponse:
    waiting = found.policy.proposal
    return PolicyResponse(
        name=found.policy.name,
        versions=[
            PolicyVersionResponse(
                version=each.number,
                scope=_scope(each.scope),
                value=members_of(each.value),
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
            scope=_scope(waiting.scope),
            value=members_of(waiting.value),
            valid_from=waiting.valid_from,
            author=waiting.author,
            reason=waiting.reason,
        ),
    )


def _scope(scope: Any) -> PolicyScopeResponse:
    cabin = None if scope.cabin is None else wire.CABIN_NAMES[scope.cabin]
    return PolicyScopeResponse(scope.market, scope.route, cabin, scope.fare_class, scope.currency)


ROUTES = (list_policies, read_policy, propose_policy, approve_policy)
