"""Subscriptions on a real database: who changed what, limits, secrets, what SQL may not do."""

import asyncio

import psycopg
import pytest

from application.audit.read_log import CursorRefused
from application.partners.add_subscription import AddSubscription, add_subscription
from application.partners.ports import DeliveryFailed
from application.partners.read_subscriptions import read_subscriptions
from application.partners.remove_subscription import remove_subscription
from application.partners.replace_secret import replace_secret
from application.partners.replay_events import replay_events
from application.partners.subscription import SUBSCRIPTION_LIMIT
from application.partners.switch_subscription import switch_subscription
from domain.kernel.rejections import Rejection
from domain.partners import rejections, signature
from infrastructure.partners.subscriptions import PostgresSubscriptions
from infrastructure.sealing import master_key
from tests.integration.partners.conftest import BY, CONFIRMED, Office
from tests.support.partner_server import PartnerServer

URL = "https://partner.example/"


async def add(office: Office, name: str = "Hotel hub", *types: str, url: str = URL) -> str:
    command = AddSubscription(name, url, types or None)
    return (await add_subscription(command, BY, office.changing)).subscription.id


async def test_each_change_is_recorded_with_who_made_it(
    office: Office, partner: PartnerServer
) -> None:
    office.append(CONFIRMED)
    subscription = await office.subscribe(partner)
    await replace_secret(subscription.id, BY, office.changing)
    await replay_events(subscription.id, 0, BY, office.changing)
    for enabled in (False, True):
        await switch_subscription(subscription.id, enabled=enabled, by=BY, outside=office.changing)
    removed = await remove_subscription(subscription.id, BY, office.changing)
    assert (removed.id, removed.delivered) == (subscription.id, 0)
    assert await read_subscriptions(office.store) == []
    recorded = office.rows(
        "SELECT action, actor, resource, correlation_id, change FROM audit.action ORDER BY id"
    )
    assert {each[1:4] for each in recorded} == {("admin:user_1", subscription.id, "cor_1")}
    assert [(each[0], each[4]) for each in recorded] == [
        ("subscription.added", {"name": "Hotel hub", "url": partner.url, "types": None}),
        ("subscription.secret_replaced", {}),
        ("subscription.replayed", {"after": 0}),
        ("subscription.disabled", {}),
        ("subscription.enabled", {}),
        ("subscription.removed", {}),
    ]
    assert await office.store.secrets(subscription, office.now) == []


async def test_what_is_not_there_is_unknown_and_not_recorded(office: Office) -> None:
    unknown = "sub_0123456789abcdef01234567"
    for change in (
        remove_subscription(unknown, BY, office.changing),
        replace_secret(unknown, BY, office.changing),
        replay_events(unknown, 0, BY, office.changing),
        switch_subscription(unknown, enabled=True, by=BY, outside=office.changing),
    ):
        with pytest.raises(rejections.SubscriptionUnknown):
            await change
    assert office.rows("SELECT * FROM audit.action") == []


@pytest.mark.parametrize(
    ("types", "url", "refused"),
    [
        (("booking.confirmed.9",), URL, {"field": "types[0]", "reason": "unknown"}),
        ((CONFIRMED, "x"), URL, {"field": "types[1]", "reason": "unknown"}),
        ((CONFIRMED, CONFIRMED), URL, {"field": "types", "reason": "duplicate"}),
        ((), "http://partner.example/", {"field": "url", "reason": "not_https"}),
    ],
)
async def test_what_nothing_could_be_delivered_to_is_refused(
    office: Office, types: tuple[str, ...], url: str, refused: dict[str, str]
) -> None:
    with pytest.raises(Rejection) as error:
        await add(office, "Hotel hub", *types, url=url)
    assert error.value.parameters == refused
    assert office.rows("SELECT * FROM partner.subscription") == []


async def test_a_name_is_taken_once_and_there_is_a_limit_also_for_many_at_once(
    office: Office,
) -> None:
    outcomes = await asyncio.gather(*(add(office) for _ in range(4)), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, rejections.SubscriptionNotAdded)]
    assert [each.parameters for each in refused] == [{"field": "name", "reason": "name_taken"}] * 3
    outcomes = await asyncio.gather(
        *(add(office, f"Partner {number}") for number in range(SUBSCRIPTION_LIMIT)),
        return_exceptions=True,
    )
    (refused,) = [each for each in outcomes if not isinstance(each, str)]
    assert isinstance(refused, rejections.SubscriptionNotAdded)
    assert refused.parameters == {"reason": "too_many_subscriptions"}
    assert len(await read_subscriptions(office.store)) == SUBSCRIPTION_LIMIT


async def test_no_position_beyond_the_log_is_replayed_from(office: Office) -> None:
    office.append(CONFIRMED)
    subscription = await add(office)
    with pytest.raises(CursorRefused) as refused:
        await replay_events(subscription, 2, BY, office.changing)
    assert refused.value.parameters == {"field": "after", "reason": "ahead_of_log"}
    assert (await replay_events(subscription, 1, BY, office.changing)).delivered == 1


async def test_secrets_are_stored_wrapped_and_open_for_no_other_subscription(
    office: Office, partner: PartnerServer
) -> None:
    first = await office.subscribe(partner)
    other = await office.subscribe(partner, name="Car hire")
    (secret,) = await office.store.secrets(first, office.now)
    assert signature.shown(secret) == partner.secrets[1]
    ((stored,),) = office.rows("SELECT secret FROM partner.subscription WHERE name = 'Hotel hub'")
    assert secret not in stored
    with psycopg.connect(office.database.app_dsn) as connection:
        connection.execute("UPDATE partner.subscription SET secret = %s", (stored,))
    office.append(CONFIRMED)
    with pytest.raises(DeliveryFailed, match="secret unreadable"):
        await office.store.secrets(other, office.now)
    assert (await office.deliver(other)).last_error == "secret unreadable"
    assert partner.requests == []
    await replace_secret(other.id, BY, office.changing)
    assert len(await office.store.secrets(other, office.now)) == 1
    foreign = PostgresSubscriptions(office.pool, master_key.parse(master_key.generated()))
    with pytest.raises(DeliveryFailed, match="secret unreadable"):
        await foreign.secrets(first, office.now)
