"""What would a version change for the bookings of a period? Nothing is recorded.

A booking counts as if it were sold now. It is in scope where a segment of it would be sold under
the proposed version; its amounts are those of the measures of the policy, under the version that is
in force today and under the proposed one. A policy without measures has the counts alone.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from application.booking.previewed_fees import FEE_MEASURES
from application.commands import stream_kinds
from application.policies.bookings_made import bookings_made
from application.policies.fee_terms import sale_of
from application.policies.measured_case import (
    Case,
    Measure,
    Measured,
    MeasureKind,
    Measurement,
)
from application.policies.past_flights import PastFlights
from application.policies.ports import PolicyPorts
from application.policies.read_book import read_book
from application.policies.wanted_version import WantedVersion
from application.ports import RecordedEvent, StreamArchived
from domain.booking.values import Segment
from domain.inventory.state import Flight
from domain.policies import publication, rejections
from domain.policies.book import PolicyBook, book_of
from domain.policies.scope import Sale, Scope
from domain.policies.state import ALWAYS, LAUNCH_VERSION, Policy, Version
from domain.policies.values import PolicyName, name_of

MEASURES: Mapping[PolicyName, Sequence[Measure]] = {
    "cancellation_fees": FEE_MEASURES,
    "change_fees": FEE_MEASURES,
    "fare_families": FEE_MEASURES,
}
PERIOD = dt.timedelta(days=7)
LONGEST_PERIOD = dt.timedelta(days=92)
# A booking is read in about a millisecond; a request answers within a few seconds.
REQUEST_LIMIT = 1_000


class PreviewLine(msgspec.Struct, frozen=True):
    """Amounts of a kind in a currency: how many, how many of them differ, and their sums in minor
    units under today's version and under the proposed one.
    """

    kind: MeasureKind
    currency: str
    count: int
    differing: int
    today: int
    proposed: int


class PolicyPreview(msgspec.Struct, frozen=True):
    """What a version would change for bookings made from `since` on and before `until`.

    `unexplained` are amounts that stored versions alone do not give; they are in no line.
    `complete` is false where bookings were left out, because the period has more than were asked
    for.
    """

    policy: PolicyName
    scope: Scope
    since: dt.datetime
    until: dt.datetime
    bookings: int
    in_scope: int
    lines: tuple[PreviewLine, ...]
    unexplained: int
    complete: bool


class Period(msgspec.Struct, frozen=True):
    """When the bookings were made; without an end until now, without a begin seven days."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None


LAST_WEEK = Period()


async def preview_policy(
    ports: PolicyPorts,
    wanted: WantedVersion,
    *,
    period: Period,
    limit: int | None = REQUEST_LIMIT,
    examined: Callable[[int], None] = lambda _count: None,
) -> PolicyPreview:
    """Return what the version would change, of at most so many bookings (None: of all).

    `examined` is called with the count after each booking. The caller's role was checked. Rejects
    InvalidPolicy for a period that is not possible, and as the proposal would be; raises
    Unavailable.
    """
    flights = PastFlights(ports.bus, ports.clock)
    since, until = _bounds(period, now=flights.now)
    name, book = name_of(wanted.value), await read_book(ports.bus)
    # A waiting proposal of another date is no obstacle, and who asks is no matter.
    publication.propose(
        book.policies[name],
        value=wanted.value,
        scope=wanted.scope,
        valid_from=None,
        author="",
        reason="commercial",
        now=flights.now,
    )
    proposed = _with_version(book, book.policies[name], wanted, at=flights.now)
    found: list[Measurement] = []
    bookings, complete = 0, True
    async for stream in bookings_made(ports.log, since=since, until=until):
        if bookings == limit:
            complete = False
            break
        bookings += 1
        measured = await _measured(ports, flights, stream, name, today=book, proposed=proposed)
        if measured is not None:
            found.append(measured)
        examined(bookings)
    return PolicyPreview(
        policy=name,
        scope=wanted.scope,
        since=since,
        until=until,
        bookings=bookings,
        in_scope=len(found),
        lines=_lines([amount for each in found for amount in each.amounts]),
        unexplained=sum(each.unexplained for each in found),
        complete=complete,
    )


def _bounds(period: Period, *, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    until = max(min(period.until or now, now), ALWAYS)
    since = period.since or until - PERIOD
    if not dt.timedelta() < until - since <= LONGEST_PERIOD:
        raise rejections.InvalidPolicy(
            field="from", reason="period_not_possible", days=LONGEST_PERIOD.days
        )
    return since, until


def _with_version(
    book: PolicyBook, policy: Policy, wanted: WantedVersion, *, at: dt.datetime
) -> PolicyBook:
    """Return the book as if the version were in force from this instant on."""
    version = Version(len(policy.versions) + 1, wanted.scope, wanted.value, at)
    proposed = msgspec.structs.replace(policy, versions=(*policy.versions, version))
    return book_of({**book.policies, policy.name: proposed})


async def _measured(
    ports: PolicyPorts,
    flights: PastFlights,
    stream: str,
    name: PolicyName,
    *,
    today: PolicyBook,
    proposed: PolicyBook,
) -> Measurement | None:
    """Return the amounts of a booking; None where it would not be sold under the version."""
    try:
        case = await _case(ports, flights, stream, name, today=today, proposed=proposed)
        if case.today == case.proposed:
            return None
        all_of_it = [await measure(case, flights) for measure in MEASURES.get(name, ())]
    except StreamArchived:
        return Measurement(unexplained=1)
    return Measurement(
        tuple(amount for each in all_of_it for amount in each.amounts),
        sum(each.unexplained for each in all_of_it),
    )


async def _case(
    ports: PolicyPorts,
    flights: PastFlights,
    stream: str,
    name: PolicyName,
    *,
    today: PolicyBook,
    proposed: PolicyBook,
) -> Case:
    """Return the booking with the versions that its segments would be sold under now."""
    events: Sequence[RecordedEvent] = await ports.bus.history(stream)
    sold = stream_kinds.BOOKING.evolve(None, events[0].event)
    numbers: list[tuple[int, int]] = []
    for segment in sold.segments:
        sale = _sale(await flights.current(segment.flight), segment)
        if sale is None:
            kept = getattr(segment.fee_versions, name, LAUNCH_VERSION)
            # A version of families is absent where it is that of the launch.
            kept = LAUNCH_VERSION if kept is msgspec.UNSET else kept
            numbers.append((kept, kept))
        else:
            now = [each.in_force(name, sale, at=flights.now).number for each in (today, proposed)]
            numbers.append((now[0], now[1]))
    return Case(
        booking_id=stream,
        events=events,
        book=proposed,
        policy=name,
        today=tuple(before for before, _ in numbers),
        proposed=tuple(after for _, after in numbers),
    )


def _sale(flight: Flight, segment: Segment) -> Sale | None:
    """Return what scopes are compared with; None where the flight has no such class any more."""
    cabin = flight.cabins.get(segment.cabin)
    bucket = None if cabin is None else cabin.bucket(segment.fare_class)
    return None if bucket is None else sale_of(flight, segment.cabin, bucket)


def _lines(found: Sequence[Measured]) -> tuple[PreviewLine, ...]:
    """Return the sums by kind and currency, in the order of both."""
    by_kind: dict[tuple[MeasureKind, str], list[Measured]] = defaultdict(list)
    for each in found:
        by_kind[each.kind, each.currency].append(each)
    return tuple(
        PreviewLine(
            kind=kind,
            currency=currency,
            count=len(amounts),
            differing=sum(each.today != each.proposed for each in amounts),
            today=sum(each.today for each in amounts),
            proposed=sum(each.proposed for each in amounts),
        )
        for (kind, currency), amounts in sorted(by_kind.items())
    )
