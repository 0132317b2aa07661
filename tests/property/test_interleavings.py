"""Whatever order a journey's webhooks come in, how often, and whichever are lost: one final state.

The journey: a declined card, a payment, a refund by hand whose notices may come before the capture
is known, a refund that ends either way, a dispute that ends either way. Each event is delivered up
to three times or not at all, while the journey goes on or after it; what never arrived is found in
Stripe's list. The books have the same bytes.
"""

import asyncio
import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.payment.backfill_events import ListedEvent
from domain.kernel import money
from tests.support.hypothesis_profile import effort
from tests.support.webhook_journey import WebhookJourney

# Currency and fare, and what is refunded by us and by hand.
CASES = (
    ("SAR", 50_000, 10_000, 3_000),
    ("KWD", 40_000, 8_000, 2_500),
    ("JPY", 20_000, 4_000, 999),
)
# What is under way when the payer has paid and the money is refunded at once.
NOTICES = ("payment_intent.succeeded", "refund.created", "charge.refunded", "refund.updated")
COPIES = (0, 1, 1, 2, 3)
Final = dict[str, Any]


class Story(msgspec.Struct, frozen=True):
    """What happens at Stripe: which case, how refund and dispute end, and which answer is lost."""

    case: int
    declined: bool
    refund: str
    dispute: str | None
    answer_is_lost: bool
    by_hand: bool = False


stories = st.builds(
    Story,
    case=st.integers(0, len(CASES) - 1),
    declined=st.booleans(),
    refund=st.sampled_from(("succeeded", "failed", "canceled")),
    dispute=st.sampled_from((None, "won", "lost")),
    answer_is_lost=st.booleans(),
    by_hand=st.booleans(),
)


class Deliveries:
    """Delivers events as often as chance has it, in any order, some while the journey goes on."""

    def __init__(self, journey: WebhookJourney, chance: random.Random) -> None:
        self._journey = journey
        self._chance = chance
        self._seen = 0
        self._under_way: list[ListedEvent] = []

    async def some(self) -> None:
        """Let some of what is under way arrive, and perhaps the worker work."""
        fresh = self._journey.stripe.events[self._seen :]
        self._seen += len(fresh)
        for event in fresh:
            self._under_way += [event] * self._chance.choice(COPIES)
        self._chance.shuffle(self._under_way)
        for _ in range(self._chance.randint(0, len(self._under_way))):
            await self._journey.deliver(self._under_way.pop())
            if self._chance.random() < 0.3:
                await self._journey.work()

    async def rest(self) -> None:
        """Let all that was not lost arrive."""
        await self.some()
        while self._under_way:
            await self._journey.deliver(self._under_way.pop())


class InOrder:
    """Delivers each event once, at once."""

    def __init__(self, journey: WebhookJourney) -> None:
        self._journey = journey
        self._seen = 0

    async def some(self) -> None:
        """Deliver what is new."""
        for event in self._journey.stripe.events[self._seen :]:
            self._seen += 1
            await self._journey.deliver(event)
        await self._journey.work()

    rest = some


async def live(story: Story, journey: WebhookJourney, deliveries: Deliveries | InOrder) -> Final:
    """Let the story happen, webhooks arrive meanwhile, and the rest of the work be done."""
    stripe = journey.stripe
    currency, _, part, by_hand = CASES[story.case]
    if story.declined:
        stripe.declines()
        await deliveries.some()
    stripe.pays()
    if story.by_hand:
        stripe.is_refunded_by_hand(money.Money(by_hand, currency))
    await deliveries.some()
    await journey.returns()
    await journey.refund(money.Money(part, currency), answer_is_lost=story.answer_is_lost)
    await deliveries.some()
    stripe.refund_becomes(story.refund)
    await deliveries.some()
    if story.dispute is not None:
        stripe.is_disputed()
        await deliveries.some()
        stripe.dispute_ends(story.dispute)  # type: ignore[arg-type]  # one of Stripe's words
    await deliveries.rest()
    await journey.end()
    return final(journey)


def final(journey: WebhookJourney) -> Final:
    """What the log has in the end."""
    payment = journey.airline.payment(journey.payment)
    # A capture that was fetched is not checked again; all others have been by now.
    captures = tuple(msgspec.structs.replace(each, check=None) for each in payment.captures)
    # A decline that is reported after the payment has no effect any more, and leaves no trace.
    attempts = tuple(
        msgspec.structs.replace(each, declined_charges=frozenset(), last_decline=None)
        for each in payment.attempts
    )
    payment = msgspec.structs.replace(payment, captures=captures, attempts=attempts)
    booking = journey.airline.booking(journey.booking)
    return {
        "payment": msgspec.json.encode(payment),
        "booking": (booking.status, booking.captured, booking.disputed_by),
        "coupons": [each.status for each in booking.coupons],
        "books": journey.books(),
    }


def journey_of(story: Story) -> WebhookJourney:
    currency, fare, *_ = CASES[story.case]
    return WebhookJourney(currency=currency, fare=fare)


def expected(story: Story) -> Final:
    """The end of the story whose webhooks arrive once, at once and in order."""
    journey = journey_of(story)
    return asyncio.run(live(story, journey, InOrder(journey)))


@settings(max_examples=effort(150), deadline=None)
@given(story=stories, chance=st.randoms(use_true_random=False))
def test_webhooks_in_any_order_and_number_with_some_lost_leave_one_state_and_the_same_books(
    story: Story, chance: random.Random
) -> None:
    """Fault row 22."""
    journey = journey_of(story)
    found = asyncio.run(live(story, journey, Deliveries(journey, chance)))
    assert found == expected(story)


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("order", list(itertools.permutations(NOTICES)), ids=" ".join)
def test_a_refund_whose_notices_come_before_the_capture_is_recorded_once_after_it(
    case: int, order: tuple[str, ...]
) -> None:
    """Fault row 22: a refund before its capture."""
    currency, fare, _, amount = CASES[case]
    journey = WebhookJourney(currency=currency, fare=fare)
    journey.stripe.pays()
    journey.stripe.is_refunded_by_hand(money.Money(amount, currency))
    events = {each.type: each for each in journey.stripe.events}

    async def arrive() -> None:
        for name in order:
            await journey.deliver(events[name])
            await journey.work()
        await journey.end()

    asyncio.run(arrive())
    tags = journey.airline.tags(journey.payment)
    captured, recorded = "payment.captured.1", "payment.external_refund_recorded.1"
    assert [each for each in tags if each in {captured, recorded}] == [captured, recorded]
    payment = journey.airline.payment(journey.payment)
    assert [each.amount.amount for each in payment.external_refunds] == [amount]
    assert journey.airline.booking(journey.booking).status == "confirmed"


def test_the_story_in_order_moves_what_it_says() -> None:
    """What the others are compared with is right by itself."""
    lost = Story(
        0, declined=True, refund="succeeded", dispute="lost", answer_is_lost=False, by_hand=True
    )
    journey = journey_of(lost)
    asyncio.run(live(lost, journey, InOrder(journey)))
    tags = journey.airline.tags(journey.payment)
    for tag in (
        *("captured", "external_refund_recorded", "refund_settled"),
        *("dispute_opened", "dispute_lost", "fraud_warned"),
    ):
        assert tags.count(f"payment.{tag}.1") == 1, tag
    booking = journey.airline.booking(journey.booking)
    assert booking.captured == journey.due
    assert {each.status for each in booking.coupons} == {"V"}
