"""postman.json: the API as a Postman collection (format 2.1), from the OpenAPI document.

A folder for each tag; every request has the example of its body and a token from the collection's
variable. The first folder is a journey that newman runs: sign in, search, quote, book, pay.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tests.support.openapi_document import openapi_document

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
Json = dict[str, Any]
# The steps of the journey: operation, body, and which members of the answer the next ones need.
JOURNEY: tuple[tuple[str, Json | None, dict[str, str]], ...] = (
    ("register", {"email": "{{email}}", "password": "{{password}}"}, {}),
    (
        "mobileLogin",
        {"email": "{{email}}", "password": "{{password}}"},
        {"accessToken": "accessToken"},
    ),
    (
        "searchFlights",
        {"from": "RUH", "to": "JED", "date": "{{date}}", "passengers": 1},
        {"flight_id": "flights[0].id"},
    ),
    (
        "createQuote",
        {"flightIds": ["{{flight_id}}"], "passengers": [{"type": "ADT"}]},
        {"quoteId": "quoteId"},
    ),
    (
        "createBooking",
        {
            "quoteId": "{{quoteId}}",
            "passengers": [{"firstName": "Noura", "lastName": "Alharbi", "type": "ADT"}],
            "contact": {"email": "{{email}}"},
        },
        {"booking_id": "id"},
    ),
    ("openCheckout", None, {"checkoutUrl": "checkoutUrl"}),
    ("readBooking", None, {}),
)


def text() -> str:
    """The collection."""
    found = openapi_document()
    operations = {
        each["operationId"]: (method.upper(), path, each)
        for path, of_path in found["paths"].items()
        for method, each in of_path.items()
    }
    folders = [
        {
            "name": tag["name"],
            "description": tag["description"],
            "item": [
                _request(*each) for each in operations.values() if each[2]["tags"] == [tag["name"]]
            ],
        }
        for tag in found["tags"]
    ]
    journey = [_step(operations[name], body, kept) for name, body, kept in JOURNEY]
    collection = {
        "info": {
            "name": found["info"]["title"],
            "description": found["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [_value("token", "{{accessToken}}")]},
        "variable": [_value("baseUrl", "http://127.0.0.1:8000"), _value("accessToken", "")],
        "item": [{"name": "A journey", "item": journey}, *folders],
    }
    return json.dumps(collection, ensure_ascii=False, indent=1) + "\n"


def _request(method: str, path: str, operation: Json) -> Json:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    request: Json = {
        "method": method,
        "description": operation["description"],
        "header": list(_headers(operation)),
        "url": _url(path, query),
    }
    if not operation["security"]:
        request["auth"] = {"type": "noauth"}
    if "example" in body:
        content = {k: v for k, v in body["example"].items() if k != "idempotencyKey"}
        request["body"] = _raw(content)
    return {"name": operation["summary"], "request": request}


def _headers(operation: Json) -> Iterable[Json]:
    if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ())):
        yield _value("Idempotency-Key", "{{$guid}}")
    if "requestBody" in operation:
        yield _value("Content-Type", "application/json")


def _url(path: str, query: Sequence[Json]) -> Json:
    filled = re.sub(r"{(\w+)}", r"{{\1}}", path)
    url: Json = {"raw": "{{baseUrl}}" + filled, "host": ["{{baseUrl}}"]}
    url["path"] = filled.strip("/").split("/")
    if query:
        url["query"] = [
            {
                "key": each["name"],
                "value": str(each.get("example", "")),
                "description": each["description"],
                "disabled": not each["required"],
            }
            for each in query
        ]
    return url


def _step(found: tuple[str, str, Json], body: Json | None, kept: dict[str, str]) -> Json:
    """A request of the journey with a test of its answer."""
    item = _request(*found)
    if body is not None:
        item["request"]["body"] = _raw(body)
    done = next(status for status in found[2]["responses"] if status.startswith("2"))
    lines = [f"pm.test('{done}', () => pm.response.to.have.status({done}));"]
    lines += [
        f"pm.collectionVariables.set('{name}', pm.response.json().{place});"
        for name, place in kept.items()
    ]
    item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": lines}}]
    return item


def _raw(content: Any) -> Json:
    written = json.dumps(content, ensure_ascii=False, indent=1)
    return {"mode": "raw", "raw": written, "options": {"raw": {"language": "json"}}}


def _value(key: str, value: str) -> Json:
    return {"key": key, "value": value, "type": "string"}
