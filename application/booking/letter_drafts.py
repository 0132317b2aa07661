"""Reads what letters need: bookings, flights and sealed data, each by one query for all letters.

Letters that are read at the same time are read together: one read is under way, and what is asked
for meanwhile joins the next.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from application import ports
from application.booking import letters
from application.booking.letter_batches import LETTER_LIMIT
from application.commands import stream_kinds
from application.commands.bus import CommandBus
from application.policies.read_book import read_book
from application.pricing.fare_conditions import FareConditions, conditions_of_segments
from domain.booking import states
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.inventory.state import Flight, FlightStatus
from domain.kernel.sealed import Sealed

# Nobody travels any more: only the letter that says so is sent.
OVER = states.TERMINAL | {Status.CANCELLED, Status.NO_SHOW}

logger = logging.getLogger(__name__)


class Draft(msgspec.Struct, frozen=True):
    """A letter with what was read for it; `opened` are the contact and the names, None if erased.

    `ahead` are the flights that somebody of the booking has before them, by segment; `conditions`
    are those that each segment was sold under, none where the letter does not state them.
    """

    letter: letters.BookingLetter
    booking: Booking
    ahead: dict[int, Flight]
    opened: list[bytes | None]
    conditions: tuple[FareConditions, ...] = ()


# Sent also where nobody of the booking travels any more.
_ALSO_AFTER_THE_END = (
    letters.CancellationLetter
    | letters.ClaimLetter
    | letters.CreditLetter
    | letters.ExtraRefundLetter
    | letters.LapsedLetter
    | letters.ReturnedMoneyLetter
)

# What is sold, or may be bought.
_WITH_CONDITIONS = letters.ConfirmationLetter | letters.ModificationLetter | letters.OfferLetter

# None where the letter need not be sent.
Read = Draft | Exception | None


class DraftReader:
    """Reads drafts. Used from one event loop only."""

    def __init__(self, *, bus: CommandBus, vault: ports.Vault) -> None:
        self._bus = bus
        self._vault = vault
        self._waiting: deque[tuple[letters.BookingLetter, asyncio.Future[Read]]] = deque()
        self._reading: asyncio.Task[None] | None = None

    async def read(self, letter: letters.BookingLetter) -> Draft | None:
        """Return the draft; None where the letter need not be sent. Raises what prevents it."""
        future: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, future))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_waiting())
        found = await future
        if isinstance(found, Exception):
            raise found
        return found

    async def _read_waiting(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), LETTER_LIMIT)
            together = [self._waiting.popleft() for _ in range(count)]
            batch = [letter for letter, _ in together]
            try:
                found = await self.read_all(batch)
            except ports.Unavailable as error:
                found = [error] * count
            for (_, future), each in zip(together, found, strict=True):
                if not future.done():
                    future.set_result(each)

    async def read_all(self, batch: Sequence[letters.BookingLetter]) -> list[Read]:
        """Return the draft of each letter, or what prevents it, which stops no other.

        Raises Unavailable when the database does not answer.
        """
        try:
            return await self._drafts(batch)
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one booking that cannot be read stops no other
            logger.warning("letters are read one by one: %s", type(error).__name__)
            return [await self._alone(each) for each in batch]

    async def _alone(self, letter: letters.BookingLetter) -> Read:
        try:
            (draft,) = await self._drafts([letter])
        except ports.Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - raised for this letter only
            return error
        return draft

    async def _drafts(self, batch: Sequence[letters.BookingLetter]) -> list[Read]:
        names = {letter.booking_id for letter in batch}
        bookings = await self._bus.current_all(stream_kinds.BOOKING, names)
        known = {name: booking for name, (booking, _) in bookings.items() if booking is not None}
        flights = await self._flights(known.values())
        found = await self._with_conditions([_draft(each, known, flights) for each in batch])
        boxes = [[] if each is None else _boxes(each.booking) for each in found]
        opened = iter(await self._vault.open_all([box for each in boxes for box in each]))
        return [
            None
            if draft is None
            else msgspec.structs.replace(draft, opened=list(itertools.islice(opened, len(own))))
            for draft, own in zip(found, boxes, strict=True)
        ]

    async def _with_conditions(self, drafts: Sequence[Draft | None]) -> list[Draft | None]:
        """Return the drafts with the conditions that their letters state."""
        needed = {
            index
            for index, each in enumerate(drafts)
            if each is not None and isinstance(each.letter, _WITH_CONDITIONS)
        }
        if not needed:
            return list(drafts)
        book = await read_book(self._bus)
        return [
            each
            if each is None or index not in needed
            else msgspec.structs.replace(
                each, conditions=conditions_of_segments(book, each.booking.segments)
            )
            for index, each in enumerate(drafts)
        ]

    async def _flights(self, bookings: Iterable[Booking]) -> Mapping[str, Flight]:
        """Return the flights of open coupons, by id."""
        names = {
            booking.segments[segment].flight
            for booking in bookings
            for segment in _segments_ahead(booking)
        }
        found = await self._bus.current_all(stream_kinds.FLIGHT, names)
        return {name: flight for name, (flight, _) in found.items() if flight is not None}


def _draft(
    letter: letters.BookingLetter, bookings: Mapping[str, Booking], flights: Mapping[str, Flight]
) -> Draft | None:
    """Return the draft before anything is opened; None where the letter need not be sent."""
    booking = bookings.get(letter.booking_id)
    if booking is None:
        return None
    ahead = _flights_ahead(booking, flights)
    is_needed = _is_needed(letter, booking, ahead)
    return Draft(letter, booking, ahead, []) if is_needed else None


def _is_needed(letter: letters.BookingLetter, booking: Booking, ahead: dict[int, Flight]) -> bool:
    """Whether somebody still travels, or learns of the end, and the letter has not lapsed."""
    if not ahead and not isinstance(letter, _ALSO_AFTER_THE_END):
        return False
    return not _has_lapsed(letter, booking, ahead)


def _has_lapsed(letter: letters.BookingLetter, booking: Booking, ahead: dict[int, Flight]) -> bool:
    """Whether the letter asks for an answer that nobody needs to give any more."""
    match letter:
        case letters.DisruptionLetter() if letter.about.count("-") > 1:
            return letter.about not in {
                letters.disruption_about(
                    each.segment,
                    each.kind,
                    ahead[each.segment].departs_at if each.times is None else each.times.departs_at,
                )
                for each in booking.disruptions
                if each.segment in ahead
            }
        case letters.DisruptionReminder() if "-" in letter.about:
            reminded = letter.about.split("-")[:-1]
            return all(str(each.segment) not in reminded for each in booking.disruptions)
        case _:
            return False


def _boxes(booking: Booking) -> list[Sealed]:
    return [booking.contact, *(passenger.name for passenger in booking.passengers)]


def _segments_ahead(booking: Booking) -> list[int]:
    """Return the segments that somebody of the booking may still fly, in order."""
    if booking.status in OVER:
        return []
    return sorted({each.segment for each in booking.open_coupons()})


def _flights_ahead(booking: Booking, flights: Mapping[str, Flight]) -> dict[int, Flight]:
    """Return the flights that somebody of the booking has before them, by segment."""
    ahead = {
        segment: flights[booking.segments[segment].flight] for segment in _segments_ahead(booking)
    }
    return {
        segment: flight
        for segment, flight in ahead.items()
        if flight.status is not FlightStatus.DEPARTED
    }
