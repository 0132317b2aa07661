"""Who may travel together, how long a hold runs, and what the owner may do next."""

import datetime as dt

import pytest

from domain.booking import rejections, rules
from domain.booking.state import Booking, evolve
from domain.kernel.events import DomainEvent
from domain.pricing.price import PassengerType
from tests.support import examples, scenario
from tests.support.examples import HOLD_UNTIL, NOW, draft


def booking(*events: DomainEvent) -> Booking:
    state = scenario.given(evolve, draft(), *events).state
    assert state is not None
    return state


@pytest.mark.parametrize(
    "party", [["ADT"], ["ADT"] * 9, ["ADT", "INF"], ["INF", "CHD", "ADT"], ["ADT"] + ["CHD"] * 8]
)
def test_a_party_with_an_adult_and_a_lap_for_each_infant_is_fit(
    party: list[PassengerType],
) -> None:
    rules.require_fit_party(party)


@pytest.mark.parametrize(
    ("party", "reason"),
    [
        ([], "count"),
        (["ADT"] * 10, "count"),
        (["ADT"] * 5 + ["INF"] * 5, "count"),
        (["CHD"], "adult_missing"),
        (["INF"], "adult_missing"),
        (["CHD", "INF"], "adult_missing"),
        (["ADT", "INF", "INF"], "infant_without_lap"),
    ],
)
def test_any_other_party_is_refused(party: list[PassengerType], reason: str) -> None:
    with pytest.raises(rejections.PassengersUnfit) as refused:
        rules.require_fit_party(party)
    assert refused.value.parameters["reason"] == reason


def test_an_unpaid_booking_can_be_paid_until_its_hold_ends() -> None:
    reserved = booking(examples.RESERVED)
    just_before = HOLD_UNTIL - dt.timedelta(microseconds=1)
    assert rules.available_actions(reserved, now=just_before) == ("checkout",)
    assert rules.available_actions(reserved, now=HOLD_UNTIL) == ()


@pytest.mark.parametrize(
    "events",
    [
        (),
        (examples.RESERVED, examples.PAID),
        (examples.RESERVED, examples.PAID, examples.CONFIRMED),
        (examples.RESERVED, examples.EXPIRED),
    ],
)
def test_no_other_booking_can_be_paid(events: tuple[DomainEvent, ...]) -> None:
    assert rules.available_actions(booking(*events), now=NOW) == ()
