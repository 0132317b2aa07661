"""A departure is put on sale: what a schedule must be, and how many seats may be sold."""

import datetime as dt
import itertools
from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from domain.inventory import rejections, seat_map
from domain.inventory.events import CabinLayout, FareClass, FlightEvent, FlightScheduled
from domain.inventory.state import Bucket, Cabin, Flight, FlightStatus, with_moves
from domain.kernel import money
from domain.kernel.frozen_map import FrozenMap

CABINS = ("Y", "J")
# No flight of an airliner lasts as long as a day: a longer one is a wrong date.
LONGEST = dt.timedelta(hours=24)

SCHEDULE_FACTS = (
    "number",
    "origin",
    "destination",
    "origin_zone",
    "destination_zone",
    "scheduled_departs_at",
    "domestic",
    "country",
)


class Authorisation(msgspec.Struct, frozen=True):
    """How many more seats are authorised than there are, for no-shows: percent of the seats by
    cabin, and a limit in seats.
    """

    percents: Mapping[str, int]
    seat_limit: int

    def seats(self, cabin: str, physical: int) -> int:
        """Return how many seats of a cabin may be sold, for a number of physical seats."""
        return physical + min(self.seat_limit, physical * self.percents[cabin] // 100)


def _require_valid_schedule(
    scheduled: FlightScheduled, *, by: Authorisation, now: dt.datetime
) -> None:
    """Consistent facts, no more authorised than the rule allows, and times ahead that can be flown;
    otherwise InvalidSchedule with the reason.
    """
    _require_consistent(scheduled)
    authorised = {move.cabin: move.authorised for move in scheduled.moves}
    for layout in scheduled.layouts:
        if authorised[layout.cabin] > by.seats(layout.cabin, layout.seat_count):
            raise rejections.InvalidSchedule(reason="overbooking")
    if not now < scheduled.departs_at < scheduled.arrives_at <= scheduled.departs_at + LONGEST:
        raise rejections.InvalidSchedule(field="departureTime", reason="times")


def _require_consistent(scheduled: FlightScheduled) -> None:
    """Cabins with classes, fares that can be charged and seats, between two airports."""
    cabins = list(dict.fromkeys(fare.cabin for fare in scheduled.fares))
    seats = {move.cabin: move.authorised for move in scheduled.moves}
    opened = [(move.held, move.sold) == (0, 0) and move.authorised >= 0 for move in scheduled.moves]
    codes = [fare.code for fare in scheduled.fares]
    if not cabins or not set(cabins) <= set(CABINS) or len(set(codes)) != len(codes):
        raise rejections.InvalidSchedule(reason="cabins")
    if len(seats) != len(scheduled.moves) or set(seats) != set(cabins) or not all(opened):
        raise rejections.InvalidSchedule(reason="seats")
    _require_valid_fares(scheduled)
    for cabin in cabins:
        _require_order([each for each in scheduled.fares if each.cabin == cabin], seats[cabin])
    require_valid_layouts(scheduled.layouts, seats)
    if scheduled.origin == scheduled.destination:
        raise rejections.InvalidSchedule(field="to", reason="route")


def _require_valid_fares(scheduled: FlightScheduled) -> None:
    """All in one currency of ISO 4217 and to be charged as they are."""
    for fare in scheduled.fares:
        if not money.is_currency(fare.fare.currency):
            raise rejections.InvalidSchedule(field="currency", reason="not_in_iso_4217")
    if not all(money.is_chargeable(fare.fare) for fare in scheduled.fares):
        raise rejections.InvalidSchedule(reason="fare")
    if len({fare.fare.currency for fare in scheduled.fares}) != 1:
        raise rejections.InvalidSchedule(field="currency", reason="currency")


def _require_order(fares: Sequence[FareClass], authorised: int) -> None:
    """Classes of a cabin from the highest to the lowest: neither fare nor limit rises."""
    for higher, lower in itertools.pairwise(fares):
        if lower.fare.amount > higher.fare.amount:
            raise rejections.InvalidSchedule(reason="class_order", fareClass=lower.code)
    limits = [each.seat_limit for each in fares if each.seat_limit is not None]
    if any(after > before for before, after in itertools.pairwise(limits)):
        raise rejections.InvalidSchedule(reason="class_limits")
    if any(limit > authorised for limit in limits):
        raise rejections.InvalidSchedule(reason="class_limits", authorised=authorised)


def require_valid_layouts(layouts: Sequence[CabinLayout], of: Collection[str]) -> None:
    """One seat map at most for each of these cabins, no two seats with one number, and exit rows
    that exist; otherwise InvalidSchedule.
    """
    cabins = [layout.cabin for layout in layouts]
    if len(set(cabins)) != len(cabins) or not set(cabins) <= set(of):
        raise rejections.InvalidSchedule(reason="layout")
    numbers = [number for layout in layouts for number in seat_map.seats(layout)]
    if len(set(numbers)) != len(numbers):
        raise rejections.InvalidSchedule(reason="seat_twice")
    for layout in layouts:
        if not set(layout.exit_rows or ()) <= set(seat_map.rows(layout)):
            raise rejections.InvalidSchedule(reason="exit_rows", cabin=layout.cabin)


def schedule(
    flight: Flight | None, *, scheduled: FlightScheduled, by: Authorisation, now: dt.datetime
) -> list[FlightEvent]:
    """Put a departure on sale; idempotent. FlightAlreadyScheduled where its number has a departure
    with other facts on this day, or a cancelled one, which can be reinstated.

    The same seat map may have been authorised by another rule: what is on sale stays so.
    """
    if flight is None:
        _require_valid_schedule(scheduled, by=by, now=now)
        return [scheduled]
    if flight.status is FlightStatus.CANCELLED:
        raise rejections.FlightAlreadyScheduled(flight=scheduled.number, reason="cancelled")
    # A repeat may come after the departure: its times are not looked at.
    _require_consistent(scheduled)
    fresh = first_state(scheduled)
    same = all(getattr(flight, name) == getattr(fresh, name) for name in SCHEDULE_FACTS)
    if not same or not _same_terminals(flight, fresh) or _on_offer(flight) != _on_offer(fresh):
        raise rejections.FlightAlreadyScheduled(flight=scheduled.number, reason="other_facts")
    return []


def _same_terminals(flight: Flight, fresh: Flight) -> bool:
    """Whether no terminal that both name differs: earlier releases recorded none."""
    pairs = (
        (flight.departure_terminal, fresh.departure_terminal),
        (flight.arrival_terminal, fresh.arrival_terminal),
    )
    return all("" in pair or pair[0] == pair[1] for pair in pairs)


def _on_offer(flight: Flight) -> dict[str, object]:
    """Seats and classes of each cabin, whatever is held or sold of them."""
    return {
        code: (
            cabin.authorised_count if cabin.layout is None else None,
            _with_exit_rows(cabin.layout),
            tuple((each.code, each.fare, each.seat_limit, each.residue) for each in cabin.buckets),
        )
        for code, cabin in flight.cabins.items()
    }


def _with_exit_rows(layout: CabinLayout | None) -> CabinLayout | None:
    """The layout as if its exit rows had always been recorded."""
    return layout and replace(layout, exit_rows=seat_map.exit_rows(layout))


def first_state(event: FlightScheduled) -> Flight:
    """The flight that begins with this event."""
    layouts = {layout.cabin: layout for layout in event.layouts}
    cabins = {
        code: Cabin(
            code=code,
            buckets=tuple(_bucket(each) for each in event.fares if each.cabin == code),
            layout=layouts.get(code),
        )
        for code in dict.fromkeys(fare.cabin for fare in event.fares)
    }
    return Flight(
        number=event.number,
        origin=event.origin,
        destination=event.destination,
        origin_zone=event.origin_zone,
        destination_zone=event.destination_zone,
        departs_at=event.departs_at,
        arrives_at=event.arrives_at,
        domestic=event.domestic,
        cabins=with_moves(cabins, event.moves),
        allocations=FrozenMap(),
        scheduled_departs_at=event.departs_at,
        latest_departs_at=event.departs_at,
        country=event.country,
        aircraft=event.aircraft,
        departure_terminal=event.departure_terminal,
        arrival_terminal=event.arrival_terminal,
    )


def _bucket(fare_class: FareClass) -> Bucket:
    return Bucket(
        code=fare_class.code,
        fare=fare_class.fare,
        seat_limit=fare_class.seat_limit,
        residue=fare_class.residue,
    )
