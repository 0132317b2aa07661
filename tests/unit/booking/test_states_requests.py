"""What the page of states says about requests holds: route, fields, and who may send them."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
import pytest

from application.booking.answer_disruption import answer_disruption
from application.booking.cancel_booking import cancel_booking
from application.booking.check_in import board_passengers, check_in_passengers
from application.booking.close_flight import close_flight
from application.booking.grant_refund import grant_refund
from application.booking.hold_booking import hold_booking
from application.booking.offload_passengers import offload_passengers
from application.booking.open_checkout import open_checkout
from application.caller import Caller
from application.identity.ports import Principal
from domain.booking.rejections import BookingNotFound, NothingToAnswer
from domain.identity import roles
from domain.identity.rejections import NotAllowed
from domain.kernel.rejections import Rejection
from tests.support import states_page, states_requests
from tests.support.named_party import OWNER, NamedParty
from tests.support.states_requests import Request

Sent = Callable[[Any, Caller, str], Awaitable[Any]]
# The use case of each request, with any arguments that it accepts.
USE_CASES: dict[str, Sent] = {
    "/api/bookings/{id}/hold": lambda *a: hold_booking(*a, waitlist=True),
    "/api/bookings/{id}/cancel": lambda *a: cancel_booking(*a, quote_id="q", reason="other"),
    "/api/bookings/{id}/disruption": lambda *a: answer_disruption(
        *a, choice="refund", segment=0, quote_id=None
    ),
    "/api/bookings/{id}/checkout": lambda *a: open_checkout(*a),
    "/api/bookings/{id}/check-in": lambda *a: check_in_passengers(*a, segment=0, passengers=None),
    "/api/bookings/{id}/board": lambda *a: board_passengers(*a, segment=0, passengers=None),
    "/api/bookings/{id}/offload": lambda *a: offload_passengers(
        *a, segment=0, passengers=None, reason="ill", fault="airline"
    ),
    "/api/bookings/{id}/no-show": lambda *a: close_flight(*a, segment=0),
    "/api/admin/bookings/{id}/refund": lambda *a: grant_refund(*a, reason="kind", amount=100),
}
ABOUT_A_BOOKING = [each for each in states_requests.ALL if each.path != states_requests.CREATE]


def is_admitted(request: Request, principal: Principal) -> bool:
    """Whether route and use case let the principal try it on the booking of OWNER."""
    permission = states_requests.permission_of(request)
    if permission is not None and not roles.may(principal.role, permission):
        return False
    party = NamedParty(("ADT", "Noura"))
    caller = Caller(principal, uuid.uuid4(), b"", "cor", deadline=1e12, may_repeat=False)
    try:
        asyncio.run(_send(USE_CASES[request.path], party, caller))
    except (NotAllowed, BookingNotFound):
        return False
    except Rejection:
        return True
    return True


async def _send(use_case: Sent, party: NamedParty, caller: Caller) -> None:
    await use_case(party.ports, caller, party.booking_id)


@pytest.mark.parametrize("role", roles.ROLES)
def test_the_gate_accepts_new_times_for_passengers_and_gives_no_refund(role: roles.Role) -> None:
    def answer(choice: Literal["accept", "refund"]) -> bool:
        party = NamedParty(("ADT", "Noura"))
        caller = Caller(
            Principal("user_other", role), uuid.uuid4(), b"", "cor", deadline=1e12, may_repeat=False
        )
        try:
            asyncio.run(
                answer_disruption(
                    party.ports, caller, party.booking_id, choice=choice, segment=0, quote_id=None
                )
            )
        except (NotAllowed, BookingNotFound):
            return False
        except NothingToAnswer:
            return True
        return True

    assert answer("accept") == (role in {"gate", "support", "admin"})
    assert answer("refund") == (role in {"support", "admin"})


@pytest.mark.parametrize("role", roles.ROLES)
@pytest.mark.parametrize("request_", ABOUT_A_BOOKING, ids=lambda each: each.words())
def test_a_request_is_open_to_the_roles_that_the_page_names_and_to_no_other(
    request_: Request, role: roles.Role
) -> None:
    assert is_admitted(request_, Principal("user_other", role)) == (role in request_.who())


@pytest.mark.parametrize("request_", ABOUT_A_BOOKING, ids=lambda each: each.words())
def test_a_request_is_open_to_the_owner_where_the_page_says_so(request_: Request) -> None:
    assert is_admitted(request_, OWNER) == request_.by_owner


@pytest.mark.parametrize("request_", states_requests.ALL, ids=lambda each: each.words())
def test_each_request_has_the_fields_that_the_page_names(request_: Request) -> None:
    if not request_.fields:
        assert states_requests.permission_of(request_) in {None, *roles.PERMISSIONS}
        return
    known = {
        each.encode_name: each for each in msgspec.structs.fields(states_requests.body_of(request_))
    }
    for name, value in request_.fields.items():
        assert msgspec.convert(value, known[name].type) == value


def test_the_page_names_each_request_with_those_who_may_send_it() -> None:
    page = states_page.page()
    for request in states_requests.ALL:
        assert f"{request.words()} ({', '.join(request.who())})" in page
