"""One HTTP connection: what uvicorn leaves unbounded has limits here, and refusals are flat.

The parser (llhttp) refuses what is not HTTP/1.1 or can be understood in two ways (RFC 9112, 11.2).
Here its refusals get the answer of the application, after which the connection is closed. Silent
and endless clients are limited in time and bytes; the time that the application takes is not.
"""

import asyncio
import re
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from interfaces.http import correlation
from interfaces.http.problems import REFUSAL, Problem, invalid

FIRST_BYTE_SECONDS = 10.0
HEAD_SECONDS = 10.0
# How long the rest of a body that no one reads, or of a refused request, is thrown away: closed at
# once, the client would see a reset connection and not the answer.
LINGER_SECONDS = 2.0
LINGER_LIMIT_BYTES = 1024 * 1024
# A client that does not read its answers, or a closed connection whose last bytes it does not take.
STALLED_ANSWER_SECONDS = 30.0
# Bytes that are neither a finished head nor a body: an endless header, trailer or chunk extension.
UNFINISHED_LIMIT_BYTES = 2 * correlation.HEADERS_LIMIT_BYTES
PIPELINE_LIMIT = 16
CHECK_SECONDS = 1.0

_NEVER = float("inf")
_HOST = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?").fullmatch
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


class _RefusedHead(Exception):
    """Raised in a callback of the parser, which stops there."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class _LastAnswer:
    """The transport of an answer after which the connection closes once the client had time to
    read it."""

    def __init__(self, connection: "BoundedConnection") -> None:
        self._connection = connection
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing

    def close(self) -> None:
        """End our half; the connection ends with the client's half or with the time to linger."""
        self._connection.linger()


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with limits; give it to `uvicorn.Config(http=...)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = _NEVER
        self._stalled_since: float | None = None
        self._check_handle: asyncio.TimerHandle | None = None
        self._is_between = True  # no byte of the next request has arrived
        self._is_in_head = False
        self._is_in_body = False
        self._is_refused = False
        self._unfinished_bytes = 0
        self._has_progressed = False
        self._sound_host: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first byte."""
        super().connection_made(transport)
        self._deadline = self.loop.time() + FIRST_BYTE_SECONDS
        self._check_handle = self.loop.call_later(CHECK_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the checks."""
        if self._check_handle is not None:
            self._check_handle.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse what the parser refuses and what never ends."""
        self._unset_keepalive_if_required()
        if self._is_refused:
            self._throw_away(data)
            return
        if self._is_between:
            self._is_between = False
            self._deadline = self.loop.time() + HEAD_SECONDS
        self._has_progressed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request is answered as if it had not asked (RFC 9110, 7.8); its client may speak
            # another protocol from here on.
            self._is_refused = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            self._refuse(self._problem_of(error))
        else:
            if self._has_progressed:
                self._unfinished_bytes = 0
                return
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > UNFINISHED_LIMIT_BYTES:
                self._refuse(Problem("HEADERS_TOO_LARGE"))

    def on_message_begin(self) -> None:
        """A request line begins."""
        super().on_message_begin()
        self._is_in_head = True
        if self._is_between:
            self._is_between = False
            self._deadline = self.loop.time() + HEAD_SECONDS

    def on_headers_complete(self) -> None:
        """Refuse a head that cannot be served, or start the application."""
        problem = self._fault_of_head()
        if problem is not None:
            raise _RefusedHead(problem)
        super().on_headers_complete()
        # Trailers are no headers (RFC 9110, 6.5.1): a proxy has not checked them.
        self.headers = []
        self._is_in_head = False
        self._is_in_body = True
        self._deadline = _NEVER
        self._has_progressed = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        super().on_body(body)
        self._has_progressed = True

    def on_message_complete(self) -> None:
        """The request has arrived whole."""
        super().on_message_complete()
        self._is_in_body = False
        self._is_between = True
        self._has_progressed = True
        if self.cycle.response_complete:
            self._deadline = self.loop.time() + self.timeout_keep_alive

    def on_response_complete(self) -> None:
        """The answer was given; the rest of an unread body has little time left."""
        super().on_response_complete()
        if self._is_in_body and self.cycle.response_complete:
            self._deadline = self.loop.time() + LINGER_SECONDS

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._stalled_since = self.loop.time()

    def resume_writing(self) -> None:
        """The client takes its answer again."""
        super().resume_writing()
        self._stalled_since = None

    def linger(self) -> None:
        """End our half of the connection and throw away what still arrives, for a short time."""
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._deadline = self.loop.time() + LINGER_SECONDS

    def _throw_away(self, data: bytes) -> None:
        self._unfinished_bytes += len(data)
        if self._unfinished_bytes > LINGER_LIMIT_BYTES:
            self.transport.close()

    def _fault_of_head(self) -> Problem | None:
        version = self.parser.get_http_version()
        if version != "1.1" and version != "1.0":
            return invalid("", "HTTP/1.1 is spoken here")
        if len(self.url) > UNFINISHED_LIMIT_BYTES:
            return Problem("HEADERS_TOO_LARGE")
        if len(self.pipeline) >= PIPELINE_LIMIT:
            return invalid("", f"more than {PIPELINE_LIMIT} requests wait on this connection")
        if self.parser.should_upgrade() and self._declares_body():
            return invalid("upgrade", "a request with a body cannot change the protocol")
        host = encoding = None
        for name, value in self.headers:
            if name == b"host":
                host = value
            elif name == b"transfer-encoding":
                encoding = value
        return (
            self._fault_of_encoding(encoding, version)
            or self._fault_of_host(host, version)
            or self._fault_of_target(host)
        )

    def _fault_of_encoding(self, encoding: bytes | None, version: str) -> Problem | None:
        if encoding is None:
            return None
        if version == "1.0":
            return invalid("transfer-encoding", "not part of HTTP/1.0")
        # The parser takes every list that ends in it, and would give us a body still compressed.
        if encoding.strip(b" \t").lower() != b"chunked":
            return invalid("transfer-encoding", "only chunked is taken")
        return None

    def _fault_of_host(self, host: bytes | None, version: str) -> Problem | None:
        if host is None:
            return None if version == "1.0" else invalid("host", "required in HTTP/1.1")
        if host != self._sound_host:
            if not _HOST(host):
                return invalid("host", "not a host name or address")
            self._sound_host = host
        return None

    def _fault_of_target(self, host: bytes | None) -> Problem | None:
        """A proxy in front of us may have gone by the other of two hosts (RFC 9112, 3.2.2)."""
        if b"#" in self.url:
            return invalid("", "the address has a fragment")
        if self.url[:1] == b"/" or self.url == b"*":
            return None
        authority = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        if authority.lower() != (host or authority).lower():
            return invalid("host", "differs from the host of the address")
        return None if _HOST(authority) else invalid("", "the address is not valid")

    def _declares_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def _problem_of(self, error: httptools.HttpParserError) -> Problem:
        match error:
            case httptools.HttpParserInvalidMethodError():
                problem = Problem("METHOD_NOT_ALLOWED")
                problem.headers["allow"] = _METHODS
                return problem
            case httptools.HttpParserCallbackError():
                cause = error.__context__
                if isinstance(cause, _RefusedHead):
                    return cause.problem
                return invalid("", "the address is not valid")
            case httptools.HttpParserInvalidURLError():
                return invalid("", "the address is not valid")
            case _:
                # The parser's own sentence; it contains nothing of the request.
                return invalid("", f"not HTTP: {error}")

    def _refuse(self, problem: Problem) -> None:
        """Answer in turn, as the last answer of this connection."""
        self._is_refused = True
        self._deadline = _NEVER
        if self.transport.is_closing():
            return
        if self._is_in_body and self.cycle.response_started:
            self._end_answered()
            return
        has_to_wait = self._abandon() if self._is_in_body else self._is_working()
        cycle = self._refusal(problem)
        self.cycle = cycle
        if has_to_wait:
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start_asgi_task(cycle, self.app)

    def _is_working(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's None before the first request
        return cycle is not None and not cycle.response_complete

    def _end_answered(self) -> None:
        """A request whose answer has begun gets no second one."""
        if self.cycle.response_complete:
            self.linger()
        else:
            self.transport.close()

    def _abandon(self) -> bool:
        """End the request whose body is broken; return whether an earlier one is in work."""
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
            return True
        return False

    def _check(self) -> None:
        """Close or abort the connection when its time is over."""
        now = self.loop.time()
        self._check_handle = self.loop.call_later(CHECK_SECONDS, self._check)
        if self.flow.read_paused:
            self._deadline += CHECK_SECONDS
        if self.transport.is_closing() and self._stalled_since is None:
            self._stalled_since = now
        if self._stalled_since is not None and now >= self._stalled_since + STALLED_ANSWER_SECONDS:
            self.transport.abort()
        elif now >= self._deadline:
            self._end_overdue()

    def _end_overdue(self) -> None:
        self._deadline = _NEVER
        if self._is_in_head and not self._is_refused:
            self._refuse(Problem("REQUEST_TIMEOUT"))
        else:
            self.transport.close()

    def _refusal(self, problem: Problem) -> RequestResponseCycle:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "state": {},
            "method": "GET",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": self.headers if self._is_in_head else [],
            REFUSAL: problem,
        }
        return RequestResponseCycle(
            scope=cast(Any, scope),
            transport=cast(asyncio.Transport, _LastAnswer(self)),
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=lambda: None,
        )
