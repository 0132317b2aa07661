"""Requests of clients as Authlib checks them: what is refused, and where the refusal goes."""

import base64
import datetime as dt
import hashlib
import urllib.parse
from typing import Any

import msgspec
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc9207 import AuthorizationServerMetadata as IssuerMetadata

from application.identity import client_ports as ports
from application.identity.client_ports import ClientRefused, ClientRequest, StoredCode
from domain.identity.clients import Client
from infrastructure.identity.client_secrets import KeyedClientSecrets
from infrastructure.oauth.protocol import DESCRIPTIONS, AuthlibProtocol
from infrastructure.sealing import master_key
from tests.unit.identity.test_clients import CALLBACK, NATIVE, SERVICE, START, WEB

ISSUER = "https://airline.example"
SECRETS = KeyedClientSecrets(master_key.parse(master_key.generated()))
SECRET = SECRETS.new_secret()
PROTOCOL = AuthlibProtocol(issuer=ISSUER, digest=SECRETS.digest)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
PARTNER = msgspec.structs.replace(WEB, secret_hash=SECRETS.digest(SECRET))
LEDGER = msgspec.structs.replace(SERVICE, secret_hash=SECRETS.digest(SECRET))
ASKED = {
    "response_type": "code",
    "client_id": WEB.id,
    "redirect_uri": CALLBACK,
    "scope": "bookings:read",
    "state": "af0 /ü?&=",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
CODE = StoredCode(
    digest=b"d" * 32,
    client=WEB.id,
    user="usr_one",
    redirect_uri=CALLBACK,
    scopes=("bookings:read",),
    challenge=CHALLENGE,
    expires_at=START + dt.timedelta(seconds=60),
    session=None,
)
EXCHANGE = {
    "grant_type": "authorization_code",
    "code": "ac_text",
    "redirect_uri": CALLBACK,
    "code_verifier": VERIFIER,
}


def basic(client: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


def changed(members: dict[str, str], **changes: str | None) -> dict[str, str]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def sent(form: dict[str, str], authorization: str | None = None) -> ClientRequest:
    return ClientRequest(form, authorization, "198.51.100.7")


def refusal(call: Any, *args: Any, **more: Any) -> ClientRefused:
    with pytest.raises(ClientRefused) as error:
        call(*args, **more)
    assert error.value.description == DESCRIPTIONS[error.value.error]
    return error.value


def test_a_sound_request_says_what_is_asked_of_the_user() -> None:
    found = PROTOCOL.authorization({**ASKED, "ui_locales": "ar"}, PARTNER)
    assert found == ports.Authorization(
        PARTNER, CALLBACK, ("bookings:read",), CHALLENGE, ASKED["state"]
    )


@pytest.mark.parametrize(
    ("changes", "client", "error"),
    [
        ({}, None, "invalid_client"),
        ({"client_id": None}, PARTNER, "invalid_client"),
        ({"client_id": "client_of_another"}, PARTNER, "invalid_client"),
        ({"redirect_uri": None}, PARTNER, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, PARTNER, "invalid_request"),
        ({"redirect_uri": "https://evil.example"}, PARTNER, "invalid_request"),
        ({"redirect_uri": 'https://evil.example/"ü'}, PARTNER, "invalid_request"),
        ({"redirect_uri": "https://evil.example", "scope": "x"}, PARTNER, "invalid_request"),
        (
            {"redirect_uri": "https://evil.example", "response_type": "token"},
            PARTNER,
            "unsupported_response_type",
        ),
        ({"state": "s" * 2000}, PARTNER, "invalid_request"),
        ({"request": "eyJ"}, PARTNER, "invalid_request"),
        ({"request_uri": "https://evil.example/r"}, PARTNER, "invalid_request"),
        ({}, SERVICE, "invalid_request"),
    ],
)
def test_an_error_before_the_address_is_proven_is_sent_nowhere(
    changes: dict[str, str | None], client: Client | None, error: str
) -> None:
    found = refusal(PROTOCOL.authorization, changed(ASKED, **changes), client)
    assert (found.error, found.redirect_to) == (error, None)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "bookings:write"}, "invalid_scope"),
        ({"scope": "bookings:read ledger:read"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": VERIFIER + "=="}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
    ],
)
def test_other_errors_go_to_the_client_with_state_and_issuer(
    changes: dict[str, str | None], error: str
) -> None:
    """PKCE cannot be left out, nor weakened: there is no other method."""
    found = refusal(PROTOCOL.authorization, changed(ASKED, **changes), PARTNER)
    assert found.error == error
    assert found.redirect_to is not None
    assert found.redirect_to.startswith(CALLBACK + "?")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(found.redirect_to).query))
    assert query.pop("error_description") == DESCRIPTIONS[found.error]
    assert query == {"error": error, "state": ASKED["state"], "iss": ISSUER}


def test_an_answer_keeps_the_query_of_the_address() -> None:
    address = PROTOCOL.addressed(CALLBACK + "?page=2", {"code": "c"}, state=None)
    assert address == f"{CALLBACK}?page=2&code=c&iss={urllib.parse.quote(ISSUER, safe='')}"


@pytest.mark.parametrize(
    ("client", "form", "authorization"),
    [
        (PARTNER, EXCHANGE, basic(PARTNER.id, SECRET)),
        (PARTNER, {**EXCHANGE, "client_id": PARTNER.id, "client_secret": SECRET}, None),
        (NATIVE, {**EXCHANGE, "client_id": NATIVE.id}, None),
    ],
)
def test_a_client_presents_its_code(
    client: Client, form: dict[str, str], authorization: str | None
) -> None:
    request = sent(form, authorization)
    assert PROTOCOL.client_named(request) == client.id
    assert PROTOCOL.presented(request, client, CODE) == ports.CodePresented(client, CODE)


@pytest.mark.parametrize(
    ("client", "changes", "authorization", "error"),
    [
        # Without proof of who it is.
        (PARTNER, {"client_id": WEB.id}, None, "invalid_client"),
        (PARTNER, {"client_id": WEB.id, "client_secret": "cs_guess"}, None, "invalid_client"),
        (PARTNER, {}, basic(WEB.id, "cs_guess"), "invalid_client"),
        (PARTNER, {}, basic(WEB.id, ""), "invalid_client"),
        (None, {}, basic(WEB.id, SECRET), "invalid_client"),
        (NATIVE, {}, basic(WEB.id, SECRET), "invalid_client"),
        (SERVICE, {"client_id": WEB.id}, None, "invalid_client"),
        # Another code, address or verifier than those of the request.
        (PARTNER, {"code_verifier": "w" * 43}, basic(WEB.id, SECRET), "invalid_grant"),
        (PARTNER, {"code_verifier": None}, basic(WEB.id, SECRET), "invalid_request"),
        (PARTNER, {"code_verifier": "short"}, basic(WEB.id, SECRET), "invalid_request"),
        (PARTNER, {"redirect_uri": None}, basic(WEB.id, SECRET), "invalid_grant"),
        (PARTNER, {"redirect_uri": CALLBACK + "/"}, basic(WEB.id, SECRET), "invalid_grant"),
        (PARTNER, {"code": None}, basic(WEB.id, SECRET), "invalid_request"),
        # Grants that are not offered, or not to this client.
        (PARTNER, {"grant_type": "password"}, basic(WEB.id, SECRET), "unsupported_grant_type"),
        (PARTNER, {"grant_type": "implicit"}, basic(WEB.id, SECRET), "unsupported_grant_type"),
        (PARTNER, {"grant_type": None}, basic(WEB.id, SECRET), "unsupported_grant_type"),
        (
            PARTNER,
            {"grant_type": "client_credentials"},
            basic(WEB.id, SECRET),
            "unauthorized_client",
        ),
        (LEDGER, {}, basic(WEB.id, SECRET), "unauthorized_client"),
    ],
)
def test_a_code_is_refused_to_all_others(
    client: Client | None, changes: dict[str, str | None], authorization: str | None, error: str
) -> None:
    request = sent(changed(EXCHANGE, **changes), authorization)
    assert refusal(PROTOCOL.presented, request, client, CODE).error == error


def test_a_code_of_another_client_is_not_known() -> None:
    """Code injection: a stolen code is worth nothing to a client that has a secret of its own."""
    code = msgspec.structs.replace(CODE, client="client_ffffffffffffffffffffffff")
    request = sent(EXCHANGE, basic(WEB.id, SECRET))
    assert refusal(PROTOCOL.presented, request, PARTNER, code).error == "invalid_grant"
    assert refusal(PROTOCOL.presented, request, PARTNER, None).error == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "authorization", "error"),
    [
        ({}, None, "invalid_client"),
        ({}, "Bearer abc", "invalid_client"),
        ({}, "Basic", "invalid_client"),
        ({}, "Basic !!", "invalid_client"),
        ({}, basic("client\0", "s"), "invalid_client"),
        ({}, "Basic /w==", "invalid_request"),
        ({}, "Basic ü", "invalid_request"),
        ({"client_id": "client_b"}, basic("client_a", "s"), "invalid_request"),
        ({"client_secret": "s"}, basic("client_a", "s"), "invalid_request"),
    ],
)
def test_a_client_names_itself_in_one_way(
    form: dict[str, str], authorization: str | None, error: str
) -> None:
    assert refusal(PROTOCOL.client_named, sent(form, authorization)).error == error


def test_a_service_gets_its_own_scopes_or_fewer() -> None:
    authorization = basic(LEDGER.id, SECRET)
    form = {"grant_type": "client_credentials"}
    everything = PROTOCOL.presented(sent(form, authorization), LEDGER, None)
    assert everything == ports.CredentialsPresented(LEDGER, ("ledger:read",))
    for scope in ("bookings:read", "ledger:read audit:read", "*"):
        request = sent({**form, "scope": scope}, authorization)
        assert refusal(PROTOCOL.presented, request, LEDGER, None).error == "invalid_scope"


def test_a_refresh_token_is_presented_with_the_scopes_that_are_asked_for() -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "rt", "client_id": NATIVE.id}
    assert PROTOCOL.presented(sent(form), NATIVE, None) == ports.RefreshPresented(
        NATIVE, "rt", None
    )
    narrowed = PROTOCOL.presented(sent({**form, "scope": "bookings:read"}), NATIVE, None)
    assert narrowed == ports.RefreshPresented(NATIVE, "rt", ("bookings:read",))
    assert refusal(PROTOCOL.presented, sent({**form, "scope": "?"}), NATIVE, None).error == (
        "invalid_scope"
    )
    del form["refresh_token"]
    assert refusal(PROTOCOL.presented, sent(form), NATIVE, None).error == "invalid_request"


def test_only_a_secret_lets_a_client_ask_about_tokens() -> None:
    form = {"token": "t", "client_id": NATIVE.id}
    found = PROTOCOL.token_presented(sent(form), NATIVE, needs_secret=False)
    assert found == ports.TokenPresented(NATIVE, "t")
    for client in (NATIVE, PARTNER):
        refused = refusal(PROTOCOL.token_presented, sent(form), client, needs_secret=True)
        assert refused.error == "invalid_client"
    hinted = sent({**form, "token_type_hint": "id_token"})
    refused = refusal(PROTOCOL.token_presented, hinted, NATIVE, needs_secret=False)
    assert refused.error == "unsupported_token_type"


def test_the_metadata_are_valid_and_offer_nothing_weak() -> None:
    metadata = AuthorizationServerMetadata(PROTOCOL.metadata())
    metadata.validate(metadata_classes=[IssuerMetadata])
    assert metadata["issuer"] == ISSUER
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["grant_types_supported"]) == {
        "authorization_code",
        "refresh_token",
        "client_credentials",
    }
