"""When a refused client should try again, and which routes maintenance serves."""

import datetime as dt

import pytest

from domain.modes.modes import ModeOn, require_end_ahead, retry_after_seconds
from domain.modes.rejections import EndNotAhead
from interfaces.http.app import ROUTES
from interfaces.http.maintenance import READING

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
SECOND, DAY = dt.timedelta(seconds=1), dt.timedelta(days=1)
# What may change something during maintenance; everything else that is not GET is refused.
SERVED = {
    "/api/admin/bookings/find",
    "/api/admin/modes/maintenance",
    "/api/admin/modes/payments",
    "/api/admin/policies/{policy:str}/preview",
    "/api/auth/login",
    "/api/auth/logout",
    "/api/auth/logout-all",
    "/api/auth/mfa",
    "/api/auth/mobile-login",
    "/api/auth/refresh",
    "/api/auth/secure-account",
    "/api/auth/sessions",
    "/api/auth/sessions/{session_id:str}",
    "/api/bookings/find",
    "/api/bookings/{booking_id:str}/cancellation-quote",
    "/api/bookings/{booking_id:str}/extra-refund-quote",
    "/api/bookings/{booking_id:str}/extras-quote",
    "/api/bookings/{booking_id:str}/modification-quote",
    "/api/flights/search",
    "/api/quotes",
    "/api/webhooks/stripe",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/token",
}


def _maintenance(until: dt.datetime | None) -> ModeOn:
    return ModeOn("maintenance", NOW - DAY, "operator", "a test", until)


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        (None, 30),
        (NOW - DAY, 30),
        (NOW, 30),
        (NOW + 0.5 * SECOND, 1),
        (NOW + 90.5 * SECOND, 91),
        (NOW + DAY, 600),
    ],
)
def test_a_client_tries_again_at_the_planned_end_but_within_ten_minutes(
    until: dt.datetime | None, seconds: int
) -> None:
    assert retry_after_seconds(_maintenance(until), NOW) == seconds


def test_a_planned_end_is_within_seven_days_from_now() -> None:
    for until in (None, NOW + SECOND, NOW + 7 * DAY):
        require_end_ahead(until, NOW)
    for until in (NOW, NOW - SECOND, NOW + 7 * DAY + SECOND):
        with pytest.raises(EndNotAhead):
            require_end_ahead(until, NOW)


def test_the_routes_that_maintenance_serves_are_these_and_no_others() -> None:
    changing = [route for route in ROUTES if not route.http_methods <= READING]
    served = [route for route in changing if route.opt.get("served_in_maintenance")]
    assert {path for route in served for path in route.paths} == SERVED
    assert len(changing) > 3 * len(served)
