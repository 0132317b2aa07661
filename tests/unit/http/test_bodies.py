"""Bodies that are not exactly what is documented are refused in the contract's form."""

import json
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import pytest
from msgspec import inspect

from interfaces.http import app
from interfaces.http.allowed_values import MARK
from interfaces.http.identity import RegistrationRequest
from interfaces.http.openapi.operations import route
from interfaces.http.problems import Problem
from interfaces.http.sign_in import LoginRequest
from interfaces.http.strict_request import BODY_LIMIT_BYTES, INVISIBLE_REASON, decoded
from tests.support.http_client import Edge

GOOD: dict[str, Any] = {"travellers": [{"firstName": "Layla", "amount": 50}]}
JSON = {"content-type": "application/json"}


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def posted(edge: Edge, content: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    async with edge.client() as client:
        answer = await client.post(
            "/probe",
            content=content,
            headers={**edge.bearer(), "idempotency-key": "k-1", **JSON, **headers},
        )
    return answer.status_code, answer.json()


def with_amount(raw: str) -> bytes:
    return b'{"travellers":[{"firstName":"Layla","amount":%s}]}' % raw.encode()


def structs_of(kind: inspect.Type) -> Iterator[type]:
    """Every struct within a type; a dictionary, which takes any member, is one as well."""
    match kind:
        case inspect.StructType(cls=struct, fields=fields):
            yield struct
            for field in fields:
                yield from structs_of(field.type)
        case inspect.UnionType(types=types):
            for each in types:
                yield from structs_of(each)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from structs_of(item)
        case inspect.DictType() | inspect.AnyType():
            yield dict


def test_no_body_of_any_route_takes_a_member_that_it_does_not_know() -> None:
    """Fault row 52: sign-ins and registrations too, which are tried without a token."""
    bodies = {body for each in app.ROUTES if (body := route("", "", each).body) is not None}
    assert {LoginRequest, RegistrationRequest} <= bodies
    assert len(bodies) > 60
    found = {each for body in bodies for each in structs_of(inspect.type_info(body))}
    knowing = {each for each in found if forbids_unknown(each)}
    assert found - knowing == set()


def forbids_unknown(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) and kind.__struct_config__.forbid_unknown_fields


async def test_a_good_body_is_understood(edge: Edge) -> None:
    status, answer = await posted(edge, json.dumps(GOOD).encode())
    assert (status, answer["names"]) == (201, ["Layla"])


async def test_arabic_and_escaped_names_are_kept_as_they_are(edge: Edge) -> None:
    name = 'ليلى \U0001f6eb "\\ é'
    for ascii_only in (True, False):
        body = {"travellers": [{"firstName": name, "amount": 1}]}
        status, answer = await posted(edge, json.dumps(body, ensure_ascii=ascii_only).encode())
        assert (status, answer["names"]) == (201, [name])


@pytest.mark.parametrize(
    "raw",
    [
        "0",
        "-1",
        "10.0",
        '"10"',
        "true",
        "null",
        "NaN",
        "Infinity",
        "1e3",
        "1e400",
        str(2**63),
        str(2**64),
        "9" * 400,
        "1000000000001",
    ],
)
async def test_an_amount_out_of_bounds_or_of_another_type_is_refused(edge: Edge, raw: str) -> None:
    """Fault row 35: numbers out of bounds. Fault row 36: numbers of another form."""
    status, answer = await posted(edge, with_amount(raw))
    assert (status, answer["code"], answer["retryable"]) == (400, "VALIDATION_ERROR", False)


async def test_the_answer_names_field_and_reason(edge: Edge) -> None:
    _, answer = await posted(edge, with_amount('"10"'))
    assert answer["details"] == {
        "field": "travellers[0].amount",
        "reason": "Expected int, got str",
    }


class Chooser(msgspec.Struct, forbid_unknown_fields=True):
    """A choice, and others within it."""

    choice: Literal["b", "a"] | None = None
    count: Literal[2, 1] = 1
    more: list["Chooser"] = []


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"choice": "c"}, "choice", "a, b"),
        ({"count": 3}, "count", "1, 2"),
        ({"more": [{}, {"more": [{"choice": ""}]}]}, "more[1].more[0].choice", "a, b"),
    ],
)
def test_a_refused_choice_names_what_is_allowed(body: object, field: str, allowed: str) -> None:
    with pytest.raises(Problem) as refused:
        decoded(json.dumps(body).encode(), Chooser)
    details = refused.value.details
    assert (details["field"], details["allowed"]) == (field, allowed)
    assert str(details["reason"]).startswith(MARK)


def test_only_a_refused_choice_names_what_is_allowed() -> None:
    with pytest.raises(Problem) as refused:
        decoded(b'{"choice": 5}', Chooser)
    assert "allowed" not in refused.value.details


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("to=JED&date=2026-12-01&from=ruh", "from", "Expected str matching regex '^[A-Z]{3}$'"),
        ("from=RUH&to=JED&date=2026-12-01&days=5", "days", "Expected int >= 7"),
    ],
)
async def test_a_reason_has_no_marks_and_the_pattern_of_the_document(
    edge: Edge, query: str, field: str, reason: str
) -> None:
    async with edge.client() as client:
        of_a_query = await client.get(f"/api/price-calendar?{query}")
        body = {"from": "ruh", "to": "JED", "date": "2026-12-01"}
        of_a_body = await client.post("/api/flights/search", json=body)
    assert of_a_query.json()["details"] == {"field": field, "reason": reason}
    assert of_a_body.json()["details"] == {
        "field": "from",
        "reason": "Expected str matching regex '^[A-Z]{3}$'",
    }


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (b'{"travellers":[],"status":"paid"}', "", ""),
        (b"{}", "travellers", "missing"),
        (b'{"travellers":[{"amount":1}]}', "travellers[0].firstName", "missing"),
        (
            b'{"travellers":[{"firstName":"a","amount":1,"owner":"me"}]}',
            "travellers[0].owner",
            "unknown",
        ),
        (
            b'{"travellers":[{"firstName":"a","amount":1}],"status":"paid"}',
            "status",
            "unknown",
        ),
        (
            b'{"note":"a","travellers":[{"firstName":"a","amount":1}],"note":"b"}',
            "note",
            "given more than once",
        ),
        (
            b'{"travellers":[{"firstName":"a","amount":1,"amount":2}]}',
            "amount",
            "given more than once",
        ),
        (
            b'{"travellers":[{"firstName":"a\\u0000","amount":1}]}',
            "travellers[0].firstName",
            INVISIBLE_REASON,
        ),
        (
            b'{"travellers":[{"firstName":"a\x7f","amount":1}]}',
            "travellers[0].firstName",
            INVISIBLE_REASON,
        ),
        # An unknown member is named in the answer, but not one that would be drawn as nothing.
        (b'{"note":"a","\\u202e":1}', "", INVISIBLE_REASON),
        (b'{"travellers":[{"firstName":"a\x00","amount":1}]}', "", "not JSON"),
        (b'{"travellers":[{"firstName":"\xff","amount":1}]}', "", "not UTF-8"),
        (b'{"travellers":[{"firstName":"\xed\xa0\x80","amount":1}]}', "", "not UTF-8"),
        (b'{"travellers":[{"firstName":"\\ud800","amount":1}]}', "", "not JSON"),
        (b"", "", "not JSON"),
        (b"null", "", ""),
        (b"[]", "", ""),
        (b"[" * 30_000, "", ""),
        (b'{"travellers":' * 2_000, "", ""),
        (b'{"note":' + b"[" * 30_000, "note", ""),
        # What is escaped is looked through as a tree, which has no types to stop at.
        (b'{"note":"\\u0041","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "", "not JSON"),
        (b'{"travellers":[{"firstName":"a","amount":1}]} x', "", "not JSON"),
        (b"\xef\xbb\xbf{}", "", "not JSON"),
        (b"{'travellers':[]}", "", "not JSON"),
    ],
)
async def test_a_body_of_another_form_is_refused(
    edge: Edge, content: bytes, field: str, reason: str
) -> None:
    """Fault row 33: not UTF-8. Fault row 34: NUL. Fault row 37: a member twice, or unknown."""
    status, answer = await posted(edge, content)
    assert (status, answer["code"]) == (400, "VALIDATION_ERROR")
    if reason:
        assert answer["details"] == {"field": field, "reason": reason}


async def test_an_escaped_backslash_before_u0000_is_no_nul(edge: Edge) -> None:
    status, answer = await posted(edge, b'{"travellers":[{"firstName":"a\\\\u0000","amount":1}]}')
    assert (status, answer["names"]) == (201, ["a\\u0000"])


async def test_a_long_name_and_a_long_list_are_refused(edge: Edge) -> None:
    for travellers in ([{"firstName": "x" * 10_000, "amount": 1}], GOOD["travellers"] * 10, []):
        status, answer = await posted(edge, json.dumps({"travellers": travellers}).encode())
        assert (status, answer["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonp",
        "",
    ],
)
async def test_another_content_type_is_refused(edge: Edge, content_type: str) -> None:
    status, answer = await posted(edge, json.dumps(GOOD).encode(), **{"content-type": content_type})
    assert (status, answer["code"]) == (415, "VALIDATION_ERROR")


async def test_a_charset_of_utf_8_is_accepted(edge: Edge) -> None:
    status, _ = await posted(
        edge, json.dumps(GOOD).encode(), **{"content-type": "Application/JSON; charset=UTF-8"}
    )
    assert status == 201


def raw_headers(edge: Edge, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    token = edge.bearer()["authorization"].encode()
    return [
        (b"content-type", b"application/json"),
        (b"authorization", token),
        (b"idempotency-key", b"k-1"),
        *more,
    ]


async def test_a_declared_body_over_the_limit_is_refused_unread(edge: Edge) -> None:
    length = (b"content-length", str(BODY_LIMIT_BYTES + 1).encode())
    status, _, body = await edge.exchange("POST", "/probe", raw_headers(edge, length), [])
    assert (status, json.loads(body)["code"]) == (413, "VALIDATION_ERROR")


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"9" * 400, b"", b"0x10"])
async def test_a_strange_length_is_refused(edge: Edge, length: bytes) -> None:
    status, _, _ = await edge.exchange(
        "POST", "/probe", raw_headers(edge, (b"content-length", length)), []
    )
    assert status in (400, 413)


async def test_a_chunked_body_over_the_limit_is_refused_while_it_arrives(edge: Edge) -> None:
    chunks = [b"x" * 8192] * 5 + [b"never read"]
    status, _, body = await edge.exchange("POST", "/probe", raw_headers(edge), chunks)
    assert (status, json.loads(body)["code"]) == (413, "VALIDATION_ERROR")


async def test_a_chunked_body_within_the_limit_is_understood(edge: Edge) -> None:
    content = json.dumps(GOOD).encode()
    chunks = [content[:7], b"", content[7:20], content[20:], b""]
    status, _, body = await edge.exchange("POST", "/probe", raw_headers(edge), chunks)
    assert (status, json.loads(body)["names"]) == (201, ["Layla"])


async def test_a_body_of_endless_empty_chunks_ends(edge: Edge) -> None:
    status, _, _ = await edge.exchange("POST", "/probe", raw_headers(edge), [b""] * 10_000)
    assert status == 413


async def test_nobody_learns_of_the_form_before_signing_in(edge: Edge) -> None:
    async with edge.client() as client:
        answer = await client.post("/probe", content=b"rubbish", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
