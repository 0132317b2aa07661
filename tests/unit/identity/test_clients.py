"""Scopes and clients: one table, and registrations that can be no trap."""

import datetime as dt

import msgspec
import pytest

from domain.identity import clients, rejections, roles, scopes
from domain.identity.clients import Client
from domain.identity.scopes import Scope

START = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
CALLBACK = "https://partner.example/callback"
WEB = Client(
    id="client_0123456789abcdef01234567",
    name="Trip Planner",
    kind="web",
    redirect_uris=(CALLBACK,),
    scopes=("bookings:read",),
    role=None,
    secret_hash=b"h" * 32,
    created_at=START,
)
NATIVE = msgspec.structs.replace(
    WEB, kind="native", secret_hash=None, redirect_uris=("http://127.0.0.1/cb", "http://[::1]/cb")
)
SERVICE = msgspec.structs.replace(
    WEB, kind="service", redirect_uris=(), role="auditor", scopes=("ledger:read",)
)


def test_every_permission_has_one_scope_or_is_kept_from_clients() -> None:
    by_permission = {each: scopes.scope_of(each) for each in roles.PERMISSIONS}
    without = {each for each, scope in by_permission.items() if scope is None}
    assert without == scopes.WITHOUT_SCOPE
    assert tuple(scopes.SCOPES) == scopes.NAMES
    assert scopes.scope_of(None) is None


def test_travellers_can_give_what_a_customer_may_and_no_more() -> None:
    given = {name for name, terms in scopes.SCOPES.items() if terms.by_consent}
    assert given == {"profile:read", "bookings:read", "bookings:write", "payments:write"}
    assert given <= scopes.held_by("customer")
    assert "ledger:read" not in scopes.held_by("customer")
    assert scopes.held_by("admin") == set(scopes.NAMES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bookings:read", ("bookings:read",)),
        ("bookings:write profile:read", ("profile:read", "bookings:write")),
        ("bookings:read bookings:read", ("bookings:read",)),
        ("", None),
        ("bookings:read ", None),
        ("Bookings:read", None),
        ("bookings:read admin", None),
        ("bookings:read\tprofile:read", None),
    ],
)
def test_scopes_are_read_exactly(text: str, found: tuple[Scope, ...] | None) -> None:
    assert scopes.parsed(text) == found
    if found is not None:
        assert scopes.parsed(scopes.text_of(found)) == found


@pytest.mark.parametrize("client", [WEB, NATIVE, SERVICE])
def test_a_sound_registration_is_taken(client: Client) -> None:
    clients.require_valid(client)


@pytest.mark.parametrize(
    ("client", "change", "field", "reason"),
    [
        (WEB, {"scopes": ()}, "scopes", "missing"),
        (WEB, {"scopes": ("ledger:read",)}, "scopes", "not_given_by_users"),
        (WEB, {"scopes": ("tokens:introspect",)}, "scopes", "not_given_by_users"),
        (WEB, {"role": "agent"}, "role", "only_for_services"),
        (WEB, {"redirect_uris": ()}, "redirectUris", "one_to_ten_expected"),
        (WEB, {"redirect_uris": (CALLBACK,) * 11}, "redirectUris", "one_to_ten_expected"),
        (SERVICE, {"redirect_uris": (CALLBACK,)}, "redirectUris", "not_for_services"),
        (SERVICE, {"role": None}, "role", "missing"),
        (SERVICE, {"scopes": ("refunds:write",)}, "scopes", "not_of_this_role"),
    ],
)
def test_a_registration_that_is_not_sound_is_refused(
    client: Client, change: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(rejections.InvalidClient) as refusal:
        clients.require_valid(msgspec.structs.replace(client, **change))
    assert refusal.value.parameters == {"field": field, "reason": reason}


@pytest.mark.parametrize(
    "uri",
    [
        "http://partner.example/callback",
        "https://partner.example/callback#part",
        "https://user@partner.example/callback",
        "https://user:pass@partner.example/callback",
        "https://Partner.example/callback",
        "HTTPS://partner.example/callback",
        "https://partner.example:443/callback",
        "https://partner.example/a/../callback",
        "https://partner.example/./callback",
        "https://partner.example\\@evil.example/",
        "https://*.partner.example/callback",
        "https://partner/callback",
        "https://127.0.0.1/callback",
        "https://partner.example/call back",
        "https://partner.example/callback\n",
        "https://partner.example/%zz",
        "https://partner.ex\u0430mple/callback",
        "javascript:alert(1)",
        "com.partner.app:/callback",
        "http://127.0.0.1:8080/cb",
        "https://partner.example/" + "a" * 500,
        "",
    ],
)
def test_an_address_that_is_no_plain_https_is_not_registered(uri: str) -> None:
    with pytest.raises(rejections.InvalidClient) as refusal:
        clients.require_valid(msgspec.structs.replace(WEB, redirect_uris=(CALLBACK, uri)))
    assert refusal.value.parameters["field"] == "redirectUris[1]"


@pytest.mark.parametrize(
    "uri", ["http://localhost/cb", "http://127.0.0.2/cb", "http://127.0.0.1.evil.example/cb"]
)
def test_a_native_app_listens_on_the_addresses_of_its_own_machine_only(uri: str) -> None:
    with pytest.raises(rejections.InvalidClient):
        clients.require_valid(msgspec.structs.replace(NATIVE, redirect_uris=(uri,)))


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK + "/",
        CALLBACK.upper(),
        CALLBACK + "?a=1",
        CALLBACK + "#a",
        "https://partner.example:8443/callback",
        "https://user@partner.example/callback",
        "https://evil.partner.example/callback",
        "https://partner.example/Callback",
        "https://partner.example/callback/../callback",
        "http://partner.example/callback",
        "",
    ],
)
def test_a_browser_is_sent_to_a_registered_address_and_no_other_spelling(uri: str) -> None:
    assert clients.is_redirect_uri_of(WEB, CALLBACK)
    assert not clients.is_redirect_uri_of(WEB, uri)


def test_only_the_port_of_a_native_app_is_free() -> None:
    for uri in ("http://127.0.0.1:51004/cb", "http://[::1]:1/cb", "http://127.0.0.1/cb"):
        assert clients.is_redirect_uri_of(NATIVE, uri)
        assert not clients.is_redirect_uri_of(WEB, uri)
    for uri in ("http://127.0.0.1:51004/", "http://127.0.0.1:99/cb?x", "http://127.0.0.1:x/cb"):
        assert not clients.is_redirect_uri_of(NATIVE, uri)


def test_staff_do_not_let_clients_act_for_them() -> None:
    assert [role for role in roles.ROLES if clients.may_consent(role)] == ["customer", "agent"]
