"""Answers in the encoding that a client accepts, and those that are never compressed."""

import asyncio
import gzip
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import brotli
import httpx
import msgspec
import pytest
import pytest_asyncio
import zstandard
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import ServerSentEvent, Stream

from interfaces.http import app, compression
from interfaces.http.answers import Answered
from tests.support.http_client import Edge
from tests.support.openapi_document import application
from tests.support.served_edge import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

DECODED = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}
ROWS = 5_000


class Rows(msgspec.Struct):
    """An answer of any size."""

    rows: list[str]


def _rows(count: int) -> Rows:
    return Rows([f"flight {number}" for number in range(count)])


@get(["/api/rows/{count:int}", "/other/rows/{count:int}", "/api/auth/rows/{count:int}"])
async def rows(count: FromPath[int]) -> Rows:
    """So many rows."""
    return _rows(count)


@post(["/api/rows/{count:int}", compression.SEARCH], status_code=200)
async def sent_rows() -> Rows:
    """Rows after a change, or found."""
    return _rows(ROWS)


@get("/api/cookie")
async def with_cookie() -> Answered[Rows]:
    """Rows, and a cookie."""
    return Answered(_rows(ROWS), cookies=[Cookie(key="a", value="b")])


@get("/api/picture")
async def picture() -> Response[bytes]:
    """What is compressed already."""
    return Response(b"\x89PNG" + b"0" * 10_000, media_type="image/png")


@get("/api/stream")
async def stream() -> Stream:
    """An export, piece by piece."""
    return Stream((f"{number},flight\n" for number in range(ROWS)), media_type="text/csv")


@get("/api/events")
async def events() -> ServerSentEvent:
    """A stream of events."""
    return ServerSentEvent(str(number) * 1_000 for number in range(9))


@get("/api/failing")
async def failing() -> Rows:
    """A bug."""
    raise RuntimeError


PROBES = (rows, sent_rows, with_cookie, picture, stream, events, failing)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base() -> AsyncIterator[str]:
    edge = Edge()
    probes = app.create_app(edge.app.ports, routes=PROBES)
    edge.app = probes
    async with serving(edge) as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(loop_scope="module")
async def client(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base) as each:
        yield each


async def raw(client: httpx.AsyncClient, path: str, accepted: str | None) -> httpx.Response:
    """The answer, with its body as it was sent in `content`."""
    request = client.build_request("GET", path)
    del request.headers["accept-encoding"]
    if accepted is not None:
        request.headers["accept-encoding"] = accepted
    answer = await client.send(request, stream=True)
    answer._content = b"".join([piece async for piece in answer.aiter_raw()])
    return answer


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip"])
async def test_an_answer_is_compressed_as_the_client_asks(
    client: httpx.AsyncClient, encoding: str
) -> None:
    plain = await raw(client, f"/api/rows/{ROWS}", None)
    answer = await raw(client, f"/api/rows/{ROWS}", encoding)
    assert answer.headers["content-encoding"] == encoding
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert DECODED[encoding](answer.content) == plain.content
    assert len(answer.content) < len(plain.content) / 3
    assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert plain.headers["x-correlation-id"] != answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip", "gzip"),
        ("deflate", None),
        ("*", "zstd"),
        ("zstd;q=0, *", "br"),
        ("*;q=0", None),
        ("br;q=0.2, gzip;q=0.9, zstd;q=0.1", "gzip"),
        ("zstd;q=0.001, br;q=0", "zstd"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.4, gzip;q=0.5", "gzip"),
        ("identity;q=0, br", "br"),
        ("gzip;q=1.5", None),
        ("gzip;q=-1", None),
        ("gzip;q=nan", None),
        ("gzip;q=1x", None),
        ("gzip;q=inf", None),
        ("gzip;q=", None),
        ("gzip;level=9", None),
        ("gzip ; q=1", "gzip"),
        ("gzip;q = 1", None),
        ("", None),
        (",,;;=", None),
        ("gzip" * 2_000, None),
    ],
)
async def test_weights_decide(
    client: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    answer = await raw(client, f"/api/rows/{ROWS}", accepted)
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_small_answer_is_sent_as_it_is_unless_the_client_refuses_that(
    client: httpx.AsyncClient,
) -> None:
    small = await raw(client, "/api/rows/3", "gzip, br")
    assert "content-encoding" not in small.headers
    assert small.headers["vary"] == "Accept-Encoding"
    wanted = await raw(client, "/api/rows/3", "gzip, identity;q=0")
    assert gzip.decompress(wanted.content) == small.content


async def test_a_tag_is_the_same_in_every_encoding_and_304_has_no_body(
    client: httpx.AsyncClient,
) -> None:
    path = f"/api/rows/{ROWS}"
    found = [await raw(client, path, each) for each in (None, "gzip", "br", "zstd")]
    (tag,) = {each.headers["etag"] for each in found}
    assert tag.startswith('W/"')
    for accepted in ("gzip", "identity", "zstd"):
        known = {"if-none-match": tag, "accept-encoding": accepted}
        again = await client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["vary"] == "Accept-Encoding"
        assert "content-encoding" not in again.headers


async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    for accepted in ("gzip", "identity"):
        headers = {"accept-encoding": accepted}
        whole = await client.get(f"/api/rows/{ROWS}", headers=headers)
        head = await client.head(f"/api/rows/{ROWS}", headers=headers)
        assert head.content == b""
        for name in ("content-length", "content-encoding", "content-type", "vary", "etag"):
            assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        # A secret beside what a client sent: BREACH.
        ("POST", f"/api/rows/{ROWS}", {}),
        ("GET", f"/api/auth/rows/{ROWS}", {}),
        ("GET", "/api/cookie", {}),
        ("GET", f"/api/rows/{ROWS}", {"cookie": "a=b", "sec-fetch-site": "cross-site"}),
        ("GET", f"/api/rows/{ROWS}", {"cookie": "a=b", "sec-fetch-site": "same-site"}),
        ("GET", f"/api/rows/{ROWS}", {"cookie": "a=b"}),
        # A route that nobody has considered yet.
        ("GET", f"/other/rows/{ROWS}", {}),
        # What would be held back, and what does not become smaller.
        ("GET", "/api/events", {}),
        ("GET", "/api/picture", {}),
        ("GET", "/api/failing", {}),
        ("OPTIONS", f"/api/rows/{ROWS}", {}),
    ],
)
async def test_what_is_never_compressed(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    accepted = {"accept-encoding": "gzip, br, zstd", **headers}
    answer = await client.request(method, path, headers=accepted)
    assert "content-encoding" not in answer.headers
    assert answer.status_code in (200, 204, 500)
    assert len(answer.content) > 1_000 or answer.status_code != 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_our_own_pages_get_compressed_answers(client: httpx.AsyncClient, site: str) -> None:
    headers = {"cookie": "a=b", "sec-fetch-site": site, "accept-encoding": "br"}
    answer = await client.get(f"/api/rows/{ROWS}", headers=headers)
    assert answer.headers["content-encoding"] == "br"


async def test_the_search_is_compressed_although_it_is_sent(client: httpx.AsyncClient) -> None:
    answer = await client.post(compression.SEARCH, headers={"accept-encoding": "zstd"})
    assert answer.headers["content-encoding"] == "zstd"
    assert len(answer.json()["rows"]) == ROWS


@pytest.mark.parametrize("encoding", ["zstd", "br", "gzip", "identity"])
async def test_an_export_is_compressed_piece_by_piece(
    client: httpx.AsyncClient, encoding: str
) -> None:
    answer = await client.get("/api/stream", headers={"accept-encoding": encoding})
    assert answer.text == "".join(f"{number},flight\n" for number in range(ROWS))
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert "content-length" not in answer.headers
    if encoding != "identity":
        assert answer.num_bytes_downloaded < len(answer.content) / 2


@pytest.mark.parametrize(
    "path", ["/schema/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"]
)
async def test_what_is_the_same_for_everybody_is_compressed_once(path: str) -> None:
    compression._remembered.cache_clear()
    async with (
        serving(Edge()) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        plain = await client.get(path, headers={"accept-encoding": "identity"})
        for _ in range(3):
            answer = await client.get(path, headers={"accept-encoding": "br"})
            assert answer.headers["content-encoding"] == "br"
            assert answer.content == plain.content
    found = compression._remembered.cache_info()
    assert (found.misses, found.hits) == (1, 2)


async def test_other_clients_read_it(base: str) -> None:
    path = f"{base}/api/rows/{ROWS}"
    async with aiohttp.ClientSession() as session, session.get(path) as answer:
        assert len((await answer.json())["rows"]) == ROWS
        assert answer.headers["content-encoding"] in ("br", "gzip", "zstd")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_reads_it(base: str) -> None:
    command = ["curl", "-s", "--compressed", "-w", "%{size_download}", f"{base}/api/rows/{ROWS}"]
    running = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, timeout=30
    )
    body, _, size = running.stdout.rpartition("}")
    assert len(json.loads(body + "}")["rows"]) == ROWS
    assert int(size) < len(body) / 2


SECRET = re.compile(r"token|secret|csrf|password|checkouturl|\bkey\b|recovery", re.IGNORECASE)


def _members(form: Any, parts: dict[str, Any], seen: frozenset[str] = frozenset()) -> set[str]:
    if isinstance(form, list):
        return set().union(*(_members(each, parts, seen) for each in form))
    if not isinstance(form, dict):
        return set()
    name = str(form.get("$ref", "")).rpartition("/")[2]
    if name:
        return set() if name in seen else _members(parts[name], parts, seen | {name})
    inner = [each for key, each in form.items() if key != "properties"]
    properties = form.get("properties", {})
    return set(properties) | _members([*inner, *properties.values()], parts, seen)


async def test_no_answer_with_a_secret_may_be_compressed() -> None:
    document: dict[str, Any] = application().openapi_schema.to_schema()
    parts = document["components"]["schemas"]
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = [each for status, each in operation["responses"].items() if status < "3"]
            names = {each for each in _members(answers, parts) if SECRET.search(each)}
            if names:
                scope: Any = {"method": method.upper(), "path": path}
                exchange = compression.Exchange({}, "")
                found.append(path)
                assert not compression.may_be_compressed(scope, exchange), (path, names)
    assert "/api/bookings/{booking_id}/split-checkout" in found
    assert "/api/auth/refresh" in found
