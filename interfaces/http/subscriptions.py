"""Routes of admins for partners: which events are delivered where, and how far each got."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from application.partners import read_subscriptions
from application.partners.add_subscription import AddSubscription, add_subscription
from application.partners.ports import By
from application.partners.remove_subscription import remove_subscription
from application.partners.replace_secret import replace_secret
from application.partners.replay_events import replay_events
from application.partners.subscription import NAME_PATTERN, TYPE_LIMIT, Status, Subscription
from application.partners.switch_subscription import switch_subscription
from interfaces.http import auth
from interfaces.http.strict_request import StrictRequest

PartnerName = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
UrlText = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,500}$(?!\n)")]
TypeText = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.]{1,80}$(?!\n)")]
Types = Annotated[list[TypeText], msgspec.Meta(min_length=1, max_length=TYPE_LIMIT)]
Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class SubscriptionRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The partner's name, the address of its server, and types of events; without them, all."""

    name: PartnerName
    url: UrlText
    types: Types | None = None


class EventReplayRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The position behind which deliveries go on; 0 delivers everything again."""

    after: Position


class SubscriptionResponse(msgspec.Struct, rename="camel"):
    """A subscription. The partner has everything up to `position`.

    `status` is active, retrying, parked or disabled; `tries` failed since `failingSince`.
    """

    id: str
    name: str
    url: str
    types: list[str] | None
    status: Status
    position: int
    created_at: dt.datetime
    old_secret_until: dt.datetime | None
    tries: int
    failing_since: dt.datetime | None
    next_try_at: dt.datetime | None
    last_error: str | None
    parked_at: dt.datetime | None


class SubscriptionsResponse(msgspec.Struct, rename="camel"):
    """In the order in which they were added."""

    subscriptions: list[SubscriptionResponse]


class AddedSubscriptionResponse(msgspec.Struct, rename="camel"):
    """The subscription, and the secret of its signatures, which is not shown again."""

    subscription: SubscriptionResponse
    secret: str


class ReplacedSecretResponse(msgspec.Struct, rename="camel"):
    """The new secret, which is not shown again; the old one signs beside it until then."""

    secret: str
    old_secret_until: dt.datetime


@post(
    "/api/admin/subscriptions",
    operation_id="addSubscription",
    status_code=201,
    **auth.signed_in("manage_partners"),
)
async def add(
    request: StrictRequest, data: JSONBody[SubscriptionRequest]
) -> AddedSubscriptionResponse:
    """Deliver events to a partner's server, signed, from now on. A name is taken once."""
    command = AddSubscription(data.name, data.url, data.types)
    added = await add_subscription(command, _by(request), request.ports.partners)
    return AddedSubscriptionResponse(_answered(added.subscription), added.secret)


@get(
    "/api/admin/subscriptions",
    operation_id="listSubscriptions",
    **auth.signed_in("manage_partners"),
)
async def read_all(request: StrictRequest) -> SubscriptionsResponse:
    """All subscriptions, and how far each got."""
    found = await read_subscriptions.read_subscriptions(request.ports.partners.subscriptions)
    return SubscriptionsResponse([_answered(each) for each in found])


@get(
    "/api/admin/parked-subscriptions",
    operation_id="listParkedSubscriptions",
    **auth.signed_in("manage_partners"),
)
async def read_parked(request: StrictRequest) -> SubscriptionsResponse:
    """Those that failed for three days: nothing is delivered until staff enables or replays."""
    found = await read_subscriptions.read_parked(request.ports.partners.subscriptions)
    return SubscriptionsResponse([_answered(each) for each in found])


@delete(
    "/api/admin/subscriptions/{subscription_id:str}",
    operation_id="removeSubscription",
    status_code=200,
    **auth.signed_in("manage_partners"),
)
async def remove(request: StrictRequest, subscription_id: FromPath[str]) -> SubscriptionResponse:
    """Deliver nothing more to it; the answer is what it was."""
    removed = await remove_subscription(subscription_id, _by(request), request.ports.partners)
    return _answered(removed)


@post(
    "/api/admin/subscriptions/{subscription_id:str}/secret",
    operation_id="replaceSecret",
    status_code=200,
    **auth.signed_in("manage_partners"),
)
async def replace(request: StrictRequest, subscription_id: FromPath[str]) -> ReplacedSecretResponse:
    """Make a new secret; for 24 hours deliveries are signed by the old one, too."""
    replaced = await replace_secret(subscription_id, _by(request), request.ports.partners)
    return ReplacedSecretResponse(replaced.secret, replaced.old_secret_until)


@post(
    "/api/admin/subscriptions/{subscription_id:str}/replay",
    operation_id="replayEvents",
    status_code=200,
    **auth.signed_in("manage_partners"),
)
async def replay(
    request: StrictRequest, subscription_id: FromPath[str], data: JSONBody[EventReplayRequest]
) -> SubscriptionResponse:
    """Deliver everything behind a position, again or for the first time; also ends parking."""
    ports = request.ports.partners
    return _answered(await replay_events(subscription_id, data.after, _by(request), ports))


@post(
    "/api/admin/subscriptions/{subscription_id:str}/enable",
    operation_id="enableSubscription",
    status_code=200,
    **auth.signed_in("manage_partners"),
)
async def enable(request: StrictRequest, subscription_id: FromPath[str]) -> SubscriptionResponse:
    """Go on where deliveries stopped, at once; also ends parking."""
    return await _switched(request, subscription_id, enabled=True)


@post(
    "/api/admin/subscriptions/{subscription_id:str}/disable",
    operation_id="disableSubscription",
    status_code=200,
    **auth.signed_in("manage_partners"),
)
async def disable(request: StrictRequest, subscription_id: FromPath[str]) -> SubscriptionResponse:
    """Stop deliveries; the position is kept."""
    return await _switched(request, subscription_id, enabled=False)


async def _switched(
    request: StrictRequest, subscription_id: str, *, enabled: bool
) -> SubscriptionResponse:
    switched = await switch_subscription(
        subscription_id, enabled=enabled, by=_by(request), outside=request.ports.partners
    )
    return _answered(switched)


def _by(request: StrictRequest) -> By:
    return By(request.principal.actor, request.correlation_id)


def _answered(subscription: Subscription) -> SubscriptionResponse:
    return SubscriptionResponse(
        id=subscription.id,
        name=subscription.name,
        url=subscription.url,
        types=None if subscription.types is None else list(subscription.types),
        status=subscription.status,
        position=subscription.delivered,
        created_at=subscription.created_at,
        old_secret_until=subscription.old_secret_until,
        tries=subscription.tries,
        failing_since=subscription.failing_since,
        next_try_at=subscription.next_try_at,
        last_error=subscription.last_error,
        parked_at=subscription.parked_at,
    )


ROUTES = (add, read_all, read_parked, remove, replace, replay, enable, disable)
