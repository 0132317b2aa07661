"""One spelling of every path and parameter, generated from the OpenAPI document."""

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_client import Edge
from tests.support.openapi_document import openapi_document

DOCUMENT: dict[str, Any] = openapi_document()
PATHS: dict[str, Any] = DOCUMENT["paths"]
METHODS = ("get", "post", "put", "patch", "delete")
# What stands for a parameter of a path; no route comes so far as to look it up.
VALUES = {"integer": "0", "string": "ABC234"}
# Line feed, NUL, zero-width space, right-to-left override, line separator, byte order mark.
HIDDEN = ("\n", "\x00", "\u200b", "\u202e", "\u2028", "\ufeff")


def filled(path: str, **values: str) -> str:
    """The path with these values for parameters, and some value for each other one."""
    operation = next(iter(PATHS[path].values()))
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            kind = each["schema"].get("type", "string")
            value = values.get(each["name"], each["schema"].get("enum", [VALUES[kind]])[0])
            path = path.replace("{" + each["name"] + "}", value)
    assert "{" not in path
    return path


def parameters(place: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and parameter of everything that is sent in this place."""
    for path, operations in PATHS.items():
        for method, operation in operations.items():
            for each in operation.get("parameters", ()):
                if each["in"] == place:
                    yield path, method, each


def is_number(parameter: dict[str, Any]) -> bool:
    """Whether the parameter is a whole number."""
    return bool(parameter["schema"].get("type") == "integer")


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def asked(edge: Edge, method: str, target: str, query: str = "") -> Any:
    """The answer to a target that is sent as it stands: clients would tidy it up."""
    headers = [(b"authorization", edge.bearer("admin")["authorization"].encode())]
    return await edge.exchange(method.upper(), target, headers, [b""], query=query.encode())


def spellings(path: str) -> list[str]:
    """Other ways to write a path that some server takes for the same."""
    middle = path.rindex("/")
    last = path[-1]
    return [
        f"{path}/",
        f"{path}//",
        f"/{path}",
        f"{path[:middle]}/{path[middle:]}",
        f"{path[:middle]}%2f{path[middle + 1 :]}",
        f"{path[:middle]}%2F{path[middle + 1 :]}",
        f"{path[:-1]}%{ord(last):02x}",
        f"{path}%20",
        f"{path}%00",
        f"{path}%0a",
        f"{path}\u200b",
        f"/.{path}",
        f"{path}/.",
    ]


def test_there_are_paths_to_try() -> None:
    assert len(PATHS) > 40


@pytest.mark.parametrize("path", sorted(PATHS))
async def test_every_path_has_one_spelling(edge: Edge, path: str) -> None:
    for method in PATHS[path]:
        for target in spellings(filled(path)):
            status, _, body = await asked(edge, method, target)
            assert (status, json.loads(body)["code"]) == (404, "NOT_FOUND"), target


@pytest.mark.parametrize("path", sorted(PATHS))
async def test_allow_names_exactly_the_methods_that_a_path_offers(edge: Edge, path: str) -> None:
    offered = {each.upper() for each in PATHS[path]}
    expected = offered | {"OPTIONS"} | ({"HEAD"} if "GET" in offered else set())
    other = next(each for each in METHODS if each.upper() not in offered)
    for method, status in ((other, 405), ("options", 204)):
        found, headers, _ = await asked(edge, method, filled(path))
        assert found == status
        assert set(headers[b"allow"].decode().split(", ")) == expected


@pytest.mark.parametrize(
    "path", sorted(path for path, operations in PATHS.items() if "get" in operations)
)
async def test_head_is_answered_as_get_is_and_without_content(edge: Edge, path: str) -> None:
    target = filled(path)
    first, full, _ = await edge.exchange("GET", target, [], [b""])
    second, empty, content = await edge.exchange("HEAD", target, [], [b""])
    assert (second, content) == (first, b"")
    assert empty.keys() == full.keys()
    assert empty[b"content-length"] == full[b"content-length"]


@pytest.mark.parametrize(
    ("path", "method", "parameter"),
    [each for each in parameters("path") if is_number(each[2])],
    ids=str,
)
@pytest.mark.parametrize("text", ["+0", "00", "-0", "0.0", "1e0", "%D9%A0", "0_0", "0x0", " 0"])
async def test_a_number_in_a_path_has_one_spelling(
    edge: Edge, path: str, method: str, parameter: dict[str, Any], text: str
) -> None:
    target = filled(path, **{parameter["name"]: text})
    assert (await asked(edge, method, target))[0] == 404


@pytest.mark.parametrize(
    ("path", "method", "parameter"), [*parameters("query")], ids=lambda each: str(each)[:40]
)
async def test_a_parameter_is_given_once_and_in_visible_characters(
    edge: Edge, path: str, method: str, parameter: dict[str, Any]
) -> None:
    name = parameter["name"]
    texts = [f"1{each}" for each in HIDDEN]
    queries = [f"{name}={urllib.parse.quote(each)}" for each in texts]
    queries += [f"{name}=1&{name}=1", f"{name}=1&{name}=2", f"{name}&{name}", f"{name}=%ff"]
    queries += [f"x=1&{name[0]}={name}&x=1", f"{name}=\u00e9"]
    if is_number(parameter):
        numbers = ["10.0", "1e1", "%2B10", "010", "1_0", "%20%2010", "%D9%A1", "", "0x1", "9" * 30]
        queries += [f"{name}={each}" for each in numbers]
    if parameter["schema"].keys() & {"format", "enum"}:
        queries += [f"{name}=null", f"{name}="]
    for query in queries:
        status, _, body = await asked(edge, method, filled(path), query)
        assert (status, json.loads(body)["code"]) == (400, "VALIDATION_ERROR"), query


@pytest.mark.parametrize(("count", "expected"), [(100, 200), (101, 400)])
async def test_a_hundred_parameters_are_read_and_no_more(
    edge: Edge, count: int, expected: int
) -> None:
    query = "&".join(f"x{number}=1" for number in range(count))
    assert (await asked(edge, "GET", "/health/live", query))[0] == expected


@pytest.mark.parametrize("path", ["/schema", "/schema/swagger", "/schema/redoc", "/schema/x"])
async def test_only_the_document_itself_is_found_below_schema(edge: Edge, path: str) -> None:
    status, headers, body = await asked(edge, "get", path)
    assert (status, json.loads(body)["code"]) == (404, "NOT_FOUND")
    assert headers[b"content-type"] == b"application/json"
    assert (await asked(edge, "head", "/schema/openapi.json"))[0] == 200


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"k-1", "k-1"),
        (b'"k-1"', "k-1"),
        (b'"a\\"b\\\\c"', 'a"b\\c'),
        (b"a\\b", "a\\b"),
        (b'"k-1', None),
        (b'k-1"', None),
        (b'k"1', None),
        (b'"', None),
        (b'""', None),
        (b'"a"b"', None),
        (b'"a\\b"', None),
        (b'"a b"', None),
        (b'"k";p=1', None),
        (b"a b", None),
        (b"k\t1", None),
        ("مفتاح".encode(), None),
        (b"x" * 256, None),
        (b'"' + b"x" * 256 + b'"', None),
        (b"", None),
    ],
)
async def test_the_quotes_of_a_key_pair(edge: Edge, sent: bytes, key: str | None) -> None:
    """Fault row 30: a key that is empty, too long or holds other characters."""

    async def command(header: list[tuple[bytes, bytes]], body: dict[str, Any]) -> Any:
        headers = [
            (b"authorization", edge.bearer()["authorization"].encode()),
            (b"content-type", b"application/json"),
            *header,
        ]
        content = {"travellers": [{"firstName": "Noura", "amount": 1}], **body}
        status, _, answer = await edge.exchange(
            "POST", "/probe", headers, [json.dumps(content).encode()]
        )
        return status, json.loads(answer)

    status, answer = await command([(b"idempotency-key", sent)], {})
    if key is None:
        assert (status, answer["details"]["field"]) == (400, "Idempotency-Key")
    else:
        _, same = await command([], {"idempotencyKey": key})
        assert (status, answer["commandId"]) == (201, same["commandId"])
