"""Rules that count when something is decided: what was decided before keeps what it got."""

import os

import pytest
from msgspec.structs import replace

from application.booking.correct_name import CorrectName
from domain.booking import rejections
from domain.credit import credits, gift_cards
from domain.credit.events import GiftCardPaid
from domain.credit.rejections import GiftCardAmountRefused
from domain.kernel import sealed
from domain.kernel.fold import fold
from domain.kernel.money import Money
from domain.policies.money_values import (
    CardAmounts,
    CreditLifetimes,
    CurrencyLeast,
    GiftCards,
    LeastCharges,
    NameCorrections,
)
from domain.pricing.rejections import AmountNotCollectable
from tests.support.gift_cards import bought, order
from tests.support.memory_airline import MemoryAirline
from tests.support.policies import publish


def cheaper_change(airline: MemoryAirline, number: int) -> str:
    """The credit of a booking in a class with that residue, which was changed to a cheaper one."""
    flight = airline.schedule(f"SV{number}", in_days=20, residue="credit")
    cheaper = airline.schedule(f"SV{number + 1}", in_days=21, fare=300_00, residue="credit")
    before = set(airline.log.streams)
    airline.exchange(airline.ticketed(flight), cheaper)
    (found,) = (each for each in set(airline.log.streams) - before if each.startswith("credit-"))
    return found


def test_a_credit_lasts_as_long_as_was_in_force_when_it_was_issued() -> None:
    airline = MemoryAirline()
    first = cheaper_change(airline, 1)
    lasts = airline.state(first).expires_at - airline.clock()
    publish(airline, CreditLifetimes(issued_days=30, returned_days=90, grace_days=14))
    second = cheaper_change(airline, 3)
    assert lasts.days == 365
    assert (airline.state(second).expires_at - airline.clock()).days == 30
    assert (airline.state(first).expires_at - airline.clock()).days == 364


def test_a_gift_card_keeps_the_days_that_it_was_paid_under() -> None:
    airline = MemoryAirline()
    first = bought(airline, Money(100_00, "SAR"), intent="pi_1")
    publish(airline, GiftCards(24, 30, 3, 90, (CardAmounts("SAR", 20_00, 60_00),)))
    second = bought(airline, Money(20_00, "SAR"), digest="1" * 64, intent="pi_2")
    days = [
        ((card.expires_at - paid_at).days, (gift_cards.refundable_until(card) - paid_at).days)
        for card in (airline.state(first), airline.state(second))
        for paid_at in (card.gift_card.paid_at,)
    ]
    assert days == [(365, 14), (30, 3)]
    with pytest.raises(GiftCardAmountRefused) as refused:
        airline.submit(order(Money(100_00, "SAR"), digest="2" * 64))
    assert (refused.value.parameters["least"], refused.value.parameters["most"]) == (20_00, 60_00)


def test_a_card_of_an_earlier_release_keeps_its_fortnight() -> None:
    airline = MemoryAirline()
    card = bought(airline, Money(100_00, "SAR"))
    events = [each.event for each in airline.log.streams[card]]
    old = [
        replace(each, refundable_until=None) if isinstance(each, GiftCardPaid) else each
        for each in events
    ]
    assert old != events
    assert fold(credits.evolve, None, old) == airline.state(card)


def test_less_than_the_least_charge_is_not_sold() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(fare=20_00, domestic=False)
    airline.book(flight)
    publish(airline, LeastCharges((CurrencyLeast("SAR", 20_01),)))
    with pytest.raises(AmountNotCollectable) as refused:
        airline.book(flight)
    assert refused.value.parameters["least"] == 20_01


def test_a_difference_below_the_least_charge_is_waived() -> None:
    airline = MemoryAirline()
    flight = airline.schedule(in_days=9)
    dearer = airline.schedule("SV3", in_days=10, fare=550_00)
    booking = airline.ticketed(flight)
    asked = airline.quote_modification(booking, dearer).modification
    publish(airline, LeastCharges((CurrencyLeast("SAR", 100_00),)))
    waived = airline.quote_modification(booking, dearer).modification
    assert [(each.due, each.waived) for each in (asked, waived)] == [(57_50, 0), (0, 57_50)]


def test_a_name_is_corrected_by_as_many_letters_as_are_in_force() -> None:
    airline = MemoryAirline()
    booking = airline.ticketed(airline.schedule())

    def correct(distance: int) -> None:
        before = airline.booking(booking).passengers[0].name
        after = sealed.Sealed(before.subject, os.urandom(60))
        airline.submit(CorrectName(booking, 0, before, after, distance, True, letters=12))

    with pytest.raises(rejections.NameCorrectionRefused):
        correct(4)
    publish(airline, NameCorrections(letter_limit=5, letters_per_correction=3))
    correct(4)
    with pytest.raises(rejections.NameCorrectionRefused):
        correct(5)
