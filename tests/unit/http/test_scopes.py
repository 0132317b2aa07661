"""Every route states its scope, and a client's token reaches the routes of its scopes only."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from domain.identity import scopes
from domain.identity.roles import Role
from domain.identity.scopes import Scope
from interfaces.http.auth import Admission
from tests.support.http_client import CLIENT, Edge
from tests.support.openapi_document import application, openapi_document

# Routes of our own apps: no client reads a whole person, nor changes a password, a second factor, a
# session, a consent, a role, a policy or another client, nor sends events elsewhere.
FOR_OUR_APPS = (
    *("/api/admin/modes", "/api/admin/policies"),
    *("/api/auth/", "/api/me/", "/api/admin/clients", "/api/admin/bookings/find"),
    *("/api/admin/invitations", "/api/admin/users/role", "/api/admin/second-factor-resets"),
    *("/api/admin/subscriptions", "/api/admin/parked-subscriptions"),
)
SAMPLE = "1"


@pytest.fixture
def edge() -> Edge:
    return Edge()


def admissions() -> Iterator[tuple[str, str, Admission]]:
    """Method, path and terms of each route that needs a token."""
    for route in application().routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                admission = handler.opt.get("admission")
                if admission is not None and admission.signed_in:
                    for method in handler.http_methods - {"OPTIONS"}:
                        yield str(method), route.path_format, admission


ROUTES = list(admissions())


async def send(edge: Edge, method: str, path: str, headers: dict[str, str]) -> Any:
    async with edge.client() as client:
        return await client.request(method, re.sub(r"\{[^}]+\}", SAMPLE, path), headers=headers)


def is_out_of_scope(answer: Any) -> bool:
    return answer.status_code == 403 and answer.json()["details"] == {
        "reason": "insufficient_scope"
    }


def test_every_route_states_its_scope_or_is_for_our_own_apps() -> None:
    without = {path for _, path, admission in ROUTES if admission.scope is None}
    assert without
    assert all(path.startswith(FOR_OUR_APPS) for path in without)
    assert {admission.scope for *_, admission in ROUTES} >= set(scopes.NAMES) - {
        "audit:read",
        "tokens:introspect",
    }
    assert len(ROUTES) > 100


def test_what_changes_something_is_no_reading_scope() -> None:
    changing = [
        (method, path)
        for method, path, admission in ROUTES
        if method != "GET" and admission.scope is not None and ":read" in admission.scope
    ]
    assert changing == []


def test_the_document_names_the_scope_of_each_operation() -> None:
    found = openapi_document()
    for method, path, admission in ROUTES:
        security = found["paths"][path][method.lower()]["security"]
        stated = [each["oauth"] for each in security if "oauth" in each]
        assert stated == ([] if admission.scope is None else [[admission.scope]]), path
    flows = found["components"]["securitySchemes"]["oauth"]["flows"]
    assert set(flows) == {"authorizationCode", "clientCredentials"}
    assert set(flows["clientCredentials"]["scopes"]) == set(scopes.NAMES)


async def test_a_client_with_every_other_scope_reaches_no_route(edge: Edge) -> None:
    for method, path, admission in ROUTES:
        others = set(scopes.NAMES) - {admission.scope}
        answer = await send(edge, method, path, edge.bearer("admin", scopes=others))
        assert is_out_of_scope(answer), f"{method} {path}"
        stated = "" if admission.scope is None else f', scope="{admission.scope}"'
        assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope"{stated}'
    assert edge.security.noted[-1][0] == "permission_refused"


async def test_a_client_with_the_scope_gets_as_far_as_the_role_of_its_user(edge: Edge) -> None:
    for method, path, admission in ROUTES:
        if admission.scope is None:
            continue
        granted = edge.bearer("admin", scopes={admission.scope})
        assert not is_out_of_scope(await send(edge, method, path, granted)), f"{method} {path}"
        own = edge.bearer("admin")
        assert not is_out_of_scope(await send(edge, method, path, own)), f"{method} {path}"


@pytest.mark.parametrize("scope", [*scopes.NAMES])
async def test_no_scope_makes_staff_of_a_customer(edge: Edge, scope: Scope) -> None:
    """A client's token on the routes of staff: the role of its user decides first."""
    answer = await send(edge, "POST", "/probe/x/ledger", edge.bearer("customer", scopes={scope}))
    assert (answer.status_code, answer.json()["details"]) == (403, {})


@pytest.mark.parametrize("role", ["finance", "auditor", "admin"])
async def test_a_client_is_no_way_around_the_second_factor_of_its_user(role: Role) -> None:
    """Every route that has a scope, also those that our own apps reach before the factor."""
    edge = Edge(second_factor_required=True)
    asked = [each for each in ROUTES if each[2].scope is not None]
    assert "/api/auth/me" in {path for _, path, _ in asked}
    for method, path, admission in asked:
        scope = {admission.scope} if admission.scope else set()
        answer = await send(edge, method, path, edge.bearer(role, scopes=scope))
        assert (answer.status_code, answer.json()["details"]) == (
            *(403, {"reason": "second_factor_required"}),
        ), f"{method} {path}"
    consented = edge.bearer(role, scopes={"profile:read"}, second_factor=True)
    assert (await send(edge, "GET", "/api/auth/me", consented)).status_code == 200


async def test_nobody_proves_a_second_factor_for_a_service() -> None:
    edge = Edge(second_factor_required=True)
    service = edge.bearer("finance", user=CLIENT, scopes={"profile:read"})
    assert (await send(edge, "GET", "/api/auth/me", service)).status_code == 200
    claims = service["authorization"].split(".")[1]
    assert b"amr" not in base64.urlsafe_b64decode(claims + "==")


async def test_a_client_has_idempotency_keys_of_its_own(edge: Edge) -> None:
    body: Any = {"travellers": [{"firstName": "Layla", "amount": 50}], "idempotencyKey": "k"}
    ids = set()
    async with edge.client() as client:
        for headers in (edge.bearer(), edge.bearer(scopes={"bookings:write"})):
            answer = await client.post("/probe", json=body, headers=headers)
            assert answer.status_code == 201
            ids.add(answer.json()["commandId"])
    assert len(ids) == 2
