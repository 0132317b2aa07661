"""The requests by which people move a booking: route, fields, and who may send them.

Rule: the permission of a route is read from the route; what the use case asks of people who do not
own the booking is written here, and a test tries each role on the use case.
"""

import inspect
import re
from typing import Any, cast, get_type_hints

import msgspec

from domain.identity import roles
from interfaces.http import auth
from interfaces.http.app import ROUTES


class Request(msgspec.Struct, frozen=True):
    """A route with `{id}` for the booking, and the fields that select the step.

    `by_owner` is whether the owner of the booking may send it, `by_others` the permission by which
    others may; None: nobody else.
    """

    path: str
    fields: dict[str, Any] = {}
    by_owner: bool = True
    by_others: roles.Permission | None = None

    def words(self) -> str:
        """Route and fields as a reader sends them."""
        shown = [
            f"`{name}: {msgspec.json.encode(value).decode()}`"
            for name, value in self.fields.items()
        ]
        return f"`POST {self.path}`" + (f" with {', '.join(shown)}" if shown else "")

    def who(self) -> list[str]:
        """The owner, and the roles that may send it for others."""
        return [*(["the owner"] if self.by_owner else []), *others(self)]


def others(request: Request) -> tuple[roles.Role, ...]:
    """The roles that may send the request about a booking of others."""
    needed = {permission_of(request), request.by_others} - {None}
    if request.by_others is None:
        return ()
    return tuple(
        role for role in roles.ROLES if all(roles.may(role, cast(Any, each)) for each in needed)
    )


def permission_of(request: Request) -> roles.Permission | None:
    """The permission that the route asks for before anything else."""
    admission = _handler(request.path).opt["admission"]
    assert isinstance(admission, auth.Admission)
    assert admission.signed_in
    return admission.permission


def body_of(request: Request) -> type[msgspec.Struct]:
    """The type of the body that the route reads."""
    function = inspect.unwrap(_handler(request.path).fn)
    named = re.search(r"optional_json\((\w+)\)", inspect.getsource(function))
    found = function.__globals__[named[1]] if named else get_type_hints(function)["data"]
    assert issubclass(found, msgspec.Struct)
    return found


def _handler(path: str) -> Any:
    fitting = [
        handler
        for handler in ROUTES
        for each in handler.paths
        if "POST" in handler.http_methods and re.sub(r"{booking_id:\w+}", "{id}", each) == path
    ]
    (found,) = fitting
    return found


CREATE = "/api/bookings"
HOLD = "/api/bookings/{id}/hold"
CANCEL = Request("/api/bookings/{id}/cancel", by_others="change_any_booking")
REFUND_DISRUPTION = Request(
    "/api/bookings/{id}/disruption", {"choice": "refund"}, by_others="change_any_booking"
)
CHECKOUT = Request("/api/bookings/{id}/checkout", by_others="see_any_booking")
CHECK_IN = Request("/api/bookings/{id}/check-in", by_others="handle_passengers")
BOARD = Request("/api/bookings/{id}/board", by_owner=False, by_others="handle_passengers")
OFFLOAD = Request("/api/bookings/{id}/offload", by_owner=False, by_others="handle_passengers")
CLOSE = Request("/api/bookings/{id}/no-show", by_owner=False, by_others="handle_passengers")
GRANT = Request("/api/admin/bookings/{id}/refund", by_owner=False, by_others="override_refund")
WAITLIST = (
    Request(CREATE, {"mode": "waitlist"}),
    Request(HOLD, {"waitlist": True}, by_others="change_any_booking"),
)
HOLD_SEATS = (
    Request(CREATE, {"mode": "hold"}),
    Request(HOLD, {"waitlist": False}, by_others="change_any_booking"),
)
# A part or the whole of a booking with tickets, whose passengers are not on board.
TICKETED = (CANCEL, REFUND_DISRUPTION, OFFLOAD)
ALL = (
    *(*WAITLIST, *HOLD_SEATS, CANCEL, REFUND_DISRUPTION, CHECKOUT),
    *(CHECK_IN, BOARD, OFFLOAD, CLOSE, GRANT),
)
