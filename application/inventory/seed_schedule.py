"""A week of departures for the demo: the printed timetable becomes commands.

Rules: pure, the same day and airports give the same commands; what the timetable says is the
local time at the airport of departure, and the instant follows from that airport's zone. The
carrier comes from the settings, whose default (Rimal Air, ZZ, accounting code 000) belongs to no
airline: a rehearsal must not look like somebody's real flight, nor its tickets like theirs.
"""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from application.inventory import seed_network
from application.inventory.airports import Airports
from application.inventory.schedule_flight import ScheduleFlight
from application.inventory.seed_network import Aircraft, FareLevel, Leg, Rotation
from application.policies import operating_rules
from domain.inventory.events import CapacityMove, FareClass, FlightScheduled
from domain.inventory.schedule import Authorisation
from domain.kernel import ids, money
from domain.policies.book import PolicyBook
from domain.policies.operating_values import Overbooking

DAY_COUNT = 7
# Thursday and Friday (ISO weekdays 4 and 5) are the days on which the home market leaves.
BUSY_DAYS = frozenset({4, 5})
BUSY_DAY_FARE_PERCENT = 110


def seed_schedule(
    *, today: dt.date, carrier: str, airports: Airports, book: PolicyBook, now: dt.datetime
) -> list[ScheduleFlight]:
    """Every departure of the seven days after `today`, by instant of departure.

    `today` is the calendar day in the accounting zone; the first departure then leaves more than
    an hour later, so that all of them are on sale. Days are local at each origin. `airports` must
    know those of the network. How many seats may be sold is what the book says `now`.
    """
    commands = [
        _command(
            leg,
            rotation.aircraft,
            day,
            carrier=carrier,
            airports=airports,
            authorised=_authorised(leg, airports, book, now),
        )
        for rotation in seed_network.ROTATIONS
        for leg, day in _departures(rotation, today)
    ]
    return sorted(commands, key=lambda command: (command.scheduled.departs_at, command.flight_id))


def _departures(rotation: Rotation, today: dt.date) -> Iterator[tuple[Leg, dt.date]]:
    """Each leg with its local day; a return follows its outbound day, also one before the week."""
    for offset in range(1, DAY_COUNT + 1):
        day = today + dt.timedelta(days=offset)
        if _operates(rotation, day):
            yield rotation.outbound, day
        if _operates(rotation, day - dt.timedelta(days=rotation.return_day_offset)):
            yield rotation.inbound, day


def _operates(rotation: Rotation, day: dt.date) -> bool:
    return str(day.isoweekday()) in rotation.days


def _authorised(leg: Leg, airports: Airports, book: PolicyBook, now: dt.datetime) -> Authorisation:
    route = operating_rules.between(airports[leg.origin], airports[leg.destination])
    return operating_rules.authorisation_of(book.value_in_force(Overbooking, route, at=now))


def _command(
    leg: Leg,
    aircraft: Aircraft,
    day: dt.date,
    *,
    carrier: str,
    airports: Airports,
    authorised: Authorisation,
) -> ScheduleFlight:
    origin, destination = airports[leg.origin], airports[leg.destination]
    number = f"{carrier}{leg.number}"
    layouts = (aircraft.economy, aircraft.business)
    seats = {each.cabin: authorised.seats(each.cabin, each.seat_count) for each in layouts}
    departs_at = departure_instant(day, leg.departs, zone=origin.zone)
    lowest = _fare_of_day(seed_network.economy_fare(leg), day)
    return ScheduleFlight(
        flight_id=ids.flight_stream(number, day.isoformat()),
        scheduled=FlightScheduled(
            number=number,
            origin=origin.code,
            destination=destination.code,
            origin_zone=origin.zone,
            destination_zone=destination.zone,
            departs_at=departs_at,
            arrives_at=departs_at + leg.block,
            domestic=origin.country == destination.country,
            country=origin.country,
            fares=tuple(
                _fare_class(level, lowest, seats[level.cabin]) for level in seed_network.FARE_LEVELS
            ),
            moves=tuple(CapacityMove(cabin, authorised=count) for cabin, count in seats.items()),
            layouts=layouts,
            aircraft=aircraft.code,
        ),
    )


def _fare_class(level: FareLevel, lowest: money.Money, seats: int) -> FareClass:
    limit = None if level.seat_percent is None else seats * level.seat_percent // 100
    return FareClass(
        code=level.code,
        cabin=level.cabin,
        fare=_percent(lowest, level.fare_percent),
        seat_limit=limit,
        residue=level.residue,
    )


def departure_instant(day: dt.date, local_time: dt.time, *, zone: str) -> dt.datetime:
    """The UTC instant at which the clocks of the zone show this time on this day.

    A time that the clocks skip in spring is read as if they had not (an hour later on them); of a
    time shown twice in autumn the first is meant.
    """
    local = dt.datetime.combine(day, local_time, tzinfo=ZoneInfo(zone))
    return local.astimezone(dt.UTC)


def _fare_of_day(fare: money.Money, day: dt.date) -> money.Money:
    return _percent(fare, BUSY_DAY_FARE_PERCENT) if day.isoweekday() in BUSY_DAYS else fare


def _percent(amount: money.Money, percent: int) -> money.Money:
    return money.round_to_charge_step(amount.amount * percent, 100, amount.currency)
