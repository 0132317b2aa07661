"""Which problems a route answers with: derived from what it declares, never listed by route.

The rules name more than a route can give where they cannot know better: a client that handles what
the document lists handles all that comes.
"""

from collections.abc import Iterator, Mapping

import msgspec

from interfaces.http.auth import Admission
from interfaces.http.openapi import security
from interfaces.http.problem_kinds import KINDS

# Statuses of a code that the table of problems lists with another one.
TOO_LARGE, NO_JSON = 413, 415
_COMMAND = ("BOOKING_CONFLICT", "INVALID_STATE_TRANSITION", "IDEMPOTENCY_CONFLICT")
_STRIPE = ("PAYMENT_FAILED", "PAYMENT_PROCESSING", "PROVIDER_ERROR", "PROVIDER_TIMEOUT")
_OWN_ERASURE = "/api/me/erasure"
# What the body names, or the caller has asked for, may not be there.
_LOOKING_FOR = ("/api/bookings/find", "/api/admin/schedule", _OWN_ERASURE)
# What these name is a stream of the log.
_ARCHIVED = (
    *("/api/bookings/{", "/api/flights/{", "/api/credits/{", "/api/gift-cards/{"),
    *("/api/admin/bookings/{", "/api/admin/flights/{", "/api/admin/payments/{"),
    *("/api/admin/claims/{", "/api/admin/credits/{"),
)
_BOOKING = ("SEATS_UNAVAILABLE", "PAYMENT_REQUIRED", "BOOKING_EXPIRED")


class Declared(msgspec.Struct, frozen=True):
    """What a route declares, as far as problems follow from it; `members` are those of its body."""

    path: str
    method: str
    admission: Admission | None
    has_body: bool
    is_keyed: bool
    members: frozenset[str]
    details_on_503: bool = False


def codes_by_status(route: Declared) -> Mapping[int, tuple[str, ...]]:
    """Return the codes of the problems that the route may answer with, by status in order."""
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys(_codes(route)):
        found.setdefault(KINDS[code].status, []).append(code)
    if route.has_body:
        found[TOO_LARGE] = found[NO_JSON] = ["VALIDATION_ERROR"]
    return {status: tuple(found[status]) for status in sorted(found)}


def _codes(route: Declared) -> Iterator[str]:
    yield from ("VALIDATION_ERROR", "HEADERS_TOO_LARGE", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE")
    if route.has_body:
        yield "REQUEST_TIMEOUT"
    if "{" in route.path or route.path in _LOOKING_FOR:
        yield "NOT_FOUND"
    if route.path.startswith(_ARCHIVED):
        yield "ARCHIVED"
    if route.admission is None:
        return
    yield from ("NOT_ACCEPTABLE", "RATE_LIMITED")
    if route.path.startswith("/api/auth"):
        yield "UNAUTHORIZED"
    if route.path == security.REFRESHES:
        yield "FORBIDDEN"
    if route.admission.signed_in:
        yield from ("UNAUTHORIZED", "TOKEN_EXPIRED", "FORBIDDEN")
    yield from _refused_changes(route, route.admission)


def _refused_changes(route: Declared, admission: Admission) -> Iterator[str]:
    """What a command, or the quote in front of it, is refused for."""
    if route.method == "GET":
        return
    if route.path.startswith("/api/admin/clients/"):
        yield "INVALID_STATE_TRANSITION"
    if {"quoteId", "flightId", "flightIds", "booking", "seats", "code", "bookings"} & route.members:
        yield from ("NOT_FOUND", "ARCHIVED")
    if {"flightId", "flightIds", "seats"} & route.members:
        yield "SEATS_UNAVAILABLE"
    if route.path.endswith(("-quote", "/preview")) or route.path == "/api/quotes":
        yield "INVALID_STATE_TRANSITION"
    if route.path in (_OWN_ERASURE, "/api/admin/subscriptions"):
        yield "INVALID_STATE_TRANSITION"
    if route.path.startswith(("/api/auth/totp", "/api/admin/users")):
        yield "INVALID_STATE_TRANSITION"
    if route.path.startswith("/api/admin/users"):
        yield "NOT_FOUND"
    if route.is_keyed:
        yield from _COMMAND
    if "quoteId" in route.members:
        yield "QUOTE_EXPIRED"
    if route.path.startswith("/api/bookings"):
        yield from _BOOKING
    if "payment" in admission.limits:
        yield from (*_STRIPE, "BOOKING_EXPIRED")
    if admission.permission in {"override_refund", "reconcile"}:
        yield from (*_STRIPE, "INVALID_STATE_TRANSITION", "REFUND_EXCEEDS_CAPTURED")
