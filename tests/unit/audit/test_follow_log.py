"""Followers of the log: they get each event once, and end with their token or their server."""

import asyncio
import datetime as dt
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from application.audit import follow_log
from application.audit.ports import LogFilter, LogPage, StoredLogEvent
from application.audit.read_log import AuditedPage
from application.ports import Unavailable
from interfaces.http import audit_stream
from tests.support import served_edge
from tests.support.http_client import Edge

AT = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
TOKEN_LIFE_SECONDS = 15 * 60


class MemoryLog:
    """So many events; `on_read` is called before each page."""

    def __init__(self, length: int, *, padding: int = 0) -> None:
        self.length = length
        self.payload = msgspec.json.encode({"padding": "x" * padding})
        self.on_read: Callable[[], None] = lambda: None
        self.reads: list[int] = []
        self.broken = 0

    async def head(self) -> int:
        return self.length

    async def first(self) -> int:
        return 1

    async def find(self, chosen: LogFilter, *, after: int, until: int, limit: int) -> LogPage:
        await asyncio.sleep(0)
        self.reads.append(after)
        self.on_read()
        if self.broken:
            self.broken -= 1
            raise Unavailable("database")
        last = min(after + limit, until)
        events = [self._event(position) for position in range(after + 1, last + 1)]
        return LogPage(events, last, has_more=last < until)

    async def about_booking(
        self, booking_id: str, *, after: int, until: int, limit: int
    ) -> LogPage:
        raise AssertionError

    def _event(self, position: int) -> StoredLogEvent:
        number = uuid.UUID(int=position)
        return StoredLogEvent(
            position, "flight-1", position, "t", AT, "a", number, "c", None, self.payload
        )


class MemoryAppends:
    """Nothing is announced; a wait takes no time, and the process ends after so many."""

    def __init__(self, waits: int = 1_000_000) -> None:
        self.waits = waits
        self.announced = 0
        self.ending = False

    async def wait(self, seen: int, seconds: float) -> None:
        await asyncio.sleep(0)
        self.waits -= 1
        self.ending = self.waits <= 0

    def end(self) -> None:
        self.ending = True


def edge_of(log: MemoryLog, appends: MemoryAppends) -> Edge:
    edge = Edge()
    ports = edge.app.ports
    audit = msgspec.structs.replace(ports.audit, log=log, appends=appends)
    edge.app.ports = msgspec.structs.replace(ports, audit=audit)
    return edge


async def streamed(
    edge: Edge, query: str = "", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    async with edge.client() as client:
        answer = await client.get(
            f"/api/audit/stream{query}", headers={**edge.bearer("auditor"), **(headers or {})}
        )
    return answer.status_code, answer.text


def ids_of_events(text: str) -> list[int]:
    messages = [each.splitlines() for each in text.split("\n\n")]
    return [
        int(lines[0].removeprefix("id: "))
        for lines in messages
        if any(line.startswith("data: ") for line in lines)
    ]


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("", {}, 1),
        ("?after=100", {}, 101),
        ("?after=7", {"last-event-id": "249"}, 250),
        ("", {"last-event-id": "250"}, 251),
    ],
)
async def test_a_stream_continues_behind_the_last_id_else_behind_after(
    query: str, headers: dict[str, str], first: int
) -> None:
    status, text = await streamed(edge_of(MemoryLog(250), MemoryAppends(3)), query, headers)
    assert status == 200
    assert ids_of_events(text) == list(range(first, 251))
    assert text.startswith("retry: 2000\n\n")
    # Each page ends with the position reached, the quiet ones too.
    assert text.endswith(": here\nid: 250\n\n")


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?after=251", {}, "after"),
        ("", {"last-event-id": "x"}, "after"),
        ("", {"last-event-id": "251"}, "after"),
        ("?type=booking.gone.1", {}, "type"),
    ],
)
async def test_a_stream_that_cannot_begin_is_refused_as_json(
    query: str, headers: dict[str, str], field: str
) -> None:
    status, text = await streamed(edge_of(MemoryLog(250), MemoryAppends(1)), query, headers)
    assert status == 400
    assert msgspec.json.decode(text)["details"]["field"] == field


@pytest.mark.parametrize("when", ["waiting", "reading"])
async def test_a_stream_ends_when_its_token_expires_and_gives_nothing_afterwards(
    when: str,
) -> None:
    log, appends = MemoryLog(150), MemoryAppends()
    edge = edge_of(log, appends)

    def expire() -> None:
        if when == "reading" and len(log.reads) == 2:
            edge.time.now += TOKEN_LIFE_SECONDS + 1
        if when == "waiting":
            edge.time.now += TOKEN_LIFE_SECONDS / 5

    log.on_read = expire
    log.length = 10**9 if when == "waiting" else 150
    async with asyncio.timeout(20):
        status, text = await streamed(edge)
    assert status == 200
    # Five reads in a quarter of an hour, of which the last is too late; the second here is too.
    assert len(log.reads) == (5 if when == "waiting" else 2)
    assert ids_of_events(text) == list(range(1, 401 if when == "waiting" else 101))


async def test_a_database_that_does_not_answer_delays_and_skips_nothing() -> None:
    log = MemoryLog(250)
    log.broken = 2
    _, text = await streamed(edge_of(log, MemoryAppends(4)))
    assert ids_of_events(text) == list(range(1, 251))
    assert log.reads[:3] == [0, 0, 0]


async def test_a_log_that_was_restored_without_its_newest_events_gives_none_again() -> None:
    """Nor once it is longer again than what was given away before."""
    log, appends = MemoryLog(250), MemoryAppends(5)
    heads = iter((250, 250, 200))

    async def head() -> int:
        return next(heads, 260)

    log.head = head  # type: ignore[method-assign]  # restored, then longer
    _, text = await streamed(edge_of(log, appends), "?after=240")
    assert ids_of_events(text) == list(range(241, 261))


async def test_the_headers_alone_open_no_stream() -> None:
    log = MemoryLog(250)
    edge = edge_of(log, MemoryAppends())
    async with edge.client() as client:
        path = "/api/audit/stream"
        async with asyncio.timeout(10):
            answer = await client.head(path, headers=edge.bearer("auditor"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "private, no-store"
    assert log.reads == []


async def test_there_are_no_more_streams_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_stream, "STREAM_LIMIT", 0)
    edge = edge_of(MemoryLog(1), MemoryAppends(1))
    async with edge.client() as client:
        answer = await client.get("/api/audit/stream", headers=edge.bearer("auditor"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_one_user_leaves_streams_for_the_others_also_by_connecting_at_once() -> None:
    async def pages() -> AsyncIterator[AuditedPage]:
        yield AuditedPage([], 7, has_more=False)

    # All were admitted before the first of them began.
    streams = [audit_stream._messages(pages(), "usr_one") for _ in range(8)]
    firsts = [await anext(each) for each in streams]
    assert [b"retry: 30000" in each for each in firsts] == [False] * 5 + [True] * 3
    for each in streams[5:]:
        assert [message async for message in each] == []
    assert list(audit_stream._open_streams.values()) == ["usr_one"] * 5
    edge = edge_of(MemoryLog(1), MemoryAppends(1))
    async with edge.client() as client:
        found = [
            (
                await client.get("/api/audit/stream", headers=edge.bearer("auditor", user))
            ).status_code
            for user in ("usr_one", "usr_two")
        ]
    assert found == [503, 200]
    for each in streams[:5]:
        assert b"id: 7" in await anext(each)
        await each.aclose()
    assert not audit_stream._open_streams


async def test_nothing_is_read_ahead_of_a_slow_reader_and_a_vanished_one_is_forgotten() -> None:
    log = MemoryLog(10**9, padding=10_000)
    edge = edge_of(log, MemoryAppends())
    token = edge.bearer("auditor")["authorization"]
    async with served_edge.serving(edge) as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as reader:
            request = f"GET /api/audit/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
            reader.sendall(request.encode())
            before = await _at_rest(log)
            # A page is a megabyte: what fits between the two, and no more.
            assert 1 <= before < 30
            await asyncio.to_thread(_read, reader, 20_000_000)
            assert before < await _at_rest(log) < before + 50
            assert len(audit_stream._open_streams) == 1
        for _ in range(400):
            if not audit_stream._open_streams:
                break
            await asyncio.sleep(0.01)
        assert not audit_stream._open_streams


def _read(reader: socket.socket, count: int) -> None:
    while count > 0:
        count -= len(reader.recv(min(count, 65_536)))


async def _at_rest(log: MemoryLog) -> int:
    """How many pages were read once no more are read for a while."""
    found: list[Any] = []
    while len(found) < 20 or found[-20] != found[-1] or not found[-1]:
        await asyncio.sleep(0.02)
        found.append(len(log.reads))
    return int(found[-1])


async def test_a_page_is_bounded() -> None:
    async def always() -> bool:
        return True

    log = MemoryLog(10**9)
    pages = follow_log.follow_log(log, MemoryAppends(), LogFilter(), after=0, may_go_on=always)
    assert len((await anext(pages)).events) == follow_log.PAGE_LIMIT == 100
