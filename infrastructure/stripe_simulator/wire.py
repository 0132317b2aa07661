"""Reads requests and writes answers over plain ASGI; bounds bodies and breaks connections."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, TypeAlias

import msgspec

from infrastructure.stripe_simulator.errors import ApiError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ABORT_EXTENSION = "stripe_simulator.abort"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, read whole."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    origin: str


class Answer(msgspec.Struct):
    """One HTTP answer; with `broken` the client does not receive all of it."""

    status: int
    body: bytes
    headers: dict[str, str]
    broken: Literal["", "lost", "truncated"] = ""


def json_answer(status: int, content: Any) -> Answer:
    return Answer(status, msgspec.json.encode(content), {"Content-Type": "application/json"})


def html_answer(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def see_other(location: str) -> Answer:
    """Return a 303, after a form of the hosted page."""
    return Answer(303, b"", {"Location": location})


async def read(scope: Scope, receive: Receive, limit: int) -> Request:
    """Return the request with its body, or a 413 once the body passes the limit."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            raise ApiError(413, "Request entity too large")
        if not message.get("more_body", False):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host, port = scope.get("server") or ("127.0.0.1", None)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
        origin=f"http://{host}" + (f":{port}" if port else ""),
    )


async def write(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer, or as much of it as the fault lets through."""
    if answer.broken == "lost":
        await _abort(scope, receive)
        return
    headers = [(b"content-length", str(len(answer.body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.broken == "truncated":
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _abort(scope, receive)
        return
    await send({"type": "http.response.body", "body": answer.body})


async def _abort(scope: Scope, receive: Receive) -> None:
    """Abort the connection and wait until the server has noticed."""
    extension = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if extension is None:
        raise ConnectionResetError("the simulated connection was lost")
    extension["abort"]()
    while (await receive())["type"] != "http.disconnect":
        continue
