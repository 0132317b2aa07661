"""What a booking tells its payer after a declined card, and that it stops when it is paid."""

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer
from tests.support.running_system import System

CARDS = {
    "pm_card_chargeDeclined": ("bank_refused", "contact_your_bank"),
    "pm_card_chargeDeclinedStolenCard": ("bank_refused", "contact_your_bank"),
    "pm_card_chargeDeclinedLostCard": ("bank_refused", "contact_your_bank"),
    "pm_card_chargeDeclinedInsufficientFunds": ("limit_reached", "try_another_card"),
    "pm_card_chargeDeclinedExpiredCard": ("card_not_accepted", "try_another_card"),
    "pm_card_chargeDeclinedIncorrectCvc": ("details_wrong", "check_the_card_details"),
    "pm_card_chargeDeclinedProcessingError": ("temporary", "wait_and_try_again"),
}


@pytest.mark.parametrize("card", CARDS)
async def test_a_declined_card_says_what_to_do_until_another_one_pays(
    system: System, customer: Customer, card: str
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=2)])
    assert booking["decline"] is None
    session = await customer.on(booking["id"], "checkout")
    await customers.press(session["checkoutUrl"], "pay", card=card)
    declined = await customer.until(booking["id"], lambda found: found["decline"] is not None)
    kind, next_step = CARDS[card]
    assert (declined["status"], declined["decline"]["kind"]) == ("reserved", kind)
    assert declined["decline"]["nextStep"] == next_step
    assert set(declined["decline"]["text"]) == {"en", "ar"}
    whole = str(declined) + str(await customer.history(booking["id"]))
    assert not any(word in whole.lower() for word in ("stolen", "lost_card", "lost card", "fraud"))
    await customers.press(session["checkoutUrl"], "pay")
    paid = await customer.becomes(booking["id"], "confirmed")
    assert paid["decline"] is None


async def test_the_last_of_several_cards_counts(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=2)])
    session = await customer.on(booking["id"], "checkout")
    for card in ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedIncorrectCvc"):
        await customers.press(session["checkoutUrl"], "pay", card=card)
        kind = CARDS[card][0]
        await customer.until(
            booking["id"], lambda found, kind=kind: (found["decline"] or {}).get("kind") == kind
        )
