"""A departure is put on sale: what a schedule must be, and how many seats may be sold."""

from domain.inventory import rejections
from domain.inventory.events import FareClass, FlightEvent, FlightScheduled
from domain.inventory.state import Bucket, Cabin, Flight, with_moves
from domain.kernel import money
from domain.kernel.frozen_map import FrozenMap

CABINS = ("Y", "J")
# More seats are authorised than there are, for no-shows: percent of them, and a limit in seats.
OVERBOOKING_PERCENT = {"Y": 5, "J": 2}
OVERBOOKING_LIMIT = 10

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


def authorised_count(cabin: str, physical: int) -> int:
    """How many seats of a cabin may be sold, for a number of physical seats."""
    return physical + min(OVERBOOKING_LIMIT, physical * OVERBOOKING_PERCENT[cabin] // 100)


def require_valid_schedule(scheduled: FlightScheduled) -> None:
    """Cabins with classes, fares that can be charged and seats; otherwise InvalidSchedule."""
    cabins = list(dict.fromkeys(fare.cabin for fare in scheduled.fares))
    codes = [fare.code for fare in scheduled.fares]
    if not cabins or not set(cabins) <= set(CABINS) or len(set(codes)) != len(codes):
        raise rejections.InvalidSchedule(reason="cabins")
    if not all(money.is_chargeable(fare.fare) for fare in scheduled.fares):
        raise rejections.InvalidSchedule(reason="fare")
    if any(fare.residue == "credit" for fare in scheduled.fares):
        raise rejections.InvalidSchedule(reason="travel_credit")  # it could not be spent yet
    if len({fare.fare.currency for fare in scheduled.fares}) != 1:
        raise rejections.InvalidSchedule(reason="currency")
    seats = {move.cabin: move.authorised for move in scheduled.moves}
    opened = [(move.held, move.sold) == (0, 0) and move.authorised >= 0 for move in scheduled.moves]
    if len(seats) != len(scheduled.moves) or set(seats) != set(cabins) or not all(opened):
        raise rejections.InvalidSchedule(reason="seats")
    _require_valid_layouts(scheduled, seats)
    if scheduled.arrives_at <= scheduled.departs_at:
        raise rejections.InvalidSchedule(reason="times")


def _require_valid_layouts(scheduled: FlightScheduled, seats: dict[str, int]) -> None:
    """A seat map is of a known cabin, and no more is authorised than the rule allows."""
    for layout in scheduled.layouts:
        if layout.cabin not in seats or len(set(layout.letters)) != len(layout.letters):
            raise rejections.InvalidSchedule(reason="layout")
        if seats[layout.cabin] > authorised_count(layout.cabin, layout.seat_count):
            raise rejections.InvalidSchedule(reason="overbooking")


def schedule(flight: Flight | None, *, scheduled: FlightScheduled) -> list[FlightEvent]:
    """Put a departure on sale; idempotent, other facts are FlightAlreadyScheduled."""
    if flight is None:
        require_valid_schedule(scheduled)
        return [scheduled]
    fresh = first_state(scheduled)
    same = all(getattr(flight, name) == getattr(fresh, name) for name in SCHEDULE_FACTS)
    if not same or _on_offer(flight) != _on_offer(fresh):
        raise rejections.FlightAlreadyScheduled(flight=scheduled.number)
    return []


def _on_offer(flight: Flight) -> dict[str, object]:
    """Seats and classes of each cabin, whatever is held or sold of them."""
    return {
        code: (
            cabin.authorised_count,
            cabin.layout,
            tuple((each.code, each.fare, each.seat_limit, each.residue) for each in cabin.buckets),
        )
        for code, cabin in flight.cabins.items()
    }


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
    )


def _bucket(fare_class: FareClass) -> Bucket:
    return Bucket(
        code=fare_class.code,
        fare=fare_class.fare,
        seat_limit=fare_class.seat_limit,
        residue=fare_class.residue,
    )
