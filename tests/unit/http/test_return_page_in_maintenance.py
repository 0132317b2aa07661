"""The page after the checkout asks Stripe nothing while nothing may be changed."""

import pytest

from domain.modes.modes import ModeOn
from tests.support.returning_traveller import Returning


@pytest.mark.parametrize("page", ["paid", "unpaid"])
async def test_stripe_is_not_asked_while_nothing_may_be_changed(page: str) -> None:
    returning = Returning()
    booking = returning.checked_out()
    maintenance = ModeOn("maintenance", returning.airline.clock(), "operator", "a drill", None)
    current = returning.edge.app.ports.modes.current
    current.replace({"maintenance": maintenance})
    try:
        assert (await returning.see(f"/{page}/{booking}")).status_code == 200
        assert returning.stripe.attempts == []
    finally:
        current.replace({})
    await returning.see(f"/{page}/{booking}")
    assert len(returning.stripe.attempts) == 1
