"""Unpaid seats of an account and of an address, on all flights together."""

import uuid

import pytest

from application.booking.unpaid_seats import UnpaidSeatLimits, UnpaidSeats
from application.caller import Caller
from application.identity.ports import Principal
from application.rate_limit import Limit
from domain.identity.roles import Role
from domain.inventory.rejections import TooManyUnpaidSeats
from interfaces.http import security_events
from interfaces.http.rate_limit import RateLimiter
from tests.support.http_client import GENEROUS, MemoryTokenStore, Seconds

LIMITS = UnpaidSeatLimits(flight=9, account=18, address=27)


@pytest.fixture
def seats() -> UnpaidSeats:
    time = Seconds()
    windows = {
        **GENEROUS,
        "unpaid_account": Limit(18, 900),
        "unpaid_agency": Limit(90, 900),
        "unpaid_address": Limit(27, 900),
    }
    return UnpaidSeats(LIMITS, RateLimiter(windows, MemoryTokenStore(time), monotonic=time))  # type: ignore[arg-type]  # literal keys


def caller(user: str, role: Role = "customer", address: str = "198.51.100.7") -> Caller:
    return Caller(
        principal=Principal(user, role),
        command_id=uuid.uuid4(),
        fingerprint=b"",
        correlation_id="c",
        deadline=0.0,
        address=address,
    )


async def held(seats: UnpaidSeats, who: Caller, count: int = 9) -> None:
    with await seats.take(who, count):
        pass


async def test_an_account_holds_no_more_seats_in_the_life_of_a_hold(seats: UnpaidSeats) -> None:
    await held(seats, caller("one"))
    await held(seats, caller("one", address="203.0.113.9"))
    with pytest.raises(TooManyUnpaidSeats) as refused:
        await held(seats, caller("one", address="203.0.113.77"), 1)
    assert refused.value.parameters == {"reason": "unpaid_seats_account", "limit": 18}
    assert refused.value.retry_after_seconds == 900
    assert security_events.refused_access(refused.value) == "limit_reached"
    with pytest.raises(TooManyUnpaidSeats) as again:
        await held(seats, caller("one"), 1)
    assert security_events.refused_access(again.value) is None


async def test_many_accounts_at_one_address_are_limited_together(seats: UnpaidSeats) -> None:
    for user in ("one", "two", "three"):
        await held(seats, caller(user))
    with pytest.raises(TooManyUnpaidSeats) as refused:
        await held(seats, caller("four"), 1)
    assert refused.value.parameters["reason"] == "unpaid_seats_address"
    await held(seats, caller("four", address="203.0.113.9"))


async def test_seats_of_a_refused_request_are_released(seats: UnpaidSeats) -> None:
    for _ in range(10):
        with pytest.raises(LookupError), await seats.take(caller("one"), 9):
            raise LookupError
    for user in ("one", "two", "three"):
        await held(seats, caller(user))
    with pytest.raises(TooManyUnpaidSeats):
        await held(seats, caller("four"))
    await held(seats, caller("four", address="203.0.113.9"), 18)


async def test_a_travel_agent_has_five_times_as_many_and_staff_no_limit(
    seats: UnpaidSeats,
) -> None:
    for _ in range(10):
        await held(seats, caller("agency", "agent"))
        await held(seats, caller("admin", "admin"))
    with pytest.raises(TooManyUnpaidSeats):
        await held(seats, caller("agency", "agent"), 1)
    await held(seats, caller("admin", "admin"))
    assert [seats.of_flight(caller("x", role)) for role in ("customer", "agent", "support")] == [
        9,
        45,
        None,
    ]
