"""Letters, passes and lists name only the passengers and flights that still are."""

import datetime as dt
from typing import Any

import pytest

from application import mail
from application.booking import condition_words, letters, read_boarding_passes, read_manifest
from application.booking.cancel_booking import Part
from application.booking.check_in import Board, UndoCheckIn
from application.booking.offer_disruption import OfferDisruption
from application.booking.send_letter import LetterSender
from application.booking.settle_unanswered import RemindUnanswered
from application.inventory.cancel_flight import CancelFlight
from application.inventory.reinstate_flight import ReinstateFlight
from application.inventory.reschedule_flight import RescheduleFlight
from domain.booking import rejections
from domain.booking.values import NewTimes
from tests.support import airline as verbs
from tests.support.named_party import OWNER, Mailbox, NamedParty

FAMILY = (("ADT", "Noura"), ("ADT", "Fahd"), ("CHD", "Sara"))
# Sent also when nobody flies any more.
OF_THE_PAST = (
    letters.CancellationLetter,
    letters.ClaimLetter,
    letters.CreditLetter,
    letters.ExtraRefundLetter,
    letters.LapsedLetter,
    letters.ReturnedMoneyLetter,
)
JOURNEY_LETTERS = [kind for kind in letters.LETTERS if kind not in OF_THE_PAST]


async def sent(party: NamedParty, letter: letters.BookingLetter) -> list[mail.Letter]:
    """What arrives of a letter that is sent now."""
    mailbox = Mailbox()
    sender = LetterSender(bus=party.bus, vault=party.vault, mailer=mailbox)  # type: ignore[arg-type]  # it only opens
    await sender.send(letter)
    return mailbox.letters


def written(kind: type[letters.BookingLetter], party: NamedParty) -> letters.BookingLetter:
    """A letter of this kind."""
    facts: dict[str, Any] = {
        "fee": 15_000,
        "refund": 35_000,
        "reason": "sandstorm",
        "source": "booking-ABCDEF",
        "amount": 75_000,
        "currency": "SAR",
        "received": 10_000,
        "paid": 50_000,
        "rest": 40_000,
        "until": dt.date(2027, 11, 24),
        "url": "https://checkout.stripe.com/c/pay/cs_1",
    }
    needed = {name: facts[name] for name in kind.__struct_fields__ if name in facts}
    return kind(booking_id=party.booking_id, about="1", **needed)


async def text_of(kind: type[letters.BookingLetter], party: NamedParty) -> str:
    """The text of the only letter."""
    (letter,) = await sent(party, written(kind, party))
    return letter.text


async def manifest(party: NamedParty, flight: int = 0) -> list[str | None]:
    """The given names on the manifest of a flight."""
    found = await read_manifest.read_manifest(party.ports, party.flights[flight])
    return [None if each.name is None else each.name.first_name for each in found]


async def passes(party: NamedParty) -> list[tuple[int, int]]:
    """Segment and passenger of each pass."""
    found = await read_boarding_passes.list_boarding_passes(party.ports, OWNER, party.booking_id)
    return [(each.segment, each.passenger) for each in found]


def _lists_flights(text: str) -> bool:
    """Whether a letter with this text names every flight."""
    return "{flights}" in text or "{seats}" in text


def _lists_all(text: str) -> bool:
    """Whether a letter with this text names every passenger."""
    return "{tickets}" in text or "{seats}" in text


def cancel_flight(party: NamedParty, flight: int = 0) -> None:
    """The airline cancels a flight, and offers the choices."""
    name = party.flights[flight]
    party.airline.submit(CancelFlight(name, "sandstorm"))
    party.airline.submit(OfferDisruption(party.booking_id, name, "cancelled", "sandstorm", True))


@pytest.mark.parametrize("kind", letters.LETTERS, ids=lambda kind: kind.topic)
async def test_no_letter_names_a_passenger_or_a_flight_that_is_cancelled(
    kind: type[letters.BookingLetter],
) -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.airline.cancel(party.booking_id, Part((0,), None))
    party.airline.cancel(party.booking_id, Part(None, (0,)))
    text = await text_of(kind, party)
    assert "Dear Fahd Harbi" in text
    assert "Noura" not in text
    assert "RUH-JED" not in text
    if kind is not letters.CancellationLetter:
        assert ("JED-RUH" in text) == _lists_flights(letters.LETTERS[kind]["en"].text)
        assert ("Sara Harbi" in text) == _lists_all(letters.LETTERS[kind]["en"].text)


async def test_the_letter_about_a_cancelled_part_names_what_is_left() -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.airline.cancel(party.booking_id, Part((0,), None))
    text = await text_of(letters.CancellationLetter, party)
    tickets = [each.number for each in party.airline.booking(party.booking_id).tickets]
    assert "You still fly:" in text
    assert "RUH-JED" in text
    assert "JED-RUH" in text
    assert tickets[0] not in text
    assert f"{tickets[1]}  Fahd Harbi" in text
    assert f"{tickets[2]}  Sara Harbi" in text
    party.airline.cancel(party.booking_id)
    text = await text_of(letters.CancellationLetter, party)
    assert "You still fly" not in text
    assert "RUH" not in text
    assert not any(each in text for each in tickets)


async def test_a_flight_that_not_all_fly_is_listed_with_those_who_do() -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.airline.cancel(party.booking_id, Part((0,), (1,)))
    text = await text_of(letters.ModificationLetter, party)
    flights, _ = text.split(condition_words.HEADING["en"])
    there, back = (line for line in flights.splitlines() if "SV" in line)
    assert there.endswith("12:00")
    assert back.endswith("12:00  Fahd Harbi, Sara Harbi")


@pytest.mark.parametrize("kind", letters.LETTERS, ids=lambda kind: kind.topic)
async def test_only_letters_about_money_and_the_end_are_sent_about_a_journey_that_is_over(
    kind: type[letters.BookingLetter],
) -> None:
    cancelled, unpaid, missed = [NamedParty(*FAMILY) for _ in range(3)]
    cancelled.airline.cancel(cancelled.booking_id)
    unpaid.booking_id = unpaid.book()
    unpaid.airline.wait(hours=1)
    unpaid.airline.submit(verbs.expire(unpaid.booking_id))
    missed.depart(0)
    for party in (cancelled, unpaid, missed):
        found = await sent(party, written(kind, party))
        assert bool(found) == (kind in OF_THE_PAST)


@pytest.mark.parametrize("kind", JOURNEY_LETTERS, ids=lambda kind: kind.topic)
async def test_a_letter_on_the_way_names_only_the_flights_that_are_still_ahead(
    kind: type[letters.BookingLetter],
) -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.check_in(0, 2)
    party.airline.submit(Board(party.booking_id, 0, (0, 2)))
    party.depart(0)
    text = await text_of(kind, party)
    assert "RUH-JED" not in text
    assert "JED-RUH" in text
    assert "Fahd" not in text


@pytest.mark.parametrize("kind", JOURNEY_LETTERS, ids=lambda kind: kind.topic)
async def test_a_flight_that_has_left_is_not_listed_before_it_is_closed_either(
    kind: type[letters.BookingLetter],
) -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.depart(0, close=False)
    assert "RUH-JED" not in await text_of(kind, party)
    alone = NamedParty(*FAMILY)
    alone.depart(0, close=False)
    assert await sent(alone, written(kind, alone)) == []


async def test_a_flight_that_the_airline_cancelled_is_marked_until_it_is_answered() -> None:
    party = NamedParty(*FAMILY, flights=2)
    cancel_flight(party)
    text = await text_of(letters.DisruptionLetter, party)
    there, back = (line for line in text.splitlines() if "SV" in line)
    assert there.endswith("(cancelled)")
    assert back.endswith("12:00")
    party.airline.submit(ReinstateFlight(party.flights[0], "it flies"))
    assert "cancelled" not in await text_of(letters.ModificationLetter, party)


def disruption_letter(party: NamedParty) -> letters.BookingLetter:
    """The last letter about a disruption."""
    outbox = party.airline.log.outbox
    return [each for each in outbox if isinstance(each, letters.DisruptionLetter)][-1]


def move_flight(party: NamedParty, hours: float) -> None:
    """The airline moves the first flight, and offers the choices."""
    name = party.flights[0]
    known, later = party.airline.flight(name), dt.timedelta(hours=hours)
    times = NewTimes(known.departs_at + later, known.arrives_at + later)
    party.airline.submit(RescheduleFlight(name, times.departs_at, times.arrives_at, "weather"))
    party.airline.submit(
        OfferDisruption(party.booking_id, name, "rescheduled", "weather", True, times)
    )


async def test_no_letter_asks_about_a_disruption_that_another_followed() -> None:
    party = NamedParty(*FAMILY, flights=2)
    move_flight(party, 3)
    first = disruption_letter(party)
    assert len(await sent(party, first)) == 1
    move_flight(party, 2)
    second = disruption_letter(party)
    assert await sent(party, first) == []
    assert len(await sent(party, second)) == 1
    cancel_flight(party)
    assert await sent(party, second) == []
    assert len(await sent(party, disruption_letter(party))) == 1


async def test_no_letter_asks_for_an_answer_that_was_given() -> None:
    party = NamedParty(*FAMILY)
    cancel_flight(party)
    party.airline.submit(RemindUnanswered(party.booking_id))
    reminder = party.airline.log.outbox[-1]
    assert isinstance(reminder, letters.DisruptionReminder)
    assert len(await sent(party, reminder)) == 1
    other = party.airline.schedule("SV9", in_days=10.2)
    party.airline.exchange(party.booking_id, other)
    assert await sent(party, reminder) == []
    assert await sent(party, disruption_letter(party)) == []


async def test_a_letter_greets_a_passenger_whose_data_was_not_erased() -> None:
    party = NamedParty(*FAMILY)
    party.vault.erase(party.airline.booking(party.booking_id).passengers[0].name)
    assert "Dear Fahd Harbi" in await text_of(letters.ConfirmationLetter, party)


async def test_a_cancelled_flight_has_no_boarding_passes_and_a_reinstated_one_has() -> None:
    party = NamedParty(*FAMILY, flights=2)
    party.check_in()
    assert await passes(party) == [(0, 0), (0, 1), (0, 2)]
    cancel_flight(party)
    assert await passes(party) == []
    for form in ("png", "pdf"):
        with pytest.raises(rejections.NoBoardingPass):
            await read_boarding_passes.print_boarding_pass(
                party.ports,
                OWNER,
                party.booking_id,
                segment=0,
                passenger=0,
                form=form,  # type: ignore[arg-type]  # both forms are tried
            )
    party.airline.submit(ReinstateFlight(party.flights[0], "it flies"))
    assert await passes(party) == [(0, 0), (0, 1), (0, 2)]


async def test_a_flight_that_left_without_a_passenger_leaves_no_pass() -> None:
    party = NamedParty(*FAMILY)
    party.check_in()
    party.airline.submit(Board(party.booking_id, 0, (0, 2)))
    party.depart(0, close=False)
    assert await passes(party) == [(0, 0), (0, 2)]
    party.close(0)
    assert await passes(party) == [(0, 0), (0, 2)]


async def test_a_passenger_who_was_erased_or_is_not_checked_in_hides_no_other_pass() -> None:
    party = NamedParty(*FAMILY)
    party.check_in()
    party.vault.erase(party.airline.booking(party.booking_id).passengers[0].name)
    assert await passes(party) == [(0, 1), (0, 2)]
    party.airline.submit(UndoCheckIn(party.booking_id, 0, (2,), at_gate=False))
    assert await passes(party) == [(0, 1)]


async def test_a_manifest_names_nobody_who_cancelled_or_missed_a_flight() -> None:
    party = NamedParty(*FAMILY, flights=2)
    assert await manifest(party) == ["Noura", "Fahd", "Sara"]
    party.airline.cancel(party.booking_id, Part((1,), (1,)))
    assert await manifest(party, 0) == ["Noura", "Fahd", "Sara"]
    assert await manifest(party, 1) == ["Noura", "Sara"]
    party.check_in(0, 1)
    party.airline.submit(Board(party.booking_id, 0, (0, 1)))
    party.depart(0)
    assert await manifest(party, 0) == ["Noura", "Fahd"]
    assert await manifest(party, 1) == ["Noura"]


async def test_a_manifest_forgets_a_party_that_flies_with_another_flight() -> None:
    party = NamedParty(*FAMILY)
    other = party.airline.schedule("SV9", in_days=12)
    party.airline.exchange(party.booking_id, other)
    assert await manifest(party) == []
    party.flights = (other,)
    assert await manifest(party) == ["Noura", "Fahd", "Sara"]
