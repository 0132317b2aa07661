"""Which streams of the log are about a person, and under which keys their data is sealed.

A person is named by the id of an account, of a guest's booking, or of a gift card.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from application.commands import stream_kinds
from application.ports import RecordedEvent
from application.privacy.ports import Account, PrivacyPorts
from application.queries import AsOf
from domain.booking.coupons import GONE
from domain.booking.state import Booking
from domain.kernel import ids
from domain.kernel.sealed import Sealed

USER_PREFIX = "user_"
# Divisions of one booking that are followed: more than a booking has passengers.
FAMILY_LIMIT = 20

History = Sequence[RecordedEvent]


class Person(msgspec.Struct, frozen=True):
    """The account, if the person has one, and the bookings and credits that are about them.

    `attached` are bookings that somebody else sold and that the account has beside its own: the
    holder is shown what they could see of them, and their travellers are other people, as far as
    anybody knows. An account of staff or of a travel agent has only such: those that it sold are
    about its customers.
    `as_of` is how far the older of the read models was; None where none was asked.
    """

    id: str
    account: Account | None
    bookings: tuple[str, ...]
    credits: tuple[str, ...]
    as_of: AsOf | None = None
    attached: tuple[str, ...] = ()


class BookingFile(msgspec.Struct, frozen=True):
    """A booking with its history, and the histories of its claims, payments and tax documents."""

    id: str
    booking: Booking
    history: History
    claims: Mapping[str, History]
    payments: Mapping[str, History]
    tax_documents: History

    def streams(self) -> dict[str, History]:
        """Return all of it by stream; those that do not exist are left out."""
        every = {
            self.id: self.history,
            **self.payments,
            **self.claims,
            ids.tax_documents_stream(self.id): self.tax_documents,
        }
        return {name: history for name, history in every.items() if history}


async def find_person(ports: PrivacyPorts, person: str) -> Person | None:
    """Return the person with this id; None for an unknown one."""
    if not person.startswith(USER_PREFIX):
        kind = stream_kinds.KINDS.get(ids.prefix_of(person))
        if kind not in (stream_kinds.BOOKING, stream_kinds.CREDIT):
            return None
        if (await ports.bus.current(kind, person))[0] is None:
            return None
        if kind is stream_kinds.BOOKING:
            return Person(person, None, (person,), ())
        return Person(person, None, (), (person,))
    account = await ports.accounts.find(person)
    if account is None:
        return None
    attached, of_attached = await ports.attached_to(person)
    if account.role != "customer":
        return Person(person, account, (), (), of_attached, tuple(attached))
    bookings, of_bookings = await ports.bookings_of(person)
    credits, of_credits = await ports.credits_of(person)
    behind = max(of_attached, of_bookings, of_credits, key=lambda each: each.lag_seconds)
    own = tuple(each for each in bookings if each not in set(attached))
    return Person(person, account, own, tuple(credits), behind, tuple(attached))


async def booking_file(ports: PrivacyPorts, booking_id: str) -> BookingFile:
    """Return everything that the log has about a booking, which must exist."""
    history = await ports.bus.history(booking_id)
    booking: Booking | None = None
    flights: dict[str, None] = {}
    for recorded in history:
        booking = stream_kinds.BOOKING.evolve(booking, recorded.event)
        flights.update(dict.fromkeys(each.flight for each in booking.segments))
    assert booking is not None
    numbers = range(1, booking.modification_count + 2)
    own = [ids.payment_stream(booking_id, number) for number in numbers]
    return BookingFile(
        id=booking_id,
        booking=booking,
        history=history,
        claims={
            name: await ports.bus.history(name)
            for name in (ids.claim_stream(booking_id, flight) for flight in flights)
        },
        payments={
            name: await ports.bus.history(name) for name in dict.fromkeys([*booking.payments, *own])
        },
        tax_documents=await ports.bus.history(ids.tax_documents_stream(booking_id)),
    )


async def credit_streams(ports: PrivacyPorts, credit_id: str) -> dict[str, History]:
    """Return the histories of a credit and of what paid for it, if it is a gift card."""
    names = (credit_id, ids.payment_stream(credit_id, 1))
    found = {name: await ports.bus.history(name) for name in names}
    return {name: history for name, history in found.items() if history}


def boxes_in(value: Any) -> Iterator[Sealed]:
    """Return all that is sealed within an event, whatever its type: a new field is found too."""
    if isinstance(value, Sealed):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from boxes_in(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from boxes_in(each)


async def needed_elsewhere(
    ports: PrivacyPorts, files: Sequence[BookingFile], *, within: frozenset[str]
) -> frozenset[str]:
    """Return the keys that bookings outside of `within` still need.

    Passengers of a divided booking are in two: of the other one, those who have coupons that are
    neither cancelled nor left, and the contact, are needed.
    """
    needed: set[str] = set()
    seen = set(within)
    pending = [each for file in files for each in _relatives(file.booking)]
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        assert len(seen) < len(within) + FAMILY_LIMIT * max(1, len(files))
        seen.add(name)
        booking = (await ports.bus.current(stream_kinds.BOOKING, name))[0]
        if booking is None:
            continue
        kept = {each.passenger for each in booking.coupons if each.status not in GONE}
        needed |= {booking.passengers[each].name.subject for each in kept}
        needed.add(booking.contact.subject)
        pending += _relatives(booking)
    return frozenset(needed)


def _relatives(booking: Booking) -> list[str]:
    found = [each.booking for each in booking.divided_into]
    return found if booking.divided_from is None else [*found, booking.divided_from]
