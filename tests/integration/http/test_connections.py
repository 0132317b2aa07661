"""What the server refuses below the framework, and how long it waits: shown over raw sockets."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn

from interfaces import connection
from tests.support.http_client import Edge
from tests.support.served_edge import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = b"Host: airline.example\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST
PROBE = b"POST /probe HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
SHORT_SECONDS = 0.2


class Talk:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, content: bytes) -> None:
        """Write these bytes."""
        self.writer.write(content)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(20):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, body

    async def is_closed(self) -> bool:
        """Whether the server closes this connection without another byte."""
        async with asyncio.timeout(20):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


@pytest.fixture(scope="module")
def edge() -> Edge:
    return Edge()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(edge: Edge) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    async with serving(edge) as each:
        yield each


@pytest_asyncio.fixture(loop_scope="module")
async def talk(server: tuple[uvicorn.Server, int]) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server[1])
    yield Talk(reader, writer)
    writer.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short times, so that a test need not wait as long as a client may."""
    for name in ("FIRST_BYTE_SECONDS", "HEAD_SECONDS", "LINGER_SECONDS", "STALLED_ANSWER_SECONDS"):
        monkeypatch.setattr(connection, name, SHORT_SECONDS)
    monkeypatch.setattr(connection, "CHECK_SECONDS", SHORT_SECONDS / 10)


def chunked(size: bytes = b"2", body: bytes = b"{}") -> bytes:
    return PROBE + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + body


REFUSED = {
    "content_length_with_a_sign": PROBE + b"Content-Length: +2\r\n\r\n{}",
    "negative_content_length": PROBE + b"Content-Length: -2\r\n\r\n{}",
    "content_length_in_hexadecimal": PROBE + b"Content-Length: 0x2\r\n\r\n{}",
    "content_length_beyond_64_bits": PROBE + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "list_of_content_lengths": PROBE + b"Content-Length: 2, 2\r\n\r\n{}",
    "two_numbers_as_content_length": PROBE + b"Content-Length: 2 2\r\n\r\n{}",
    "empty_content_length": PROBE + b"Content-Length:\r\n\r\n{}",
    "content_length_twice": PROBE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two_different_content_lengths": PROBE + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "length_and_encoding": PROBE
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding_and_length": PROBE
    + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "encoding_that_does_not_end_in_chunked": PROBE
    + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "unknown_encoding": PROBE + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "misspelled_encoding": PROBE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "encoding_twice": PROBE
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding_of_an_encoding": PROBE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "encoding_after_nothing": PROBE + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "encoding_in_one_line_twice": PROBE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "encoding_with_a_parameter": PROBE + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "encoding_in_quotes": PROBE + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "encoding_behind_a_vertical_tab": PROBE + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "encoding_on_the_next_line": PROBE + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "empty_encoding_and_length": PROBE + b"Transfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
    "encoding_in_http_1_0": b"POST /probe HTTP/1.0\r\n"
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk_size_that_is_no_number": chunked(b"zz"),
    "chunk_longer_than_its_size": chunked(b"1", b"{}\r\n0\r\n\r\n"),
    "chunk_size_beyond_64_bits": chunked(b"f" * 17),
    **{
        f"chunk_size_{name}": chunked(size) + b"\r\n0\r\n\r\n"
        for name, size in {
            "in_c": b"0x2",
            "with_a_sign": b"+2",
            "with_an_underscore": b"0_2",
            "before_a_space": b"2 ",
            "behind_a_space": b" 2",
            "that_is_empty": b"",
            "with_a_bare_line_feed": b"2\n{}\r\n0\r\n\r\n",
            "with_a_line_feed_in_its_extension": b"2;a\n{}\r\n0\r\n\r\n",
            "with_a_carriage_return_in_its_extension": b"2;a\rb",
            "with_a_control_character_in_its_extension": b"2;\x01",
        }.items()
    },
    "chunk_that_ends_in_a_bare_line_feed": chunked(body=b"{}\n0\r\n\r\n"),
    "last_chunk_that_ends_in_a_bare_line_feed": chunked(body=b"{}\r\n0\n\n"),
    "trailer_that_is_an_encoding": chunked(
        body=b"{}\r\n0\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
    ),
    "trailer_with_nul": chunked(body=b"{}\r\n0\r\nX-Trace: a\x00\r\n\r\n"),
    "continued_trailer": chunked(body=b"{}\r\n0\r\nX-Trace: a\r\n b\r\n\r\n"),
    "lines_that_end_in_a_bare_line_feed": b"GET /health/live HTTP/1.1\nHost: a\n\n",
    "header_that_ends_in_a_bare_line_feed": LIVE + b"X-Trace: a\nX-Other: b\r\n\r\n",
    "head_that_ends_in_a_bare_line_feed": LIVE + b"\n",
    "lines_that_end_in_a_bare_carriage_return": b"GET /health/live HTTP/1.1\rHost: a\r\r",
    "carriage_return_in_the_request_line": b"GET /health/live\r HTTP/1.1\r\n" + HOST + b"\r\n",
    "space_behind_the_version": b"GET /health/live HTTP/1.1 \r\n" + HOST + b"\r\n",
    "space_before_the_first_header": b"GET /health/live HTTP/1.1\r\n Host: a\r\n\r\n",
    "name_of_content_length_before_a_tab": PROBE + b"Content-Length\t: 2\r\n\r\n{}",
    "high_byte_in_a_header_name": LIVE + b"X\xff: a\r\n\r\n",
    "nul_in_a_header": LIVE + b"X-Trace: a\x00b\r\n\r\n",
    "escape_in_a_header": LIVE + b"X-Trace: a\x1b[31mb\r\n\r\n",
    "delete_in_a_header": LIVE + b"X-Trace: a\x7fb\r\n\r\n",
    "bare_carriage_return_in_a_header": LIVE + b"X-Trace: a\rb\r\n\r\n",
    "continued_header_line": LIVE + b"X-Trace: a\r\n b\r\n\r\n",
    "space_before_the_colon": LIVE + b"X-Trace : a\r\n\r\n",
    "header_without_a_name": LIVE + b": a\r\n\r\n",
    "header_without_a_colon": LIVE + b"X-Trace\r\n\r\n",
    "control_character_in_a_header_name": LIVE + b"X-\x01: a\r\n\r\n",
    "no_host": b"GET /health/live HTTP/1.1\r\n\r\n",
    "empty_host": b"GET /health/live HTTP/1.1\r\nHost:\r\n\r\n",
    "host_with_a_path": b"GET /health/live HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host_with_a_user": b"GET /health/live HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "two_hosts_in_one_line": b"GET /health/live HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host_with_a_space": b"GET /health/live HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two_hosts": b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "http_0_9": b"GET /health/live\r\n\r\n",
    "http_1_9": b"GET /health/live HTTP/1.9\r\n" + HOST + b"\r\n",
    "http_2_0": b"GET /health/live HTTP/2.0\r\n" + HOST + b"\r\n",
    "preface_of_http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "greeting_of_tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "nonsense": b"hello\r\n\r\n",
    "address_that_is_none": b"GET nowhere HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_with_raw_bytes": b"GET /\xd8\xb3 HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_with_a_control_character": b"GET /a\x01b HTTP/1.1\r\n" + HOST + b"\r\n",
    "host_without_a_path": b"GET http://airline.example HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_of_another_host": b"GET http://evil.example/health/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_with_a_user": b"GET http://u@airline.example/health/live HTTP/1.1\r\n"
    + HOST
    + b"\r\n",
    "address_with_a_user_of_an_old_client": b"GET http://u@airline.example/ HTTP/1.0\r\n\r\n",
    "address_of_a_file": b"GET file:///health/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_of_a_tunnel": b"GET airline.example:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_with_a_fragment": b"GET /health/live#x HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_with_nul": b"GET /health/live\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "address_in_the_style_of_windows": b"GET \\health\\live HTTP/1.1\r\n" + HOST + b"\r\n",
    "tunnel": b"CONNECT airline.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "upgrade_with_a_body": PROBE
    + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_sound_http_gets_the_flat_answer_and_the_end(
    talk: Talk, name: str
) -> None:
    """A request that is smuggled behind it, in bytes that could be its body, gets no answer."""
    await talk.send(REFUSED[name] + LIVE + b"\r\n")
    status, headers, body = await talk.answer()
    problem = json.loads(body)
    assert status in (400, 405)
    assert set(problem) == {"code", "message", "correlationId", "retryable", "details"}
    assert problem["code"] in ("VALIDATION_ERROR", "METHOD_NOT_ALLOWED")
    assert headers["x-correlation-id"] == problem["correlationId"]
    assert headers["content-type"].startswith("application/json")
    if name not in ("two_hosts", "encoding_twice"):
        assert headers["connection"] == "close"
        assert await talk.is_closed()


@pytest.mark.parametrize(
    "target",
    [
        *(b"//evil.example/health/live", b"/x/../health/live", b"/x/%2e%2e/health/live"),
        *(b"/x/%252e%252e/health/live", b"/health%2flive", b"/health%5clive", b"/health\\live"),
        *(b"/health/live%00", b"/health%c0%aflive", b"/health/live;x=1", b"/health/live%zz"),
        *(b"/health/live%0d%0aX:%20y", b"/health/./live", b"/health//live", b"/HEALTH/live"),
        *(b"/health/live/", b"/health/live%20", b"/./health/live", b"*"),
    ],
)
async def test_another_spelling_of_a_path_is_not_found(talk: Talk, target: bytes) -> None:
    await talk.send(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n" + LIVE + b"\r\n")
    status, _, body = await talk.answer()
    assert (status, json.loads(body)["code"]) == (404, "NOT_FOUND")
    assert (await talk.answer())[0] == 200


async def test_an_address_with_our_host_is_served(talk: Talk) -> None:
    for start in (b"http://airline.example", b"https://AIRLINE.example"):
        await talk.send(b"GET " + start + b"/health/live?a=1 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await talk.answer())[0] == 200


@pytest.mark.parametrize(
    "header", [b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /x", b"X-Rewrite-URL: /x"]
)
async def test_no_header_changes_method_or_path(talk: Talk, header: bytes) -> None:
    await talk.send(LIVE + header + b"\r\n\r\n")
    assert (await talk.answer())[0] == 200


@pytest.mark.parametrize("method", [b"FETCH", b"get", b"G\x00T", b"BOOK", b"X" * 5000])
async def test_an_unknown_method_gets_the_flat_answer(talk: Talk, method: bytes) -> None:
    await talk.send(method + b" /health/live HTTP/1.1\r\n" + HOST + b"\r\n")
    status, headers, body = await talk.answer()
    assert (status, json.loads(body)["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in headers["allow"]


async def test_a_refusal_names_field_and_reason(talk: Talk) -> None:
    mine = b"5f0c3c2e-8f7a-4a4e-9f0b-2f6f0c3c2e8f"
    await talk.send(b"GET /health/live HTTP/1.1\r\nX-Correlation-Id: " + mine + b"\r\n\r\n")
    _, headers, body = await talk.answer()
    assert json.loads(body)["details"] == {"field": "host", "reason": "required in HTTP/1.1"}
    assert headers["x-correlation-id"] == mine.decode()


async def test_a_client_of_http_1_0_needs_no_host(talk: Talk) -> None:
    await talk.send(b"GET /health/live HTTP/1.0\r\n\r\n")
    assert (await talk.answer())[0] == 200
    assert await talk.is_closed()


async def test_a_connection_serves_one_request_after_the_other(talk: Talk) -> None:
    for _ in range(3):
        await talk.send(b"\r\n" + LIVE + b"\r\n")
        assert (await talk.answer())[0] == 200


async def test_head_leaves_the_connection_open_for_the_next_request(talk: Talk) -> None:
    for path in (b"/health/live", b"/schema/openapi.json", b"/nowhere"):
        await talk.send(b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        async with asyncio.timeout(20):
            head = await talk.reader.readuntil(b"\r\n\r\n")
        assert b"content-length" in head.lower()
    await talk.send(LIVE + b"\r\n")
    assert (await talk.answer())[0] == 200


async def test_an_upgrade_is_not_made_and_the_request_is_answered(talk: Talk) -> None:
    await talk.send(LIVE + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + LIVE + b"\r\n")
    status, headers, _ = await talk.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert await talk.is_closed()


async def test_a_trailer_is_no_header(talk: Talk, edge: Edge) -> None:
    bearer = edge.bearer()["authorization"].encode()
    await talk.send(
        b"GET /api/auth/me HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n0\r\nAuthorization: "
        + bearer
        + b"\r\n\r\n"
    )
    assert (await talk.answer())[0] == 401


@pytest.mark.parametrize(
    "beginning",
    [
        LIVE + b"X-Endless: ",
        LIVE + b"X",
        b"GET /",
        b"GET /health/live?",
        chunked() + b"\r\n0\r\nX-Endless: ",
        chunked() + b"\r\n2;x=",
        PROBE + b"Transfer-Encoding: chunked\r\n\r\n0",
    ],
    ids=["value", "name", "path", "query", "trailer", "extension", "chunk_size"],
)
async def test_an_endless_line_is_cut_off_after_some_kilobytes(
    talk: Talk, beginning: bytes
) -> None:
    await talk.send(beginning)
    answering = asyncio.create_task(talk.answer())
    sent = 0
    while not answering.done() and sent < 10_000_000:
        await talk.send(b"0" * 10_000)
        await asyncio.sleep(0)
        sent += 10_000
    assert sent < 10_000_000
    status, _, body = await answering
    assert status in (400, 401, 413, 431)
    assert json.loads(body)["code"]


@pytest.mark.usefixtures("short")
async def test_a_client_that_says_nothing_is_disconnected(talk: Talk) -> None:
    assert await talk.is_closed()


@pytest.mark.usefixtures("short")
async def test_a_client_that_sends_only_blank_lines_is_disconnected(talk: Talk) -> None:
    async with asyncio.timeout(5):
        while not talk.reader.at_eof():
            try:
                await talk.send(b"\r\n")
            except ConnectionError:
                break
            await asyncio.sleep(SHORT_SECONDS / 10)


@pytest.mark.usefixtures("short")
async def test_blank_lines_after_an_answer_keep_no_connection_open(talk: Talk) -> None:
    await talk.send(LIVE + b"\r\n")
    assert (await talk.answer())[0] == 200
    await talk.send(b"\r\n")
    assert await talk.is_closed()


async def test_a_refused_client_that_goes_on_is_cut_off_after_a_megabyte(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 600.0)
    await talk.send(b"GET / HTTP/1.1\r\n\r\n")
    assert (await talk.answer())[0] == 400
    sent = 0
    with pytest.raises(ConnectionError):
        while sent < 50_000_000:
            await talk.send(b"x" * 100_000)
            await asyncio.sleep(0)
            sent += 100_000
    assert sent < 50_000_000


@pytest.mark.usefixtures("short")
async def test_a_head_that_comes_byte_by_byte_times_out_as_a_whole(talk: Talk) -> None:
    async def trickle() -> None:
        while True:
            await talk.send(b"x")
            await asyncio.sleep(SHORT_SECONDS / 10)

    await talk.send(LIVE + b"X-Slow: ")
    trickling = asyncio.create_task(trickle())
    status, headers, body = await talk.answer()
    trickling.cancel()
    assert (status, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")
    assert headers["connection"] == "close"
    assert await talk.is_closed()


@pytest.mark.usefixtures("short")
async def test_the_rest_of_a_body_that_nobody_reads_has_a_short_time(talk: Talk) -> None:
    await talk.send(b"POST /api/bookings HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
    status, _, _ = await talk.answer()
    assert status in (401, 413)
    async with asyncio.timeout(5):
        # As long as some of it comes, no other time runs out.
        while not talk.reader.at_eof():
            try:
                await talk.send(b"x")
            except ConnectionError:
                break
            await asyncio.sleep(SHORT_SECONDS / 10)


@pytest.mark.usefixtures("short")
async def test_a_client_that_does_not_read_its_answers_is_disconnected(
    server: tuple[uvicorn.Server, int], talk: Talk
) -> None:
    talk.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a read transport too
    asking = b"GET /schema/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionError):
            while True:
                talk.writer.write(asking)
                await asyncio.sleep(0.02)
                if not server[0].server_state.connections:
                    raise ConnectionError


async def test_requests_ahead_of_a_broken_one_are_answered_first(talk: Talk) -> None:
    await talk.send((LIVE + b"\r\n") * 3 + b"nonsense\r\n\r\n")
    assert [(await talk.answer())[0] for _ in range(4)] == [200, 200, 200, 405]
    assert await talk.is_closed()


async def test_only_so_many_requests_wait_on_one_connection(talk: Talk) -> None:
    await talk.send((LIVE + b"\r\n") * 500)
    statuses = []
    while not statuses or statuses[-1] == 200:
        statuses.append((await talk.answer())[0])
    assert statuses == [200] * (connection.PIPELINE_LIMIT + 1) + [400]
    assert await talk.is_closed()
