"""Deliveries are complete and in order, whatever the partner's server does."""

import datetime as dt
import time
import uuid

import msgspec
import pytest

from application.audit import read_log
from application.audit.shown_event import shown
from application.partners import delivery as deliveries
from application.partners.delivery import BODY_LIMIT_BYTES, make_delivery
from application.partners.replace_secret import replace_secret
from application.partners.replay_events import replay_events
from application.partners.subscription import Subscription
from application.partners.switch_subscription import switch_subscription
from application.ports import Unavailable
from interfaces.worker.deliveries import Deliveries
from tests.integration.partners.conftest import (
    BY,
    CANCELLED,
    CONFIRMED,
    HELD,
    SEND_SECONDS,
    Office,
)
from tests.support.partner_server import PartnerServer, running_partner


async def test_every_event_arrives_in_order_from_the_subscription_on(
    office: Office, partner: PartnerServer
) -> None:
    office.append(CONFIRMED, HELD)
    subscription = await office.subscribe(partner)
    assert (await office.deliver(subscription)).delivered == 2
    assert partner.requests == []
    office.append(*[CONFIRMED, HELD] * 60)
    assert await office.store.due(office.now) == [subscription.id]
    assert (await office.deliver(subscription)).delivered == 122
    assert partner.taken == list(range(3, 123))
    assert [(each["after"], each["position"]) for each in partner.bodies] == [(2, 102), (102, 122)]
    assert await office.store.due(office.now) == []
    (first, _) = partner.requests
    assert first["first"] == "POST /events HTTP/1.1"
    assert first["content-type"] == "application/json"
    assert "cookie" not in first


async def test_a_delivery_has_the_events_of_the_feed_of_auditors_without_ciphertext(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    sealed = {"subject": "subj_1", "box": "c2VjcmV0IG5hbWU"}
    office.append(CONFIRMED, payload={"passengers": [{"name": sealed, "type": "ADT"}]})
    await office.deliver(subscription)
    (event,) = partner.bodies[0]["events"]
    assert event["data"] == {
        "passengers": [{"name": {"subject": "subj_1", "sealed": True}, "type": "ADT"}]
    }
    page = await read_log.read_log(
        office.delivering.log, read_log.LogFilter(), after=None, limit=10
    )
    assert event == msgspec.json.decode(msgspec.json.encode(shown(page.events[0])))


async def test_chosen_types_arrive_and_what_lies_between_is_no_gap(
    office: Office, partner: PartnerServer
) -> None:
    only = await office.subscribe(partner, CANCELLED)
    async with running_partner() as other:
        two = await office.subscribe(other, CANCELLED, CONFIRMED, name="Car hire")
        office.append(*[HELD] * 150, CANCELLED, *[HELD] * 150, CONFIRMED, HELD, CANCELLED, HELD)
        for _ in range(2):
            assert (await office.deliver(only)).examined == 305
            assert (await office.deliver(two)).examined == 305
        assert partner.taken == [151, 304]
        assert other.taken == [151, 302, 304]
        # What has other types only is not delivered, and is nothing that the partner misses.
        office.append(*[HELD] * 5)
        assert await office.store.due(office.now) == [only.id, two.id]
        examined = await office.deliver(only)
        assert (examined.delivered, examined.examined) == (305, 310)
        office.append(CANCELLED)
        await office.deliver(only)
        assert (partner.bodies[-1]["after"], partner.bodies[-1]["position"]) == (305, 311)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (500, "status 500"),
        (404, "status 404"),
        ("http://169.254.169.254/latest/meta-data/", "status 307"),
        ("http://127.0.0.1:9/", "status 307"),
        ("slow", "timed out"),
        ("late", "timed out"),
        ("reset", "connection lost"),
        ("endless", "connection lost"),
    ],
)
async def test_what_fails_is_delivered_again_until_it_arrives(
    office: Office, partner: PartnerServer, what: int | str, reason: str
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED, CANCELLED)
    partner.behaviour = [what, what]
    began = time.monotonic()
    failed = await office.deliver(subscription)
    assert time.monotonic() - began < 3 * SEND_SECONDS
    assert (failed.status, failed.tries, failed.last_error) == ("retrying", 1, reason)
    assert (failed.delivered, failed.failing_since) == (0, office.now)
    assert failed.next_try_at == office.now + dt.timedelta(seconds=5)
    assert await office.store.due(office.now) == []
    await office.deliver(subscription)
    assert len(partner.requests) == 1
    office.now += dt.timedelta(seconds=5)
    assert (await office.deliver(subscription)).tries == 2
    office.now += dt.timedelta(seconds=10)
    arrived = await office.deliver(subscription)
    assert (arrived.status, arrived.delivered, arrived.last_error) == ("active", 2, None)
    assert partner.taken == [1, 2]


async def test_a_defect_of_ours_waits_as_a_failure_of_the_partner_does(
    office: Office, partner: PartnerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED)
    with monkeypatch.context() as patch:
        patch.setattr(read_log, "audited_event", lambda _: 1 // 0)
        failed = await office.deliver(subscription)
    assert (failed.status, failed.tries, failed.last_error) == ("retrying", 1, "internal error")
    assert await office.store.due(office.now) == []
    office.now += dt.timedelta(seconds=5)
    assert (await office.deliver(subscription)).status == "active"
    assert partner.taken == [1]


async def test_a_pause_that_the_partner_asks_for_is_kept_and_tries_are_spread(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED)
    hour = dt.timedelta(hours=1)
    partner.behaviour = [(429, "120"), (503, "1"), (503, "never"), (503, str(10**9)), 500, 500]
    waits: list[dt.timedelta] = []
    for office.chance in (0.0, 0.0, 0.0, 0.0, 0.0, 0.8):
        failed = await office.deliver(subscription)
        assert failed.next_try_at is not None
        waits.append(failed.next_try_at - office.now)
        office.now = failed.next_try_at
    seconds = [each.total_seconds() for each in waits]
    assert seconds == [120, 10, 20, (6 * hour).total_seconds(), 80, 160 * 1.2]
    assert len(partner.requests) == 6


async def test_an_address_that_is_gone_is_parked_at_once_until_staff_acts(
    office: Office, partner: PartnerServer, caplog: pytest.LogCaptureFixture
) -> None:
    subscription = await office.subscribe(partner)
    async with running_partner() as quick:
        other = await office.subscribe(quick, name="Car hire")
        office.append(CONFIRMED)
        partner.behaviour = [410]
        found = await office.deliver(subscription)
        assert (found.status, found.last_error, found.tries) == ("parked", "status 410", 1)
        assert "CRITICAL" in [each.levelname for each in caplog.records]
        assert await office.store.due(office.now + dt.timedelta(days=9)) == [other.id]
        assert (await office.deliver(other)).delivered == 1
    await switch_subscription(subscription.id, enabled=True, by=BY, outside=office.changing)
    assert (await office.deliver(subscription)).status == "active"
    assert partner.taken == [1]


async def test_an_answer_without_end_is_not_read(office: Office, partner: PartnerServer) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED)
    partner.behaviour = ["large"]
    began = time.monotonic()
    assert (await office.deliver(subscription)).delivered == 1
    assert time.monotonic() - began < SEND_SECONDS


async def test_a_repeat_has_the_id_of_the_first_and_a_replay_another(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED)
    partner.behaviour = ["late"]
    await office.deliver(subscription)
    office.append(CANCELLED)
    office.now += dt.timedelta(seconds=5)
    await office.deliver(subscription)
    # After a failure one event at a time: the id of the repeat is that of the same content.
    assert [each["position"] for each in partner.bodies] == [1, 1, 2]
    assert partner.ids[0] == partner.ids[1] != partner.ids[2]
    for _ in range(2):
        await replay_events(subscription.id, 0, BY, office.changing)
        await office.deliver(subscription)
    assert [each["position"] for each in partner.bodies] == [1, 1, 2, 2, 2]
    assert len(set(partner.ids)) == 4
    assert partner.taken == [1, 2]


async def test_a_repeat_has_the_same_id_though_events_of_other_types_came_meanwhile(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner, CONFIRMED)
    office.append(CONFIRMED)
    partner.behaviour = ["late"]
    await office.deliver(subscription)
    office.append(HELD)
    office.now += dt.timedelta(seconds=5)
    await office.deliver(subscription)
    assert partner.taken == [1]
    assert len(partner.ids) == 2
    assert len(set(partner.ids)) == 1


async def test_a_crash_after_the_answer_repeats_the_delivery(
    office: Office, partner: PartnerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED, CANCELLED)

    async def move(*_: object, **__: object) -> bool:
        raise Unavailable("database")

    with monkeypatch.context() as patched:
        patched.setattr(office.store, "move", move)
        with pytest.raises(Unavailable):
            await office.deliver(subscription)
    assert (await office.deliver(subscription)).delivered == 2
    assert partner.taken == [1, 2]
    assert len(partner.ids) == 2
    assert len(set(partner.ids)) == 1


async def test_after_three_days_it_is_parked_with_an_alarm_until_staff_acts(
    office: Office, partner: PartnerServer, caplog: pytest.LogCaptureFixture
) -> None:
    subscription = await office.subscribe(partner)
    office.append(CONFIRMED)
    partner.behaviour = [503] * 200
    began, found = office.now, await office.deliver(subscription)
    while found.status == "retrying":
        assert found.next_try_at is not None
        assert [each.levelname for each in caplog.records].count("CRITICAL") == 0
        office.now = found.next_try_at
        found = await office.deliver(subscription)
    assert office.now - began == dt.timedelta(days=3)
    assert (found.status, found.parked_at) == ("parked", office.now)
    alarms = [each.getMessage() for each in caplog.records if each.levelname == "CRITICAL"]
    (alarm,) = alarms
    assert alarm.startswith(f"deliveries of {subscription.id} are parked behind position 0")
    asked = len(partner.requests)
    office.now += dt.timedelta(days=1)
    assert await office.store.due(office.now) == []
    await office.deliver(subscription)
    assert len(partner.requests) == asked
    # The partner believes no time but that of its own clock.
    office.now, partner.behaviour = began, []
    await switch_subscription(subscription.id, enabled=True, by=BY, outside=office.changing)
    assert (await office.deliver(subscription)).status == "active"
    assert partner.taken == [1]


async def test_a_disabled_subscription_keeps_its_place(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    await switch_subscription(subscription.id, enabled=False, by=BY, outside=office.changing)
    office.append(CONFIRMED)
    assert await office.store.due(office.now) == []
    assert (await office.deliver(subscription)).status == "disabled"
    assert partner.requests == []
    await switch_subscription(subscription.id, enabled=True, by=BY, outside=office.changing)
    await office.deliver(subscription)
    assert partner.taken == [1]


async def test_for_a_day_both_secrets_sign_and_then_the_new_one_alone(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    (old,) = partner.secrets
    replaced = await replace_secret(subscription.id, BY, office.changing)
    assert replaced.old_secret_until == office.now + dt.timedelta(hours=24)
    for known in (old, replaced.secret):
        partner.secrets = [known]
        office.append(CONFIRMED)
        assert (await office.deliver(subscription)).tries == 0
    assert len(partner.requests[-1]["webhook-signature"].split()) == 2
    # The clock of the signature is that of the test: a day on, it is too far away to be verified.
    office.now += dt.timedelta(hours=24)
    assert len(await office.store.secrets(await office.read(subscription), office.now)) == 1
    office.now -= dt.timedelta(seconds=1)
    assert len(await office.store.secrets(await office.read(subscription), office.now)) == 2


async def test_a_replay_during_a_delivery_is_not_undone_by_its_end(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    office.append(*[CONFIRMED] * 3)
    await office.deliver(subscription)
    office.append(CANCELLED)
    # Also to the position at which the delivery began.
    for after in (1, 3):
        stale = await office.read(subscription)
        await replay_events(subscription.id, after, BY, office.changing)
        assert not await office.store.move(stale, delivered=4, examined=4)
        assert not await fail(office, stale)
        assert (await office.read(subscription)).delivered == after
        await replay_events(subscription.id, 3, BY, office.changing)
    assert (await office.deliver(subscription)).delivered == 4


async def test_one_failure_is_counted_once_by_two_schedulers(
    office: Office, partner: PartnerServer
) -> None:
    subscription = await office.subscribe(partner)
    assert await fail(office, subscription)
    assert not await fail(office, subscription)
    assert not await office.store.move(subscription, delivered=0, examined=0)
    assert (await office.read(subscription)).tries == 1


async def fail(office: Office, subscription: Subscription) -> bool:
    return await office.store.note_failure(
        subscription, "timed out", since=office.now, next_try_at=office.now, now=office.now
    )


async def test_a_slow_partner_delays_no_other(office: Office, partner: PartnerServer) -> None:
    partner.behaviour = ["slow"] * 9
    slow = await office.subscribe(partner)
    async with running_partner() as quick:
        other = await office.subscribe(quick, name="Car hire")
        running = Deliveries(office.delivering)
        began = time.monotonic()
        for number in range(1, 4):
            office.append(CONFIRMED)
            await running.start_due()
            await quick.reached(number)
        assert time.monotonic() - began < SEND_SECONDS
        assert len(partner.requests) == 1
        began = time.monotonic()
        await running.end()
        assert time.monotonic() - began < SEND_SECONDS / 2
        assert (await office.deliver(other)).delivered == 3
        assert (await office.read(slow)).delivered == 0


def test_a_delivery_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BODY_LIMIT_BYTES == 256 * 1024
    subscription = Subscription(
        *("sub_0", "Hotel hub", "https://partner.example", None, True, 0, 0, 0),
        created_at=dt.datetime(2026, 11, 27, tzinfo=dt.UTC),
    )
    event = read_log.audited_event(_stored(1, "x" * 100))
    more = read_log.audited_event(_stored(2, "y" * 100))
    whole = make_delivery(subscription, [event, more], 7)
    assert whole.position == 7
    monkeypatch.setattr(deliveries, "BODY_LIMIT_BYTES", 500)
    cut = make_delivery(subscription, [event, more], 7)
    assert (cut.position, len(msgspec.json.decode(cut.body)["events"])) == (1, 1)
    monkeypatch.setattr(deliveries, "BODY_LIMIT_BYTES", 1)
    assert make_delivery(subscription, [event, more], 7).position == 1


def _stored(position: int, note: str) -> read_log.StoredLogEvent:
    return read_log.StoredLogEvent(
        position=position,
        stream="booking-ABC234",
        version=position,
        tag=CONFIRMED,
        recorded_at=dt.datetime(2026, 11, 27, tzinfo=dt.UTC),
        actor="process",
        command_id=uuid.UUID(int=1),
        correlation_id="c",
        causation_id=None,
        payload=msgspec.json.encode({"note": note}),
    )
