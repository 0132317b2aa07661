"""Turns errors and rejections into answers, by the table of `problem_kinds.py`.

Every answer that is not 2xx is the flat object of `ProblemBody`; the client sees nothing of an
unexpected error, and its log line shows frames and types but no values.
"""

import functools
import logging
import traceback
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from application import telemetry
from application.booking.open_checkout import CheckoutDelayed
from application.caller import Language
from application.identity.ports import TokenExpired, TokenRefused
from application.payment.gateway import (
    GatewayFailure,
    GatewayMisconfigured,
    GatewayRejected,
    GatewayTimeout,
    GatewayUnavailable,
)
from application.ports import StreamArchived, Unavailable
from domain.kernel.rejections import Rejection
from interfaces.http import reason_words
from interfaces.http.answers import Answered, with_head
from interfaces.http.correlation import correlation_of
from interfaces.http.problem_kinds import KINDS

logger = logging.getLogger("ais.http")


CODES_BY_STATUS: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_TIMEOUT",
    413: "VALIDATION_ERROR",
    415: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    503: "SERVICE_UNAVAILABLE",
}

Details = Mapping[str, str | int]
# The member of a scope by which the server asks the application to answer with this problem.
REFUSAL = "ais.refusal"
PROVIDER_RETRY_SECONDS = 2
MISCONFIGURED_RETRY_SECONDS = 60


class Problem(Exception):
    """Raised at the edge: a code of the table, with what is particular to this request."""

    def __init__(
        self,
        code: str,
        *,
        details: Details | None = None,
        status: int | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.details = details or {}
        self.status = status or KINDS[code].status
        self.headers: dict[str, str] = {}
        if retry_after_seconds is not None:
            self.headers["retry-after"] = str(retry_after_seconds)
        if self.status == 401:
            self.headers["www-authenticate"] = "Bearer"


class ProblemBody(msgspec.Struct, rename="camel", frozen=True):
    """What a client reads when something was refused or failed."""

    code: str
    message: str
    correlation_id: str
    retryable: bool
    details: Details


def invalid(field: str, reason: str, *, status: int = 400) -> Problem:
    """A VALIDATION_ERROR about one field, named as the client wrote it; "" is the whole body."""
    return Problem("VALIDATION_ERROR", status=status, details={"field": field, "reason": reason})


def in_plain_words(reason: str) -> str:
    """What a library says of a refused value, without its marks for code, and with the pattern as
    the document has it.
    """
    return reason.replace("`", "").replace(r"(?!\\n)", "")


def answer(request: Request[Any, Any, Any], error: Exception) -> Answered[ProblemBody]:
    """The answer to any exception; a bug is logged with its frames."""
    return rendered(as_problem(error, request), request)


def rendered(problem: Problem, request: Request[Any, Any, Any]) -> Answered[ProblemBody]:
    """Return the answer of this problem."""
    headers = dict(request.scope["headers"])
    body = body_of(problem, correlation_of(request.scope), headers.get(b"accept-language", b""))
    return Answered(body, status_code=problem.status, headers=problem.headers)


def body_of(problem: Problem, correlation_id: str, accept_language: bytes) -> ProblemBody:
    """The flat object in the language that the client prefers."""
    kind = KINDS[problem.code]
    words = reason_words.words_of(problem.code, str(problem.details.get("reason", ""))) or kind
    return ProblemBody(
        code=problem.code,
        message=words.arabic if prefers_arabic(accept_language[:256]) else words.english,
        correlation_id=correlation_id,
        retryable=kind.retryable,
        details=problem.details,
    )


def as_problem(error: Exception, request: Request[Any, Any, Any]) -> Problem:
    """Return the problem of an exception; an unknown one is a bug and is logged."""
    match error:
        case Problem():
            return error
        case Rejection():
            return Problem(
                error.code,
                details=error.parameters,
                retry_after_seconds=error.retry_after_seconds,
            )
        case Unavailable():
            return _unavailable(error)
        case StreamArchived():
            return Problem("ARCHIVED")
        case CheckoutDelayed():
            return _delayed(error)
        case GatewayFailure():
            return _from_gateway(error, request)
        case TokenExpired():
            return Problem("TOKEN_EXPIRED")
        case TokenRefused():
            return Problem("UNAUTHORIZED")
        case HTTPException() if error.status_code in CODES_BY_STATUS:
            return _from_framework(error, request)
        case _:
            _log_bug(error, request)
            return Problem("INTERNAL_ERROR")


def _unavailable(error: Unavailable) -> Problem:
    """An adapter's Unavailable may name a narrower code (`PROVIDER_TIMEOUT`) in `code`."""
    code = str(getattr(error, "code", "SERVICE_UNAVAILABLE"))
    return Problem(code, details=error.details, retry_after_seconds=error.retry_after_seconds)


def _delayed(error: CheckoutDelayed) -> Problem:
    """A payment that Stripe did not begin: it is opened later, and the seats stay held."""
    until = error.held_until
    held = {} if until is None else {"heldUntil": until.isoformat().replace("+00:00", "Z")}
    if isinstance(error.failure, GatewayTimeout):
        return Problem(
            "PROVIDER_TIMEOUT",
            details={"reason": "payment_delayed", **held},
            retry_after_seconds=PROVIDER_RETRY_SECONDS,
        )
    return Problem(
        "PROVIDER_ERROR",
        details={"reason": "payment_delayed", **held},
        retry_after_seconds=PROVIDER_RETRY_SECONDS,
    )


def _from_gateway(error: GatewayFailure, request: Request[Any, Any, Any]) -> Problem:
    """The payment provider failed within a request."""
    match error:
        case GatewayTimeout():
            return Problem("PROVIDER_TIMEOUT", retry_after_seconds=PROVIDER_RETRY_SECONDS)
        case GatewayUnavailable():
            return Problem("PROVIDER_ERROR", retry_after_seconds=PROVIDER_RETRY_SECONDS)
        case GatewayRejected():
            return Problem("PAYMENT_FAILED", details={"reason": error.code})
        case GatewayMisconfigured():
            # Nobody can pay until an operator has set the key or its rights: an alarm.
            logger.critical(
                "Stripe refuses our key, its rights or a reused idempotency key, "
                "correlation id %s: %s",
                correlation_of(request.scope),
                error,
            )
            return Problem("PROVIDER_ERROR", retry_after_seconds=MISCONFIGURED_RETRY_SECONDS)
        case _:
            _log_bug(error, request)
            return Problem("INTERNAL_ERROR")


def _from_framework(error: HTTPException, request: Request[Any, Any, Any]) -> Problem:
    details: dict[str, str | int] = {}
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        first = error.extra[0]
        if first.get("key") == "data":  # the framework's text for a missing body
            return invalid("", "not JSON")
        field = name_on_the_wire(str(first.get("key", "")), request.scope["route_handler"])
        details = {"field": field, "reason": in_plain_words(str(first.get("message", "")))}
    elif isinstance(error, ValidationException) and isinstance(error.__cause__, KeyError):
        # A required parameter; the framework names it in its sentence only.
        return invalid(str(error.__cause__.args[0]), "missing")
    problem = Problem(CODES_BY_STATUS[error.status_code], status=error.status_code, details=details)
    allow = (error.headers or {}).get("allow")
    if allow:
        problem.headers["allow"] = with_head(allow)
    return problem


def name_on_the_wire(parameter: str, handler: BaseRouteHandler) -> str:
    """Return a parameter of a route's function as the client writes it: `asOf` for `as_of`."""
    hints = get_type_hints(handler.fn, include_extras=True)
    described = getattr(hints.get(parameter), "__metadata__", ())
    names = (each.name for each in described if isinstance(each, QueryParameter))
    return next((name for name in names if name), parameter)


def _log_bug(error: Exception, request: Request[Any, Any, Any]) -> None:
    """Frames and types of the whole chain; messages may contain personal data and are left out."""
    telemetry.report(error)
    chain = traceback.TracebackException.from_exception(error)
    lines: list[str] = []
    current: traceback.TracebackException | None = chain
    for _ in range(10):
        if current is None:
            break
        lines.append(current.exc_type.__qualname__ if current.exc_type else "?")
        lines.extend(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in current.stack)
        current = current.__cause__ or current.__context__
    logger.error(
        "unexpected error, correlation id %s, %s %s\n%s",
        correlation_of(request.scope),
        request.scope["method"],
        request.scope.get("path_template", "?"),
        "\n".join(lines),
    )


@functools.lru_cache(256)
def prefers_arabic(accept_language: bytes) -> bool:
    """Whether Arabic precedes English in an `Accept-Language` (RFC 9110, 12.5.4)."""
    return preferred_language(accept_language) == "ar"


def preferred_language(accept_language: bytes) -> Language | None:
    """Return the preferred one of Arabic and English; None where neither is accepted."""
    weights = {"ar": 0.0, "en": 0.0}
    for part in accept_language.decode("latin-1").lower().split(","):
        language, *parameters = part.strip().split(";")
        primary = language.strip().partition("-")[0]
        if primary in weights:
            weights[primary] = max(weights[primary], _weight(parameters))
    if weights["ar"] == weights["en"] == 0:
        return None
    return "ar" if weights["ar"] > weights["en"] else "en"


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
