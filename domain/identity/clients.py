"""Clients of third parties: what may be registered, and where a browser may be sent (D9).

A client acts for users who consented, or for itself; never both, so that nobody can take a service
for a user (RFC 9700, 4.15).
"""

import datetime as dt
import re
from typing import Literal, get_args

import msgspec

from domain.identity import rejections, scopes
from domain.identity.roles import Role
from domain.identity.scopes import Scope

Kind = Literal["web", "native", "service"]
Grant = Literal["authorization_code", "refresh_token", "client_credentials"]
ServiceRole = Literal["agent", "support", "ops", "gate", "finance", "auditor"]

SERVICE_ROLES: tuple[ServiceRole, ...] = get_args(ServiceRole)
CODE_LIFE = dt.timedelta(seconds=60)
URIS_LIMIT = 10
URI_LENGTH = 512
NAME_LENGTH = 80

# RFC 3986 without user information, fragment, escapes in the host, or dot segments; a host in lower
# case, and no port that is the default one: each address has one spelling.
_PATH = (
    r"(/(?!\.{1,2}(?:/|\?|\Z))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)*"
    r"(\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*)?"
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_is_https = re.compile(
    rf"https://(?:{_LABEL}\.)+[a-z][a-z0-9-]*[a-z0-9](?::(?!443\b)[1-9][0-9]{{0,4}})?{_PATH}"
).fullmatch
_loopback = re.compile(
    rf"(?P<host>http://(?:127\.0\.0\.1|\[::1\]))(?::[1-9][0-9]{{0,4}})?(?P<rest>{_PATH})"
).fullmatch


class Client(msgspec.Struct, frozen=True):
    """A registered client; `role` is what a service may do at most, `secret_hash` is None for a
    native app, which can keep no secret. Instants in UTC."""

    id: str
    name: str
    kind: Kind
    redirect_uris: tuple[str, ...]
    scopes: tuple[Scope, ...]
    role: ServiceRole | None
    secret_hash: bytes | None
    created_at: dt.datetime
    disabled_at: dt.datetime | None = None

    @property
    def grants(self) -> tuple[Grant, ...]:
        """How the client gets tokens."""
        if self.kind == "service":
            return ("client_credentials",)
        return ("authorization_code", "refresh_token")


def has_secret(kind: Kind) -> bool:
    """Whether clients of this kind can keep a secret (RFC 6749, 2.1)."""
    return kind != "native"


def require_valid(client: Client) -> None:
    """Raises InvalidClient with the field of the registration and the reason."""
    if not client.scopes:
        raise rejections.InvalidClient(field="scopes", reason="missing")
    if client.kind == "service":
        _require_service(client)
        return
    if client.role is not None:
        raise rejections.InvalidClient(field="role", reason="only_for_services")
    if not 0 < len(client.redirect_uris) <= URIS_LIMIT:
        raise rejections.InvalidClient(field="redirectUris", reason="one_to_ten_expected")
    for number, uri in enumerate(client.redirect_uris):
        if not _is_permitted(uri, client.kind):
            raise rejections.InvalidClient(
                field=f"redirectUris[{number}]", reason="https_or_loopback_expected"
            )
    if not all(scopes.SCOPES[each].by_consent for each in client.scopes):
        raise rejections.InvalidClient(field="scopes", reason="not_given_by_users")


def is_redirect_uri_of(client: Client, uri: str) -> bool:
    """Whether browsers may be sent there: compared as text, but for the port of a native app on
    its own machine (RFC 8252, 7.3)."""
    if uri in client.redirect_uris:
        return True
    local = _without_port(uri)
    return (
        client.kind == "native"
        and local is not None
        and local in map(_without_port, client.redirect_uris)
    )


def may_consent(role: Role) -> bool:
    """Whether a user with this role may let a client act for them: staff may not, since a client
    would see what they see of all travellers."""
    return role in ("customer", "agent")


def _require_service(client: Client) -> None:
    if client.redirect_uris:
        raise rejections.InvalidClient(field="redirectUris", reason="not_for_services")
    if client.role is None:
        raise rejections.InvalidClient(field="role", reason="missing")
    if not scopes.held_by(client.role).issuperset(client.scopes):
        raise rejections.InvalidClient(field="scopes", reason="not_of_this_role")


def _is_permitted(uri: str, kind: Kind) -> bool:
    if len(uri) > URI_LENGTH:
        return False
    if _is_https(uri):
        return True
    return kind == "native" and _without_port(uri) is not None


def _without_port(uri: str) -> str | None:
    """Return an address of the user's own machine without its port; None for any other."""
    match = _loopback(uri) if len(uri) <= URI_LENGTH else None
    return None if match is None else match["host"] + match["rest"]
