"""The OpenAPI document: valid, complete in words and examples, and true to what routes do."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import openapi_spec_validator
import pytest

from interfaces.http import problem_kinds, strict_request
from interfaces.http.app import ROUTES
from interfaces.http.openapi import tags, words
from interfaces.http.openapi.actions import OPERATIONS_OF
from interfaces.http.openapi.operations import REQUEST_HEADERS, operation_id, route
from tests.support.openapi_document import openapi_document

DOCUMENT: dict[str, Any] = openapi_document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
# Method, path and name of every operation: what clients call. A line is only ever added.
NAMES = Path(__file__).parent / "operation_ids.txt"
# Their use cases keep the language of the request for letters and payment pages.
MAILED_OR_PAID_IN_IT = {
    *("createBooking", "openCheckout", "splitCheckout", "orderGiftCard", "openGiftCardCheckout"),
}
SHOWN = [handler for handler in ROUTES if handler.include_in_schema is not False]


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


OPERATIONS = list(_operations())
BODIES = {
    operation["operationId"]: operation["requestBody"]["content"]["application/json"]
    for _, _, operation in OPERATIONS
    if "example" in operation.get("requestBody", {}).get("content", {}).get("application/json", {})
}
ANSWERS = {
    f"{operation['operationId']} {status}": content
    for _, _, operation in OPERATIONS
    for status, answer in operation["responses"].items()
    for media_type, content in answer.get("content", {}).items()
    if media_type == "application/json"
}


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(each)


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    openapi_spec_validator.validate(DOCUMENT)


def test_the_names_of_operations_stay() -> None:
    lines = [f"{method} {path} {found['operationId']}" for method, path, found in OPERATIONS]
    kept = NAMES.read_text("utf-8").splitlines()
    assert set(kept) - set(lines) == set(), "clients call these: see api-versions.md"
    assert sorted(lines) == kept, f"add to {NAMES.name}, in order: {set(lines) - set(kept)}"
    names = [line.split()[-1] for line in lines]
    assert len(names) == len(set(names)) == len(SHOWN) > 100


def test_every_operation_is_described_and_belongs_to_a_tag() -> None:
    assert [each["name"] for each in DOCUMENT["tags"]] == list(tags.TAGS)
    assert all(each["description"].endswith(".") for each in DOCUMENT["tags"])
    assert {found["tags"][0] for _, _, found in OPERATIONS} == set(tags.TAGS)
    for _, _, found in OPERATIONS:
        assert 5 <= len(found["summary"]) <= 100
        assert found["summary"][0].isupper()
        assert found["summary"][-1] not in ".;:,"
        assert found["description"].rstrip("`").endswith(".")
        assert len(found["tags"]) == 1


def test_every_operation_says_who_may_use_it() -> None:
    for handler in SHOWN:
        admission = handler.opt.get("admission")
        (found,) = [
            each for _, _, each in OPERATIONS if each["operationId"] == operation_id(handler)
        ]
        assert isinstance(found["security"], list)
        if admission is not None and admission.signed_in:
            (by_token, by_cookie, *by_client) = found["security"]
            scoped = [] if admission.scope is None else [{"oauth": [admission.scope]}]
            assert by_client == scoped
            assert by_token == {"bearer": []}
            changes = handler.http_methods != {"GET"}
            assert by_cookie.keys() == ({"cookie", "csrfToken"} if changes else {"cookie"})
            assert {"401", "403", "429"} <= found["responses"].keys()
    public = {found["operationId"] for _, _, found in OPERATIONS if not found["security"]}
    assert {"searchFlights", "createQuote", "mobileLogin", "readLiveness"} <= public
    assert "createBooking" not in public


def test_every_property_and_parameter_is_explained_and_no_other() -> None:
    used = set()
    for name, schema in SCHEMAS.items():
        for member, described in schema.get("properties", {}).items():
            assert described["description"].endswith("."), f"{name}.{member}: add it to words.toml"
            full = f"{name}.{member}"
            used.add(full if full in words.words().properties else member)
    assert words.words().properties.keys() - used == set()
    taken = set()
    for _, _, found in OPERATIONS:
        for each in found.get("parameters", ()):
            name = each["name"]
            assert each["description"].endswith("."), f"{found['operationId']}.{name}"
            full = f"{found['operationId']}.{name}"
            taken.add(full if full in words.words().parameters else name)
    assert taken - {*REQUEST_HEADERS} == words.words().parameters.keys()
    assert len(used) > 300


def test_the_example_of_a_parameter_is_a_value_that_it_takes() -> None:
    for _, _, found in OPERATIONS:
        for each in found.get("parameters", ()):
            place = f"{found['operationId']}.{each['name']}"
            if "example" not in each:
                # The values themselves are in the schema, or the next page has the only one.
                assert "enum" in each["schema"] or each["name"] == "cursor", place
            else:
                assert list(_validator(each["schema"]).iter_errors(each["example"])) == [], place


def test_every_answer_says_what_it_is() -> None:
    for _, _, found in OPERATIONS:
        for answer in found["responses"].values():
            if "$ref" in answer:
                continue
            words_of_answer = answer["description"]
            assert words_of_answer.endswith((".", "`")), found["operationId"]
            assert len(words_of_answer) >= 20, (found["operationId"], words_of_answer)


def test_the_description_says_when_to_call_it_page_by_page_and_by_whom() -> None:
    described = {found["operationId"]: found["description"] for _, _, found in OPERATIONS}
    for action, names in OPERATIONS_OF.items():
        for name in names:
            assert f"`availableActions` of the booking has `{action}`" in described[name]
    for _, _, found in OPERATIONS:
        parameters = {each["name"] for each in found.get("parameters", ())}
        assert ("`nextCursor` as its `cursor`" in found["description"]) is ("cursor" in parameters)
        (scope,) = [each["oauth"] for each in found["security"] if "oauth" in each] or [[]]
        if scope:
            assert f"needs the scope `{scope[0]}`." in found["description"]
    assert "`findBooking` gives" in described["readBooking"]
    assert "`findBooking` gives" not in described["attachBooking"] + described["listBookings"]
    assert described["registerClient"].endswith("Not for clients of third parties.")


@pytest.mark.parametrize("handler", SHOWN, ids=operation_id)
def test_a_route_declares_that_it_leaves_members_out_or_depends_on_the_language(
    handler: Any,
) -> None:
    source = inspect.getsource(inspect.unwrap(handler.fn))
    assert ("sparse.only" in source) is ("sparse" in handler.opt)
    by_language = "request.language" in source or operation_id(handler) in MAILED_OR_PAID_IN_IT
    assert handler.opt.get("by_language", False) is by_language


def test_a_sparse_answer_has_the_members_of_the_whole_and_requires_none() -> None:
    for name, whole, list_of in (
        ("readBooking", "BookingResponse", None),
        ("listBookings", "ListedBookingResponse", "BookingPageResponse"),
    ):
        answer = list_of or whole
        some = SCHEMAS[f"Sparse{whole}"]
        assert some["properties"] == SCHEMAS[whole]["properties"]
        assert some["required"] == []
        content = ANSWERS[f"{name} 200"]
        references = [f"#/components/schemas/{prefix}{answer}" for prefix in ("", "Sparse")]
        assert content["schema"] == {"anyOf": [{"$ref": each} for each in references]}
        few = {"bookings": [{"id": "b"}]} if list_of else {"id": "b"}
        page = {"nextCursor": None, "asOfPosition": 1, "lagSeconds": 0.5} if list_of else {}
        assert list(_validator(content["schema"]).iter_errors({**page, **few})) == []
        wrong = {"bookings": [{"id": 1}]} if list_of else {"id": 1}
        assert list(_validator(content["schema"]).iter_errors({**page, **wrong})) != []


def test_the_structs_whose_examples_are_replaced_exist() -> None:
    assert words.words().examples.keys() - SCHEMAS.keys() == {"ProblemDetails"}
    for name, replaced in words.words().examples.items():
        lists = {"without", "null", "empty"} & replaced.keys()
        members = {*replaced} - lists | {each for name in lists for each in replaced[name]}
        known = SCHEMAS[name]["properties"] if name in SCHEMAS else problem_kinds.KINDS
        assert members <= known.keys(), name


@pytest.mark.parametrize("operation", BODIES)
def test_the_example_of_a_body_is_one_that_the_route_takes(operation: str) -> None:
    content = BODIES[operation]
    assert list(_validator(content["schema"]).iter_errors(content["example"])) == []
    (handler,) = [each for each in SHOWN if operation_id(each) == operation]
    found = route("POST", "", handler)
    encoded = msgspec.json.encode(content["example"])
    assert strict_request.decoded(encoded, found.body)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_example_of_an_answer_has_its_shape(name: str) -> None:
    content = ANSWERS[name]
    assert list(_validator(content["schema"]).iter_errors(content["example"])) == []


def test_the_example_of_every_problem_is_the_flat_object() -> None:
    shown = DOCUMENT["components"]["examples"]
    assert shown.keys() == problem_kinds.KINDS.keys()
    shape = _validator({"$ref": "#/components/schemas/ProblemBody"})
    for name, found in shown.items():
        assert list(shape.iter_errors(found["value"])) == []
        assert found["value"]["code"] == name
        assert "](" not in found["description"]


def test_every_refusal_is_the_flat_object_and_names_codes_of_its_status() -> None:
    listed = set()
    for name, found in DOCUMENT["components"]["responses"].items():
        status, *codes = name.split(".")
        content = found["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
        assert content["examples"].keys() == set(codes)
        listed.update(codes)
        for code in codes:
            kind = problem_kinds.KINDS[code]
            assert kind.status == int(status) or (code, status) in {
                ("VALIDATION_ERROR", "413"),
                ("VALIDATION_ERROR", "415"),
            }
    # The first is no answer of an operation, the second of no route yet.
    absent = {"METHOD_NOT_ALLOWED", "IDEMPOTENCY_IN_PROGRESS"}
    assert listed == problem_kinds.KINDS.keys() - absent


def test_no_schema_takes_everything_and_none_is_a_choice_of_overlapping_ones() -> None:
    for node in _nodes(DOCUMENT):
        assert "oneOf" not in node
        assert {} not in node.get("anyOf", ())
        if "schema" in node:
            assert node["schema"]
    for schema in SCHEMAS.values():
        assert schema["type"] == "object"
        # A body with a member that is not listed is refused, and the document says so.
    for content in BODIES.values():
        name = content["schema"]["$ref"].rpartition("/")[2]
        assert SCHEMAS[name]["additionalProperties"] is False


def test_a_default_is_in_the_words_of_a_member_that_may_be_absent() -> None:
    """As a keyword it makes typed clients demand the member."""
    for schema in SCHEMAS.values():
        for member in schema.get("properties", {}).values():
            assert "default" not in member
    cabin = SCHEMAS["QuoteRequest"]["properties"]["cabin"]
    assert cabin["description"].endswith('Without it "economy".')
    assert "cabin" not in SCHEMAS["QuoteRequest"]["required"]


def test_what_may_be_null_is_a_type_or_null() -> None:
    for schema in SCHEMAS.values():
        for member in schema.get("properties", {}).values():
            for each in member.get("anyOf", ()):
                assert "type" in each or "$ref" in each
    assert {"type": "null"} in SCHEMAS["BookingResponse"]["properties"]["holdUntil"]["anyOf"]


@pytest.mark.parametrize("handler", SHOWN, ids=operation_id)
def test_a_route_declares_the_key_and_the_optional_body_that_it_reads(handler: Any) -> None:
    source = inspect.getsource(inspect.unwrap(handler.fn))
    read = re.search(r"idempotency\.(required|optional)\(", source)
    assert handler.opt.get("idempotency_key") == (read and read[1])
    body = re.search(r"optional_json\((?:\w+\.)?(\w+)\)", source)
    declared = handler.opt.get("optional_body")
    assert (declared and declared.__name__) == (body and body[1])


def test_the_key_is_a_parameter_of_every_command() -> None:
    for _, _, found in OPERATIONS:
        parameters = {each["name"] for each in found.get("parameters", ())}
        is_command = "422" in found["responses"]
        if is_command and "Idempotency-Key" not in parameters:
            assert found["operationId"] in {"replayEvent", "replayParkedEvents"}
