"""What postpones an erasure, and whose keys are needed elsewhere."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from application.booking.divide_booking import divide_booking
from application.compensation.assess_claim import AssessClaim
from application.compensation.regimes_in_force import regimes_at
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.issue_credit import IssueCredit
from application.payment.record_refund import Accepted, Settled
from application.privacy import carry_out_erasure as carrying
from application.privacy.open_matters import open_matters
from application.privacy.person import Person, booking_file, boxes_in, needed_elsewhere
from application.privacy.ports import Erasure, PrivacyPorts
from domain.compensation.events import ClaimShare
from domain.kernel import ids
from domain.kernel.money import Money
from tests.support import gift_cards
from tests.support.airline import START, expire, payment_of
from tests.support.disputes import DUE_AT, Disputed
from tests.support.memory_use_cases import MemoryUseCases

AMOUNT = Money(400_00, "SAR")


def privacy(cases: MemoryUseCases) -> PrivacyPorts:
    absent: Any = None
    return PrivacyPorts(
        bus=cases.ports.bus,
        vault=cases.vault,
        accounts=absent,
        consents=absent,
        erasures=absent,
        bodies=absent,
        retention=absent,
        mailbox=absent,
        bookings_of=absent,
        attached_to=absent,
        credits_of=absent,
        clock=cases.airline.clock,
        forget_keys=absent,
    )


async def found(
    cases: MemoryUseCases, *, bookings: tuple[str, ...] = (), credits: tuple[str, ...] = ()
) -> list[tuple[str, str, dt.datetime | None]]:
    matters = await open_matters(privacy(cases), Person("user_1", None, bookings, credits))
    return [(each.kind, each.of, each.ends_at) for each in matters]


async def test_a_held_booking_is_open_until_its_hold_lapses() -> None:
    cases = MemoryUseCases()
    booking = cases.airline.book(cases.airline.schedule())
    held_until = cases.airline.booking(booking).hold_until
    assert await found(cases, bookings=(booking,)) == [("travel", booking, held_until)]
    cases.airline.wait(hours=2)
    cases.airline.submit(expire(booking))
    assert await found(cases, bookings=(booking,)) == []


async def test_a_ticket_is_open_until_the_flight_arrives_and_then_its_refund() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule()
    booking = await cases.ticketed(flight)
    arrives_at = cases.airline.state(flight).arrives_at
    assert await found(cases, bookings=(booking,)) == [("travel", booking, arrives_at)]
    cases.airline.cancel(booking)
    # Owed, then requested, then at Stripe: open until the money has arrived.
    assert await found(cases, bookings=(booking,)) == [("refund", booking, None)]
    (owed,) = cases.airline.booking(booking).obligations
    payment, refund = cases.airline.refund(booking, obligation=owed.id, amount=owed.amount.amount)
    requested = [("refund", payment, None), ("refund", booking, None)]
    assert await found(cases, bookings=(booking,)) == requested
    cases.airline.record_refund(payment, refund, Accepted("re_1"))
    assert await found(cases, bookings=(booking,)) == requested
    cases.airline.record_refund(payment, refund, Settled("re_1"))
    assert await found(cases, bookings=(booking,)) == []


async def test_a_checkout_that_can_still_be_paid_is_open() -> None:
    cases = MemoryUseCases()
    booking = cases.airline.book(cases.airline.schedule())
    cases.airline.checkout(booking)
    (attempt,) = cases.airline.payment(payment_of(booking)).attempts
    assert ("payment", payment_of(booking), attempt.expires_at) in await found(
        cases, bookings=(booking,)
    )


async def test_a_dispute_is_open_until_the_bank_has_decided() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule())
    cases.airline.cancel(booking)
    disputed = Disputed(cases.airline, booking, amount=100_00)
    disputed.record()
    open_one = ("dispute", payment_of(booking), DUE_AT)
    assert open_one in await found(cases, bookings=(booking,))
    disputed.becomes("won")
    assert open_one not in await found(cases, bookings=(booking,))


async def test_a_claim_is_open_until_it_is_paid_or_withdrawn() -> None:
    cases = MemoryUseCases()
    flight = cases.airline.schedule()
    booking = await cases.ticketed(flight)
    share = ClaimShare(0, Money(25_000, "SAR"))
    regime = regimes_at((), at=START)[-1]
    cases.airline.submit(AssessClaim(booking, flight, "delayed", regime, (share,), final=True))
    claim = ids.claim_stream(booking, flight)
    assert ("claim", claim, None) in await found(cases, bookings=(booking,))


async def test_credit_is_open_as_long_as_it_can_be_spent() -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule())
    credit = cases.airline.submit(IssueCredit(booking, AMOUNT)).answer.stream
    expires_at = cases.airline.state(credit).expires_at
    assert await found(cases, credits=(credit,)) == [("credit", credit, expires_at)]
    cases.airline.clock.advance(expires_at - cases.airline.clock())
    assert await found(cases, credits=(credit,)) == []


async def test_an_ordered_gift_card_is_nothing_a_paid_one_is_open_and_so_is_a_claimed_one() -> None:
    cases = MemoryUseCases()
    ordered = cases.airline.submit(gift_cards.order(AMOUNT)).answer.stream
    assert await found(cases, credits=(ordered,)) == []
    paid = gift_cards.bought(cases.airline, AMOUNT)
    expires_at = cases.airline.state(paid).expires_at
    assert await found(cases, credits=(paid,)) == [("credit", paid, expires_at)]
    cases.airline.submit(ClaimGiftCard(paid, "user_1"))
    assert [kind for kind, *_ in await found(cases, credits=(paid,))] == ["credit"]


@pytest.mark.parametrize("leaving", [0, 1])
async def test_the_other_half_of_a_divided_booking_keeps_the_keys_of_its_passengers(
    leaving: int,
) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(), "ADT", "ADT")
    divided = await divide_booking(cases.ports, cases.caller(), booking, passengers=(leaving,))
    ports = privacy(cases)
    names = [each.name.subject for each in cases.airline.booking(booking).passengers]
    for erased, other, stays in (
        (booking, divided.booking_id, names[leaving]),
        (divided.booking_id, booking, names[1 - leaving]),
    ):
        files = [await booking_file(ports, erased)]
        needed = await needed_elsewhere(ports, files, within=frozenset({erased}))
        assert needed == {stays}
        both = frozenset({erased, other})
        assert await needed_elsewhere(ports, files, within=both) == frozenset()


class KeptSubjects:
    """What `carry_out_erasure` needs beside the log; remembers whose keys were to be destroyed."""

    def __init__(self) -> None:
        self.destroyed: set[str] = set()

    async def destroy_keys(self, _erasure: str, *, subjects: list[str], **_: object) -> None:
        self.destroyed |= set(subjects)

    async def remove_letters_to(self, addresses: list[str]) -> int:
        return len(addresses)

    async def page(self, **_: object) -> list[Any]:
        return []


@pytest.mark.parametrize("leaving", [0, 1])
async def test_an_erasure_leaves_the_keys_that_the_other_half_needs(leaving: int) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(), "ADT", "ADT")
    await divide_booking(cases.ports, cases.caller(), booking, passengers=(leaving,))
    kept: Any = KeptSubjects()
    forgotten: list[str] = []
    ports = msgspec.structs.replace(
        privacy(cases), erasures=kept, mailbox=kept, bodies=kept, forget_keys=forgotten.extend
    )
    now = cases.airline.clock()
    erasure = Erasure("era_1", booking, "request", "user_1", now, closed_at=now)
    await carrying._destroy_keys(ports, erasure, Person(booking, None, (booking,), ()))
    names = [each.name.subject for each in cases.airline.booking(booking).passengers]
    assert kept.destroyed == set(forgotten) == {names[1 - leaving]}


async def test_all_that_is_sealed_in_any_event_is_found() -> None:
    """However deep in the event: passengers, contact, documents, notes."""
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule(), "ADT", "CHD")
    file = await booking_file(privacy(cases), booking)
    subjects = {box.subject for each in file.history for box in boxes_in(each.event)}
    assert subjects == {each.name.subject for each in file.booking.passengers}
    assert len(subjects) == 2
