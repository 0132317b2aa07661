"""Which webhook requests are genuine: the official signer against our own check."""

import datetime as dt
from typing import Any

import msgspec
import pytest
import stripe

from application.payment import gateway as port
from infrastructure.stripe import webhook
from infrastructure.stripe.version import API_VERSION

SECRET = "whsec_current"
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


def event(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": "evt_1",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(NOW.timestamp()),
        "data": {
            "object": {
                "id": "cs_test_1",
                "object": "checkout.session",
                "metadata": {"booking": "bkg-1", "payment": "pay-1", "attempt": "pay-1-a1"},
            }
        },
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "checkout.session.completed",
    }
    return {**base, **changes}


def signed(body: str, *, secret: str = SECRET, at: dt.datetime = NOW) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))


def verify(body: bytes, header: str | None, **settings: Any) -> port.VerifiedEvent:
    settings = {"secrets": [SECRET], "livemode": False, **settings}
    secrets = settings.pop("secrets")
    return webhook.verify(body, header, secrets, NOW, **settings)


def verify_signed(content: Any, **settings: Any) -> port.VerifiedEvent:
    body = content if isinstance(content, str) else msgspec.json.encode(content).decode()
    return verify(body.encode(), signed(body), **settings)


def reason(body: bytes, header: str | None, **settings: Any) -> str:
    with pytest.raises(port.NotGenuine) as caught:
        verify(body, header, **settings)
    return caught.value.reason


def test_a_genuine_event_names_its_payment_and_booking() -> None:
    found = verify_signed(event())
    assert (found.id, found.type, found.supported) == (
        "evt_1",
        "checkout.session.completed",
        True,
    )
    assert (found.object_id, found.object_kind) == ("cs_test_1", "checkout.session")
    assert (found.booking, found.payment, found.attempt) == ("bkg-1", "pay-1", "pay-1-a1")
    assert found.created == NOW
    assert msgspec.json.decode(found.content)["id"] == "cs_test_1"


def test_one_matching_signature_is_enough_while_a_secret_is_replaced() -> None:
    body = msgspec.json.encode(event()).decode()
    old, new = signed(body, secret="whsec_old"), signed(body)
    both = f"{old},{new.partition(',')[2]}"
    assert verify(body.encode(), both).id == "evt_1"
    assert verify(body.encode(), old, secrets=[SECRET, "whsec_old"]).id == "evt_1"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "missing_signature"),
        ("", "missing_signature"),
        ("garbage", "malformed_signature"),
        ("t=,v1=00", "malformed_signature"),
        ("t=-1,v1=00", "malformed_signature"),
        ("t=1,t=2,v1=00", "malformed_signature"),
        (f"t={int(NOW.timestamp())}", "no_v1_signature"),
        (f"t={int(NOW.timestamp())},v1=", "signature_mismatch"),
        (f"t={int(NOW.timestamp())},v1=00", "signature_mismatch"),
        (f"t={int(NOW.timestamp())},v1=\u00e9\u0661", "malformed_signature"),
        ("t=\u0661\u0662,v1=00", "malformed_signature"),
        ("t=1," + "v1=00," * 2000, "malformed_signature"),
        ("t=" + "9" * 400 + ",v1=00", "malformed_signature"),
    ],
)
def test_a_bad_signature_header_is_refused(header: str | None, expected: str) -> None:
    assert reason(msgspec.json.encode(event()), header) == expected


def test_only_an_older_scheme_is_refused() -> None:
    body = msgspec.json.encode(event()).decode()
    assert reason(body.encode(), signed(body).replace("v1=", "v0=")) == "no_v1_signature"


def test_another_secret_or_a_changed_body_is_refused() -> None:
    body = msgspec.json.encode(event()).decode()
    wrong = signed(body, secret="whsec_other")
    assert reason(body.encode(), wrong) == "signature_mismatch"
    assert reason(body.replace(":", ": ", 1).encode(), signed(body)) == "signature_mismatch"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-301, "too_old"), (61, "from_the_future"), (86_400, "from_the_future")],
)
def test_a_timestamp_outside_the_window_is_refused(seconds: int, expected: str) -> None:
    body = msgspec.json.encode(event()).decode()
    header = signed(body, at=NOW + dt.timedelta(seconds=seconds))
    assert reason(body.encode(), header) == expected


@pytest.mark.parametrize("seconds", [-300, 0, 60])
def test_a_timestamp_inside_the_window_is_accepted(seconds: int) -> None:
    body = msgspec.json.encode(event()).decode()
    assert verify(body.encode(), signed(body, at=NOW + dt.timedelta(seconds=seconds))).id


def raw_signed(body: bytes) -> str:
    """Return a correct signature over bytes; the official signer accepts only text."""
    import hmac

    stamp = str(int(NOW.timestamp())).encode()
    digest = hmac.new(SECRET.encode(), stamp + b"." + body, "sha256").hexdigest()
    return f"t={stamp.decode()},v1={digest}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xff\xfe", "not_utf8"),
        (b'{"object":"event","id":"\xff"}', "not_utf8"),
        (b"", "not_an_event"),
        (b"not json", "not_an_event"),
        (b"[]", "not_an_event"),
        (b"{}", "not_an_event"),
        (b"null", "not_an_event"),
        (b'"event"', "not_an_event"),
        (b'{"object":"event"}', "not_an_event"),
        (b'{"object":"list"}', "not_an_event"),
        (b"[" * 100_000, "not_an_event"),
        (b'{"a":' * 40_000, "not_an_event"),
        (b" " * (256 * 1024 + 1), "oversize"),
    ],
)
def test_a_signed_body_that_is_not_an_event_is_refused(body: bytes, expected: str) -> None:
    assert reason(body, raw_signed(body)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ""},
        {"id": "evt_\u0000"},
        {"id": "evt_1\n"},
        {"created": "yesterday"},
        {"created": -1},
        {"created": 10**20},
        {"livemode": "false"},
        {"data": {}},
        {"data": {"object": []}},
        {"data": {"object": {"object": "charge", "metadata": [1]}}},
        {"type": ""},
        {"type": "x" * 500},
    ],
)
def test_a_signed_event_of_the_wrong_form_is_refused(changes: dict[str, Any]) -> None:
    body = msgspec.json.encode(event(**changes))
    assert reason(body, raw_signed(body)) == "not_an_event"


def test_a_very_deep_object_inside_an_event_is_refused_or_read_whole() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    body = msgspec.json.encode(event()).decode().replace('"cs_test_1"', deep)
    assert reason(body.encode(), raw_signed(body.encode())) == "not_an_event"


def test_an_event_without_its_id_is_refused_although_the_sdk_accepts_it() -> None:
    content = event()
    del content["id"]
    body = msgspec.json.encode(content).decode()
    assert stripe.WebhookSignature.verify_header(
        body, signed(body, at=dt.datetime.now(dt.UTC)), SECRET
    )
    assert reason(body.encode(), signed(body)) == "not_an_event"


def test_the_other_mode_and_another_account_are_refused() -> None:
    live = msgspec.json.encode(event(livemode=True))
    assert reason(live, raw_signed(live)) == "livemode"
    assert verify(live, raw_signed(live), livemode=True).livemode
    foreign = msgspec.json.encode(event(account="acct_other"))
    assert reason(foreign, raw_signed(foreign), account="acct_ours") == "account"
    assert verify(foreign, raw_signed(foreign), account="acct_other").account == "acct_other"


def test_an_unknown_type_is_genuine_but_not_supported() -> None:
    assert not verify_signed(event(type="customer.created")).supported


@pytest.mark.parametrize("version", ["2020-08-27", "2026-11-25.endive", None])
def test_an_event_of_another_api_version_is_supported_and_marked(version: str | None) -> None:
    found = verify_signed(event(api_version=version))
    assert (found.supported, found.expected_version) == (True, False)


@pytest.mark.parametrize("chosen", ["SUMMER-26", "gold plan", "x" * 300, "", "\u0635\u064a\u0641"])
def test_an_id_that_a_merchant_chose_is_genuine_and_never_asked_about(chosen: str) -> None:
    content = event(type="coupon.created", data={"object": {"id": chosen, "object": "coupon"}})
    assert verify_signed(content).object_id is None


def test_a_thin_event_is_genuine_but_not_supported() -> None:
    found = verify_signed(
        {
            "id": "evt_test_65",
            "object": "v2.core.event",
            "type": "v1.billing.meter.error_report_triggered",
            "livemode": False,
            "created": "2026-11-20T08:59:59.000Z",
            "related_object": {"id": "mtr_1", "type": "billing.meter"},
        }
    )
    assert not found.supported
    assert (found.object_id, found.content) == (None, b"")


def test_an_object_without_an_id_is_read() -> None:
    content = event(type="balance.available", data={"object": {"object": "balance"}})
    assert verify_signed(content).object_id is None
