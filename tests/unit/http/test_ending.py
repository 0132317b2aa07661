"""A deprecated route says so: in each of its answers, and in the document."""

import datetime as dt
from typing import Any

import httpx
import pytest
from litestar import get, post

from interfaces.http import app, auth, ending
from interfaces.http.app import create_app
from interfaces.http.openapi.document import document
from interfaces.http.problems import ProblemBody, invalid
from tests.support.http_client import Edge, http_ports

TERMS = ending.ends(since=dt.date(2027, 1, 15), last_day=dt.date(2028, 1, 31), instead="readNew")
# RFC 9745 (2): a date of RFC 9651. RFC 8594 (3): a date of HTTP.
DEPRECATION, SUNSET = "@1799971200", "Mon, 31 Jan 2028 23:59:59 GMT"


@get("/api/flights/old", **TERMS, **auth.open_to_all())
async def read_old() -> ProblemBody:
    """Read what is old."""
    return ProblemBody("OLD", "", "", retryable=False, details={})


@get("/api/flights/older", **TERMS, **auth.open_to_all())
async def read_older() -> ProblemBody:
    """Refuse what is older."""
    raise invalid("", "missing")


@post("/api/flights/old", **TERMS, **auth.signed_in("book"))
async def write_old() -> ProblemBody:
    """Write what is old."""
    raise AssertionError


@get("/api/flights/new", **auth.open_to_all())
async def read_new() -> ProblemBody:
    """Read what is new."""
    return ProblemBody("NEW", "", "", retryable=False, details={})


ROUTES = (read_old, read_older, write_old, read_new)


async def _asked(method: str, path: str, **headers: str) -> httpx.Response:
    served = create_app(Edge().app.ports, routes=ROUTES)
    transport = httpx.ASGITransport(served)  # type: ignore[arg-type]  # typed otherwise by each
    async with httpx.AsyncClient(transport=transport, base_url="http://airline.example") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/flights/old", 200),
        ("HEAD", "/api/flights/old", 200),
        ("GET", "/api/flights/older", 400),
        ("POST", "/api/flights/old", 401),
    ],
)
async def test_every_answer_of_a_deprecated_route_says_since_and_until_when(
    method: str, path: str, status: int
) -> None:
    answer = await _asked(method, path)
    assert answer.status_code == status
    assert answer.headers.get_list("deprecation") == [DEPRECATION]
    assert answer.headers.get_list("sunset") == [SUNSET]


async def test_the_answer_without_a_body_has_the_headers_too() -> None:
    tag = (await _asked("GET", "/api/flights/old")).headers["etag"]
    answer = await _asked("GET", "/api/flights/old", **{"if-none-match": tag})
    assert (answer.status_code, answer.headers["sunset"]) == (304, SUNSET)


@pytest.mark.parametrize("path", ["/api/flights/new", "/api/flights/none"])
async def test_another_route_says_nothing_of_it(path: str) -> None:
    answer = await _asked("GET", path)
    assert not {"deprecation", "sunset"} & answer.headers.keys()


def test_the_document_marks_the_operation_and_names_the_headers_and_what_to_call() -> None:
    found = document(create_app(http_ports(), routes=ROUTES))["paths"]
    old, new = found["/api/flights/old"]["get"], found["/api/flights/new"]["get"]
    assert old["deprecated"] is True
    assert "Ends on 2028-01-31: call `readNew`." in old["description"]
    assert {"deprecation", "sunset"} <= old["responses"]["200"]["headers"].keys()
    assert "deprecated" not in new
    assert not {"deprecation", "sunset"} & new["responses"]["200"]["headers"].keys()


def test_a_route_is_not_marked_without_a_last_day() -> None:
    for handler in (*app.ROUTES, *ROUTES):
        assert bool(handler.deprecated) is (ending.ending_of(handler) is not None)


def test_less_than_a_year_is_only_for_a_defect_of_security() -> None:
    terms: Any = {
        "since": dt.date(2027, 1, 15),
        "last_day": dt.date(2027, 12, 31),
        "instead": "readNew",
    }
    with pytest.raises(AssertionError, match="a year"):
        ending.ends(**terms)
    assert ending.ends(**terms, security_defect=True)["deprecated"]
