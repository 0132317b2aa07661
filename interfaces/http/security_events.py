"""Refused attempts leave a security event: forged tokens, 403s, other customers' bookings,
references and surnames that open no booking, and limits that were reached, once for each window.

The answer is made as for every other error. What is recorded is who (by id), which route and the
client's address as an index; nothing that the client wrote.
"""

from typing import Any

from litestar import Request

from application.identity.ports import Principal, RefusedAccess
from domain.booking.rejections import FindRefused, ForeignBooking
from domain.identity.rejections import NotAllowed, RefreshTokenForged
from domain.inventory.rejections import TooManyUnpaidSeats
from interfaces.http import problems
from interfaces.http.answers import Answered
from interfaces.http.auth import ForgedToken, address_of
from interfaces.http.problems import Problem, ProblemBody
from interfaces.http.rate_limit import LimitReached
from interfaces.http.strict_request import StrictRequest


def answer(request: Request[Any, Any, Any], error: Exception) -> Answered[ProblemBody]:
    """The answer to any exception; a refused attempt is recorded."""
    happened = refused_access(error)
    if happened is not None:
        assert isinstance(request, StrictRequest)
        user: Principal | None = request.scope.get("user")
        request.ports.security_record.note(
            happened,
            user_id=None if user is None else user.user,
            route=f"{request.scope['method']} {request.scope['path_template']}",
            address=address_of(request),
            correlation_id=request.correlation_id,
        )
    return problems.answer(request, error)


def refused_access(error: Exception) -> RefusedAccess | None:
    """What the error says of an attempt to get at what is not the caller's."""
    match error:
        case ForgedToken() | RefreshTokenForged():
            return "token_refused"
        case ForeignBooking():
            return "foreign_booking"
        case FindRefused():
            return "find_refused"
        case LimitReached() | TooManyUnpaidSeats():
            return "limit_reached" if error.is_first else None
        case NotAllowed():
            return "permission_refused"
        case Problem() if error.code == "FORBIDDEN":
            return "permission_refused"
        case _:
            return None
