"""The route by which finance sees what a version would change, before it is published."""

import datetime as dt

import msgspec
from litestar import post
from litestar.params import FromPath, JSONBody

from application.policies import preview_policy as use_case
from application.policies.preview_policy import Period, PolicyPreview
from application.policies.wanted_version import known_version
from interfaces.http import auth, policies
from interfaces.http.maintenance import SERVED
from interfaces.http.policies import (
    Instant,
    PolicyScopeRequest,
    PolicyScopeResponse,
)
from interfaces.http.policy_values import PolicyValue
from interfaces.http.strict_request import StrictRequest


class PolicyPreviewRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The value and scope of a version, the number of an earlier one, or neither: the proposal that
    waits. The bookings are those made from `from` on and before `to`; by default in seven days
    before now.
    """

    value: PolicyValue | None = None
    scope: PolicyScopeRequest = PolicyScopeRequest()
    version: int | None = None
    since: Instant | None = msgspec.field(default=None, name="from")
    until: Instant | None = msgspec.field(default=None, name="to")


class PolicyPreviewLineResponse(msgspec.Struct, rename="camel"):
    """Fees of a kind in a currency: how many, how many would differ, and their sums in minor units
    under the version in force today and under the proposed one.
    """

    kind: str
    currency: str
    count: int
    differing: int
    today: int
    proposed: int


class PolicyPreviewResponse(msgspec.Struct, rename="camel"):
    """What a version would change for bookings of a period, as if they were sold now."""

    policy: str
    scope: PolicyScopeResponse
    since: dt.datetime = msgspec.field(name="from")
    until: dt.datetime = msgspec.field(name="to")
    bookings: int
    in_scope: int
    lines: list[PolicyPreviewLineResponse]
    unexplained: int
    complete: bool


@post(
    "/api/admin/policies/{policy:str}/preview",
    operation_id="previewPolicy",
    status_code=200,
    **SERVED,
    **auth.signed_in("set_policies"),
)
async def preview_policy(
    request: StrictRequest, policy: FromPath[str], data: JSONBody[PolicyPreviewRequest]
) -> PolicyPreviewResponse:
    """Show what a version would change for bookings of a period; nothing is recorded.

    At most a thousand bookings are looked at; `ais policies preview` looks at all.
    """
    ports = request.ports.policies
    if data.value is None:
        wanted = await known_version(ports, policy, data.version)
    else:
        wanted = policies.wanted_version(policy, data.value, data.scope)
    period = Period(policies.in_utc(data.since), policies.in_utc(data.until))
    return _response(await use_case.preview_policy(ports, wanted, period=period))


def _response(found: PolicyPreview) -> PolicyPreviewResponse:
    return PolicyPreviewResponse(
        policy=found.policy,
        scope=policies.scope_response(found.scope),
        since=found.since,
        until=found.until,
        bookings=found.bookings,
        in_scope=found.in_scope,
        lines=[
            PolicyPreviewLineResponse(
                kind=each.kind,
                currency=each.currency,
                count=each.count,
                differing=each.differing,
                today=each.today,
                proposed=each.proposed,
            )
            for each in found.lines
        ],
        unexplained=found.unexplained,
        complete=found.complete,
    )


ROUTES = (preview_policy,)
