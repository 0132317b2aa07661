"""`ais partner`: subscriptions of partners, as the operator."""

import asyncio
import re
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

from cyclopts import App, Parameter

from application.partners.add_subscription import AddSubscription, add_subscription
from application.partners.ports import By, SubscriptionPorts
from application.partners.read_subscriptions import read_subscriptions
from application.partners.remove_subscription import remove_subscription
from application.partners.replace_secret import replace_secret
from application.partners.replay_events import replay_events
from application.partners.subscription import NAME_PATTERN, Subscription
from application.partners.switch_subscription import switch_subscription
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from infrastructure.postgres.pool import make_pool
from infrastructure.sealing import master_key
from interfaces import partner_composition
from interfaces.cli import running

partner = App(
    name="partner",
    help="Subscribe servers of partners to events. Runs as the application: AIS_DATABASE_URL. "
    "Exit codes: 0 done, 1 refused or the database does not answer, 2 a wrong call or setting.",
)


@partner.command(name="add")
def add(
    name: str, url: str, /, *, types: Annotated[str | None, Parameter(name="--types")] = None
) -> int:
    """Deliver events from now on; prints the id and, this once, the secret.

    Parameters
    ----------
    name
        The partner's name, taken once.
    url
        The address of its server, by https.
    types
        Types of events, separated by commas; without them, all.
    """
    if re.match(NAME_PATTERN, name) is None:
        print("ais partner: a name of 1 to 80 letters and digits is expected", file=sys.stderr)
        return running.USAGE_EXIT
    wanted = None if types is None else [each.strip() for each in types.split(",")]

    async def work(by: By, outside: SubscriptionPorts) -> None:
        added = await add_subscription(AddSubscription(name, url, wanted), by, outside)
        print(added.subscription.id)
        print(added.secret)

    return _run(work)


@partner.command(name="list")
def list_all() -> int:
    """Print every subscription: id, status, position, name, and the last error if it is failing."""

    async def work(_: By, outside: SubscriptionPorts) -> None:
        for each in await read_subscriptions(outside.subscriptions):
            _print(each)

    return _run(work)


@partner.command(name="remove")
def remove(subscription: str, /) -> int:
    """Deliver nothing more to this subscription, and forget its secret."""

    async def work(by: By, outside: SubscriptionPorts) -> None:
        removed = await remove_subscription(subscription, by, outside)
        print(f"removed, with everything delivered up to {removed.delivered}")

    return _run(work)


@partner.command(name="secret")
def secret(subscription: str, /) -> int:
    """Replace the secret; prints the new one. The old one signs, too, for 24 hours."""

    async def work(by: By, outside: SubscriptionPorts) -> None:
        replaced = await replace_secret(subscription, by, outside)
        print(replaced.secret)
        print(f"the old secret is valid until {replaced.old_secret_until:%Y-%m-%d %H:%M} UTC")

    return _run(work)


@partner.command(name="replay")
def replay(subscription: str, after: int, /) -> int:
    """Deliver everything behind the position AFTER; also ends parking.

    Parameters
    ----------
    subscription
        Its id.
    after
        0 delivers everything again.
    """
    if after < 0:
        print("ais partner: a position is 0 or more", file=sys.stderr)
        return running.USAGE_EXIT

    async def work(by: By, outside: SubscriptionPorts) -> None:
        _print(await replay_events(subscription, after, by, outside))

    return _run(work)


@partner.command(name="enable")
def enable(subscription: str, /) -> int:
    """Go on where deliveries stopped, at once; also ends parking."""
    return _switch(subscription, enabled=True)


@partner.command(name="disable")
def disable(subscription: str, /) -> int:
    """Stop deliveries; the position is kept."""
    return _switch(subscription, enabled=False)


def _switch(subscription: str, *, enabled: bool) -> int:
    async def work(by: By, outside: SubscriptionPorts) -> None:
        found = await switch_subscription(subscription, enabled=enabled, by=by, outside=outside)
        _print(found)

    return _run(work)


def _print(found: Subscription) -> None:
    error = "" if found.last_error is None else f" ({found.last_error})"
    print(f"{found.id} {found.status} {found.delivered} {found.name}{error}")


def _run(work: Callable[[By, SubscriptionPorts], Awaitable[None]]) -> int:
    try:
        asyncio.run(_opened(work))
    except Rejection as refused:
        reason = refused.parameters.get("reason", refused.code)
        print(f"ais partner: {reason}", file=sys.stderr)
        return 1
    except Unavailable as error:
        print(f"ais partner: {error}", file=sys.stderr)
        return 1
    return 0


async def _opened(work: Callable[[By, SubscriptionPorts], Awaitable[None]]) -> None:
    settings = running.configured()
    keys = master_key.parse(settings.master_key.reveal())
    by = By("operator", secrets.token_hex(11))
    async with make_pool(settings.database_url, max_size=1) as pool:
        await work(by, partner_composition.subscriptions_on(pool, keys, settings))
